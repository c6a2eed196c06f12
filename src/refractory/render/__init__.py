"""Assessments and reports for people."""
