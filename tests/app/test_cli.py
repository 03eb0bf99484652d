"""The command line as people and programs use it, against an engine that speaks the real protocol."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.cli import cli, main
from app.client import connect
from app.paths import HOME_VARIABLE, Paths
from app.protocol import Forget, MomentInfo, Pause, Status
from tests.helpers.fake_engine import FakeEngine, Script

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PROOF = MomentInfo(
    id=7, time=NOON, source="screen:1", application="XTerm", window="make\x1b[31m\u202e", picture="/somewhere/7.webp"
)
FOUND = Script(pieces=("error ", "E4711"), origin="both", moments=(PROOF,))


@pytest.fixture(autouse=True)
def home(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.home is not None
    monkeypatch.setenv(HOME_VARIABLE, str(paths.home))


@pytest.fixture
def engine(paths: Paths) -> Iterator[FakeEngine]:
    engine = FakeEngine(paths, Status(state="recording", frames_seen=12, model="nano", device="cpu"))
    yield engine
    engine.close()


def told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(list(arguments)) == status
    return capsys.readouterr().out


def told_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(told(capsys, *arguments, "--json"))


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(cli.commands) >= {
        *("watch", "ask", "replay", "status", "pause", "resume", "forget"),
        *("models", "settings", "bench", "doctor", "quit"),
    }
    for name, command in cli.commands.items():
        assert command.help
        assert name in told(capsys, name, "--help")


def test_an_answer_in_json_has_the_promised_form(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.script = FOUND
    answer = told_json(capsys, "ask", "which error?")
    assert (answer["answer"], answer["from"]) == ("error E4711", "both")
    (moment,) = answer["moments"]
    assert moment["image"] == "/somewhere/7.webp"
    assert moment["source"] == "screen:1"
    assert moment["window"] == PROOF.window
    assert datetime.fromisoformat(moment["time"]) == NOON
    assert isinstance(answer["timings_ms"], dict)


def test_an_answer_for_people_cannot_act_on_their_terminal(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.script = FOUND
    out = told(capsys, "ask", "which error?")
    assert out.startswith("error E4711\n")
    assert "XTerm" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_a_failure_is_a_sentence_and_what_to_do(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.script = Script(failure=("The question is too long.", "Shorten it."))
    assert main(["ask", "x"]) == 1
    assert capsys.readouterr().err == "The question is too long.\nShorten it.\n"


def test_the_status_of_a_running_engine(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    status = told_json(capsys, "status")
    assert (status["state"], status["frames_seen"], status["model"]) == ("recording", 12, "nano")
    for key in ("tokens_seen", "state_bytes", "last_frame_age_s"):
        assert key in status
    assert told(capsys, "status").startswith("recording\n")


def test_without_an_engine_the_status_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert told_json(capsys, "status")["state"] == "not_running"
    assert "No engine" in told(capsys, "status")
    assert "No engine" in told(capsys, "quit")
    assert "Nothing is being recorded" in told(capsys, "pause", "10m")
    assert main(["resume"]) == 1


def test_pausing_and_forgetting_reach_the_engine(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "pause", "10m")
    told(capsys, "resume")
    told(capsys, "forget", "--last", "10m")
    told(capsys, "forget", "--since", "2026-03-02T12:00:00+00:00")
    told(capsys, "forget", "--all", "--yes")
    pauses = [request.seconds for request in engine.requests if isinstance(request, Pause)]
    forgotten = [(request.start, request.last_s) for request in engine.requests if isinstance(request, Forget)]
    assert pauses == [600]
    assert forgotten == [(None, 600), (NOON, None), (None, None)]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What the user answers when asked back."""
    return lambda words: monkeypatch.setattr("sys.stdin", io.StringIO(words))


def orders(engine: FakeEngine) -> list[tuple[datetime | None, datetime | None, tuple[int, ...]]]:
    return [(order.start, order.end, order.moments) for order in engine.requests if isinstance(order, Forget)]


SPAN = ("forget", "--since", "2026-03-02T12:00:00+00:00", "--end", "2026-03-02T13:00:00+00:00")


