"""Who is asking: bearer tokens of callers, signed tokens of CDS clients."""
