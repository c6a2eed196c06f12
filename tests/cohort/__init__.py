"""Cohorts: batches, files, runs."""
