"""What the model that ships answers from its memory alone: real programs on a real screen, the real engine process.

Held here is what it answers dependably; how often it is right altogether, ``tests.bench.memory_only`` measures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.client import connect
from app.paths import HOME_VARIABLE, paths_in
from tests.e2e.memory_scenes import NOT_SEEN, SCENES, show
from tests.helpers.desktop import VirtualDesktop, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LOADED = 60.0  # seconds
MISSES = (
    2  # of the codes: what is drawn when a window is first looked at differs from run to run, and with it a letter
)
REMEMBERED = [
    ("What was the commit?", "7fa91c"),
    ("What was the seat?", "23C"),
    ("Can you tell me my seat?", "23C"),
    ("What's the amount due?", "$213.50"),
    ("what was my job ID", "5107"),
    ("What was the membership ID?", "MB-30977"),
    ("whats my membership ID", "MB-30977"),
    ("remind me of the due date", "14 October"),
]
TITLES = [
    ("what was the xmessage window called", ("Front door", "Parcel station")),
    ("What was the title of the xterm window?", ("deploy harbor", "make anchor")),
]
NEVER_SHOWN = [
    "What was the invoice number?",
    "What was the voucher code?",
    "whats my policy number",
    "How much does the Heron ceiling lamp cost?",
]
Ask = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks the command line with memory-only, after programs came and went."""
    folder = tmp_path_factory.mktemp("memory")
    paths = paths_in(folder / "home")
    paths.prepare()
    with VirtualDesktop() as desktop, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", desktop.display)
        with connect(paths) as client:
            client.watch()
            wait_until(lambda: client.status().model_answers, LOADED, "the model being loaded")
            for scene in SCENES:
                show(desktop, client, scene, folder)

            def put(question: str) -> dict[str, Any]:
                command = [sys.executable, "-m", "ui.main", "ask", question, "--memory-only", "--json"]
                environment = {**desktop.environment, HOME_VARIABLE: str(folder / "home")}
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, timeout=60, check=True
                )
                answer: dict[str, Any] = json.loads(done.stdout)
                return answer

            yield put
            client.shutdown()


def test_codes_are_answered_to_the_letter_by_the_model_alone(ask: Ask) -> None:
    answers = [(ask(question), code) for question, code in REMEMBERED]
    wrong = [answer for answer, code in answers if answer["answer"] != code]
    assert len(wrong) <= MISSES, wrong
    for answer, _ in answers:
        assert answer["from"] == ("none" if answer["answer"] == NOT_SEEN else "memory")
        assert answer["moments"] == []


@pytest.mark.parametrize(("question", "titles"), TITLES)
def test_a_windows_title_is_answered_by_the_model_alone(ask: Ask, question: str, titles: tuple[str, ...]) -> None:
    answer = ask(question)
    assert any(title in answer["answer"] for title in titles), answer
    assert answer["from"] == "memory"


@pytest.mark.parametrize("question", NEVER_SHOWN)
def test_what_was_never_shown_was_not_seen_and_comes_from_no_memory(ask: Ask, question: str) -> None:
    answer = ask(question)
    assert (answer["answer"], answer["from"]) == (NOT_SEEN, "none")
