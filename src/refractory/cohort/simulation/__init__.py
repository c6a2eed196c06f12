"""Simulated cohorts: patients with a known truth, their records, and how much of the truth is found."""
