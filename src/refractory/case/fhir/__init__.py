"""FHIR R4 and R4B Bundles, read as cases by a mapping file. Nothing is fetched, and nothing is guessed."""
