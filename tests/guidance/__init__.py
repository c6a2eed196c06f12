"""Tests of what authors of guidance use."""
"""Tests of what guidance authors use: checks, golden cases, differences of versions, skeletons."""
