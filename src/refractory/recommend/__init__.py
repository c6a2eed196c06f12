"""Puts an answer together from what the reasoner derived. It concludes nothing itself."""
