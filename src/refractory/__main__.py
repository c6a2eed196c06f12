"""Lets `python -m refractory` be the command."""

import sys

from refractory.cli import main

sys.exit(main())
