"""The command line. Only click is imported before a command runs, so that help comes at once."""

from refractory.cli.main import main

__all__ = ["main"]
