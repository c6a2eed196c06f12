"""The service: HTTP for systems, in one process that computes nothing; the work is done by others that can be ended."""
