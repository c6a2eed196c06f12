"""Tests of what authors of guidance use."""
