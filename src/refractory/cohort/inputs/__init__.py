"""Inputs of a cohort: files of several formats, read record by record with bounded memory, always in the same order."""