def test_a_span_is_forgotten_once_the_user_heard_what_goes(
    engine: FakeEngine, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    engine.add_moment(PROOF, b"")
    engine.add_moment(PROOF.model_copy(update={"id": 8, "time": NOON + timedelta(hours=2)}), b"")
    typed("y\n")
    assert main(list(SPAN)) == 0
    captured = capsys.readouterr()
    assert captured.out == "Forgotten: 1 moment.\n"
    assert "cannot unlearn single moments" in captured.err
    assert ": 1 moment? [y/N]" in captured.err
    assert orders(engine) == [(NOON, NOON + timedelta(hours=1), ())]
    told(capsys, "forget", "--end", "2026-03-02T13:00:00+00:00", "--yes")
    assert orders(engine)[-1] == (None, NOON + timedelta(hours=1), ())


def test_single_moments_are_forgotten_and_what_was_not_there_is_told(
    engine: FakeEngine, typed: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    engine.add_moment(PROOF, b"")
    typed("y\n")
    assert main(["forget", "--moment", "7", "--moment", "900"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "Forgotten: 1 moment.\n"
    assert "Delete 2 moments?" in captured.err
    assert "1 moment of those named" in captured.err
    assert orders(engine) == [(None, None, (7, 900))]
    assert told_json(capsys, "forget", "--moment", "7", "--yes") == {"moments": 0}


@pytest.mark.parametrize("arguments", [SPAN, ("forget", "--moment", "7"), ("forget", "--all")])
@pytest.mark.parametrize("words", ["n\n", "\n", ""], ids=["no", "enter", "nobody there"])
def test_nothing_is_forgotten_without_a_yes(
    engine: FakeEngine,
    typed: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    typed(words)
    assert main(list(arguments)) == 1
    assert orders(engine) == []
    error = capsys.readouterr().err
    assert "Nothing was forgotten" in error
    assert ("--yes" in error) == (words == "")


class Terminal(io.StringIO):
    """Somebody who can be asked."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("forget", "--last", "90m"), "Delete what was seen in the last 1h30m?"),
        (("forget", "--since", "2026-03-02T12:00:00+00:00"), ": 1 moment?"),
    ],
)
@pytest.mark.parametrize("words", ["y\n", "\n"], ids=["yes", "enter"])
def test_whoever_sits_at_a_terminal_is_asked_about_the_last_hours_too(
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    question: str,
    words: str,
) -> None:
    engine.add_moment(PROOF, b"")
    monkeypatch.setattr("sys.stdin", Terminal(words))
    assert main(list(arguments)) == (0 if words == "y\n" else 1)
    assert question in capsys.readouterr().err
    assert len(orders(engine)) == (words == "y\n")
    monkeypatch.setattr("sys.stdin", Terminal(""))
    told(capsys, *arguments, "--yes")


def test_an_answer_names_the_numbers_that_its_moments_are_forgotten_by(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.script = FOUND
    assert "\n       7  2026-03-02" in told(capsys, "ask", "which error?")


@pytest.mark.parametrize(
    "arguments",
    [
        ["forget"],
        ["forget", "--all", "--last", "1h"],
        ["forget", "--last", "1h", "--end", "2026-03-02T12:00"],
        ["forget", "--moment", "7", "--since", "2026-03-02T12:00"],
        ["forget", "--moment", "seven"],
        ["forget", "--last", "soon"],
        ["pause", "soon"],
        ["nonsense"],
        ["watch", "--seconds", "0"],
        ["ask"],
    ],
)
def test_wrong_usage_is_status_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["forget", "--since", "yesteryear"],
        ["forget", "--since", "2026-03-02T12:00", "--end", "2026-03-02T11:00"],
        ["replay", "/no/such/\x1b[2J\u202efile"],
        ["settings", "get", "privacy.titels"],
        ["settings", "set", "capture.busy_rate", "fast"],
        ["models", "get", "../../etc"],
        ["models", "get", "nano"],
        ["models", "verify", "../.."],
        ["models", "verify", "nothing"],
    ],
)
def test_what_cannot_be_done_is_status_one_and_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error
    assert "Traceback" not in error
    assert "\x1b" not in error


def test_debug_shows_where_an_error_comes_from() -> None:
    with pytest.raises(Exception, match="no setting"):
        main(["--debug", "settings", "get", "x"])


def test_settings_without_an_engine_are_written_to_the_file(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "settings", "set", "privacy.applications", "diary, bank*")
    assert told(capsys, "settings", "get", "privacy.applications") == '["diary", "bank*"]\n'
    rows = told_json(capsys, "settings")
    assert {"name", "value", "default", "type", "description"} == set(rows[0])
    assert str(paths.settings) in told(capsys, "settings", "path")


def test_a_broken_settings_file_is_told_beside_the_answer(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    paths.settings.write_text("[")
    assert main(["settings", "get", "model.device"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "auto\n"
    assert "damaged" in captured.err


def test_the_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = told_json(capsys, "models", "list")
    assert [row["name"] for row in rows if row["chosen"]] == ["nano"]
    assert "infinitevl" in told(capsys, "models", "list")


def test_the_doctor_names_what_is_missing_and_how_to_mend_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "MISS  screen" in out
    assert "->" in out
    assert main(["doctor", "--json"]) == 1
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"subject", "state", "message", "remedy"} == set(findings[0])


def test_an_interrupt_is_told_and_status_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.client.connect", interrupted)
    assert main(["status"]) == 130
    assert "Interrupted" in capsys.readouterr().err


def test_the_light_modules_load_nothing_heavy() -> None:
    code = (
        "import sys, app.cli, app.client, app.supervise, app.settings\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'cv2', 'PIL', 'sqlite_utils', 'psutil', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.e2e
def test_without_a_display_watching_says_why_and_what_to_do(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    try:
        out = told(capsys, "watch", "--seconds", "6")
        assert "no_source: There is no screen" in out
    finally:
        with connect(paths, start=False) as client:
            client.shutdown()
