"""The desktop app on a real screen, for the tests of this folder that want one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.client import connect
from app.paths import HOME_VARIABLE, paths_in
from core.errors import AfterimageError
from tests.e2e.desktop_app import App
from tests.helpers.desktop import VirtualDesktop


@pytest.fixture
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[App]:
    """The parameter, where there is one: environment variables of the app's."""
    paths = paths_in(tmp_path / "home")
    with VirtualDesktop() as desktop:
        file = tmp_path / "shown.json"
        process = desktop.run(
            [sys.executable, "-m", "tests.helpers.watched_desktop", str(file)],
            {HOME_VARIABLE: str(tmp_path / "home"), **getattr(request, "param", {})},
        )
        yield App(desktop, paths, process, file)
        if process.poll() is None:
            desktop.close(process)
        try:
            with connect(paths, start=False) as client:
                client.shutdown()
        except AfterimageError:
            pass  # it is gone already, as it should be
