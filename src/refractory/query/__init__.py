"""Answers SPARQL questions about the knowledge and about one case; reads, and never reaches outside."""
