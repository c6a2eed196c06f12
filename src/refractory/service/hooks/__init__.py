"""CDS Hooks: a call in, cards out."""
