"""Knowledge and answers as RDF files that any triple store loads."""
