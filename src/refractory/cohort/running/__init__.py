"""Runs of cohorts on this machine: chunks, workers, parts and checkpoints."""
