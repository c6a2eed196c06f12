"""The knowledge as pages."""
# ruff: noqa: A005  # Only `tests.site` is ever imported; the folder of tests is on no path of its own.
