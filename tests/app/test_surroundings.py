"""What the settings may be told about windows and monitors, and what stays where it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.client import Client, connect
from app.connection import RequestFailedError
from app.desk import Desk
from app.paths import Paths
from app.server import Server
from app.service import Service
from tests.helpers.screens import FakeScreen, FakeSurroundings
from tests.helpers.sessions import NotingSession


class Hidden(FakeSurroundings):
    """A desktop that does not tell its windows."""

    def windows(self) -> None:
        return None


@pytest.fixture
def surroundings() -> FakeSurroundings:
    return FakeSurroundings()


@pytest.fixture
def client(paths: Paths, surroundings: FakeSurroundings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr("core.session.open_session", lambda *_, **__: NotingSession())
    service = Service(paths, FakeScreen(), threading.Event())
    service.start(resume=False)
    desk = Desk(service, lambda: None, paths, surroundings)
    server = Server(paths, desk.answer)
    with connect(paths, start=False) as client:
        yield client
    desk.close()
    server.close()
    service.stop()


def rules(client: Client, **draft: tuple[str, ...]) -> dict[str, str]:
    return {window.application: window.rule for window in client.windows(**draft).windows}  # type: ignore[arg-type]


def test_the_rules_in_force_are_shown_by_the_window_they_hide(client: Client) -> None:
    assert rules(client) == {"KeePassXC": "application keepass*", "Firefox": "", "Mousepad": ""}


def test_a_rule_is_tried_before_it_is_kept(client: Client) -> None:
    tried = rules(client, titles=(r"\bbank\b",))
    assert tried["Firefox"] == r"title \bbank\b"
    assert rules(client)["Firefox"] == ""
    assert rules(client, applications=("mouse*",)) == {
        "KeePassXC": "",
        "Firefox": "",
        "Mousepad": "application mouse*",
    }


def test_the_title_of_an_excluded_window_stays_in_the_engine_whatever_rules_are_tried(client: Client) -> None:
    for draft in ({}, {"applications": ()}):
        told = client.windows(**draft).windows  # type: ignore[arg-type]
        assert [window.title for window in told] == ["", "Statement - My Bank", "notes.txt"]


def test_the_programs_own_windows_are_not_listed(client: Client) -> None:
    assert "afterimage" not in rules(client)


def test_a_pattern_that_is_none_is_refused_with_a_reason(client: Client) -> None:
    with pytest.raises(RequestFailedError, match="not a regular expression"):
        client.windows(titles=("(",))


@pytest.mark.parametrize("surroundings", [Hidden()])
def test_a_desktop_that_does_not_tell_its_windows_is_told_from_an_empty_one(client: Client) -> None:
    assert not client.windows().listed


def test_monitors_are_told_each_at_its_own_scale(client: Client) -> None:
    told = [(monitor.name, monitor.rect, monitor.scale) for monitor in client.monitors()]
    assert told == [("DP-1", (0, 0, 1920, 1080), 1.0), ("eDP-1", (1920, 0, 2560, 1600), 2.0)]


def test_models_are_told_with_what_chooses_them(client: Client) -> None:
    told = {model.name: model for model in client.models()}
    assert (told["nano"].path, told["nano"].chosen, told["nano"].published) == ("", True, False)
    assert (told["infinitevl"].present, told["infinitevl"].published) == (False, True)
