"""Checks of encoded guidance against the text that it encodes."""
