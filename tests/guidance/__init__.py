"""Tests of what guidance authors use: checks, golden cases, differences of versions, skeletons."""
