"""What holds for every test: property tests draw the same examples each time and leave nothing behind."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("afterimage", derandomize=True, deadline=None, database=None)
settings.load_profile("afterimage")
