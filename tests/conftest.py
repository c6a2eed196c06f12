"""What holds for the whole run: programs of altered knowledge do not fill the user's cache folder."""

from __future__ import annotations

import os
import tempfile

# Before anything of the package is asked for a program; each worker has a folder of its own.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="refractory-tests-")
