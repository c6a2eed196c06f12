"""What a table of mutations says of a mutation: rows as evidence, one call for each drug, facts for a case."""
