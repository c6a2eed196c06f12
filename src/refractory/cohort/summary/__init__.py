"""What a cohort comes to: counts, flow, comparison, and the report with its pictures."""
