"""Measures the engine and its peers; nothing here is asserted, and nothing here is shipped."""
