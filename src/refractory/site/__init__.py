"""The knowledge as pages to browse, from the graph alone: terms, sources with their lines, rules, queries, shapes."""
