"""The command line with the real engine, model and text recognition behind it; nothing on a screen but pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers.screens import picture_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SHOWN = ("The invoice number is 884213", "Meeting with Anna at 15:30", "The red chair costs 249 euro")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    folder = tmp_path / "recording \u202e \x1b[31m"
    folder.mkdir()
    for number, text in enumerate(SHOWN):
        Image.fromarray(picture_of(text)).save(folder / f"{number}.png")
    return folder


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(
        [sys.executable, "-m", "ui.main", *arguments],
        env={**environment, "AFTERIMAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def lines_of(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def temporary_homes() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("afterimage-replay-*"))


def test_a_replayed_folder_is_asked_about_and_leaves_nothing_behind(tmp_path: Path, recording: Path) -> None:
    home, before = tmp_path / "home", temporary_homes()
    questions = ("--ask", "what is the invoice number?", "--ask", "how much is the red chair?", "--ask", "who won?")
    invoice, chair, unseen = lines_of(run(home, "replay", str(recording), "--fps", "0.2", *questions, "--json"))
    assert "884213" in invoice["answer"]
    assert "249" in chair["answer"]
    assert (unseen["from"], unseen["moments"]) == ("none", [])
    apart = datetime.fromisoformat(chair["moments"][0]["time"]) - datetime.fromisoformat(
        invoice["moments"][0]["time"]
    )
    assert apart.total_seconds() == 10
    assert invoice["moments"][0]["image"] is None
    assert temporary_homes() == before
    assert json.loads(run(home, "status", "--json").stdout)["state"] == "not_running"


def test_a_replay_that_is_kept_can_be_asked_about_without_a_running_engine(tmp_path: Path, recording: Path) -> None:
    home = tmp_path / "home"
    (summary,) = lines_of(run(home, "replay", str(recording), "--fps", "0.2", "--keep", "--json"))
    assert (summary["frames"], summary["moments"]) == (3, 3)
    assert run(home, "quit").returncode == 0
    try:
        (answer,) = lines_of(run(home, "ask", "what is the invoice number?", "--json"))
        assert "884213" in answer["answer"]
        assert Path(answer["moments"][0]["image"]).is_file()
        assert json.loads(run(home, "forget", "--all", "--yes", "--json").stdout) == {"moments": 3}
        (answer,) = lines_of(run(home, "ask", "what is the invoice number?", "--json"))
        assert answer["from"] == "none"
    finally:
        run(home, "quit")
    words = (home / "log" / "engine.log").read_text() + (home / "log" / "engine.stderr").read_text()
    assert "884213" not in words
    assert "invoice" not in words
    for path in (home / "data").rglob("*"):
        if path.is_file():
            assert b"884213" not in path.read_bytes(), path


def test_a_recording_that_is_none_is_refused_with_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.avi"
    broken.write_bytes(os.urandom(5000))
    for path in (broken, tmp_path, tmp_path / "missing"):
        result = run(tmp_path / "home", "replay", str(path))
        assert result.returncode == 1
        assert result.stderr
        assert "Traceback" not in result.stderr
