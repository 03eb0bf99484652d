"""What the tests of app/ share: a home of their own, and a session that is quick and remembers what it saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.paths import Paths, paths_in


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = paths_in(tmp_path / "home")
    paths.prepare()
    return paths
