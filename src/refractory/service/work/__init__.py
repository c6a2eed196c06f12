"""The work: what goes to the processes that do it, and how they are kept and ended."""
