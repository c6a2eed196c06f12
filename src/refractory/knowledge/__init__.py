"""Loads what is not Python: ontology, rules, queries, shapes, schemas."""
