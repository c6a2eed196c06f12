"""Says why a conclusion holds, or why it does not: sentences, trees, JSON, RDF and drawings, all from one proof."""
