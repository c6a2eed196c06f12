"""Cohorts: the question of one case asked of many, as a function from a batch of cases to a batch of answers."""
