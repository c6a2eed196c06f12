"""The machine that concludes: rules read from SPARQL, strata computed, and the reasoners that run them."""
