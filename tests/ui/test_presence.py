"""The light tells the truth: about the engine's state, and about not knowing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from app.protocol import Recording, Status
from ui.presence import Light, Link, presence


@pytest.mark.parametrize("state", get_args(Recording))
def test_every_state_has_a_light_and_words(state: Recording) -> None:
    shown = presence(Link.CONNECTED, Status(state=state))
    assert shown.title
    assert (shown.light is Light.RECORDING) == (state == "recording")


@pytest.mark.parametrize("link", [link for link in Link if link is not Link.CONNECTED])
def test_without_a_sound_connection_nothing_claims_to_record(link: Link) -> None:
    shown = presence(link, Status(state="recording"))
    assert shown.light is not Light.RECORDING
    assert not shown.can_pause


def test_the_engines_reason_is_shown_without_control_characters() -> None:
    shown = presence(Link.CONNECTED, Status(state="excluded", reason="Rule \u202e'bank' is visible\n"))
    assert shown.detail == "Rule 'bank' is visible"


def test_a_pause_says_when_it_ends() -> None:
    until = datetime(2026, 5, 20, 12, 30, tzinfo=UTC)
    assert "30" in presence(Link.CONNECTED, Status(state="paused", paused_until=until)).detail
    assert presence(Link.CONNECTED, Status(state="paused")).detail == "It goes on when you resume."


def test_a_graphics_card_being_prepared_is_told_whatever_the_recording_does() -> None:
    shown = presence(Link.CONNECTED, Status(state="recording", preparing=0.425))
    assert (shown.light, shown.detail) == (Light.RECORDING, "")
    assert shown.sentence.startswith("Recording. Preparing the graphics card: 42 %. ")
    paused = presence(Link.CONNECTED, Status(state="paused", preparing=0.0))
    assert paused.sentence.startswith("Paused. It goes on when you resume. Preparing the graphics card: 0 %. ")
    assert presence(Link.CONNECTED, Status(state="recording")).preparing == ""
