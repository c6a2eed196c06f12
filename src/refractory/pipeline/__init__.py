"""The pipeline: case, validate, reason, recommend; and the knowledge base that holds it together."""
