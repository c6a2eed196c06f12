"""The audit log: append-only, each line chained to the one before."""
