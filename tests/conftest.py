"""What holds for every test: property tests draw the same examples each time and leave nothing behind."""

from __future__ import annotations

import os

from hypothesis import settings

# Tests read English, and so do the programs that they start, whatever this machine speaks.
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("LANGUAGE", None)

settings.register_profile("afterimage", derandomize=True, deadline=None, database=None)
settings.load_profile("afterimage")
