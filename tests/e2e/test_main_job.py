"""The main job, as a user lives it: the app runs, real programs come and go, and questions find them again.

No mocks: a real window manager, the real desktop app with its engine process, real programs, the real command line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest

from core.capture.recording import FACTS_FILE, Recorder
from core.capture.screen import screens
from core.capture.source import FrameSource
from core.config import CaptureConfig
from tests.e2e.scenes import QUESTIONS, SCENES, UNSEEN, WHEN, Question, Scene
from tests.helpers.desktop import VirtualDesktop, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LOOK = 4  # seconds for which somebody looks at a window before closing it
FIRST_RUN_PAGES = 4
PROVED = ("evidence", "both")  # both: the model's own words say nothing that the proof does not
READ = 120.0  # seconds within which the text of what was shown must have been read


@dataclass(frozen=True)
class Day:
    """What happened: the desktop, the app's home, and when each scene was on screen."""

    desktop: VirtualDesktop
    home: Path
    shown: dict[str, tuple[datetime, datetime]]
    recording: Path  # the scenes as pictures with their windows, for the replay

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.desktop.environment, "AFTERIMAGE_HOME": str(self.home)}
        command = [sys.executable, "-m", "ui.main", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def json(self, *arguments: str) -> dict[str, Any]:
        result = self.run(*arguments, "--json")
        assert result.returncode == 0, result.stdout + result.stderr
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer


def show(day: Day, scene: Scene, folder: Path, camera: FrameSource, recorder: Recorder) -> None:
    """One program on screen, looked at, and closed again; a picture a second is kept for the replay."""
    start = datetime.now(UTC)
    process = day.desktop.run(scene.command(folder), {"HOME": str(folder)})
    day.desktop.wait_for_window(scene.title)
    for _ in range(LOOK):
        time.sleep(1)  # a person reads; the recorder has to cope with whatever the time brings
        frame = camera.grab()
        assert frame is not None
        recorder.write(frame)
    day.desktop.close(process)
    day.shown[scene.name] = (start, datetime.now(UTC))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    with VirtualDesktop() as desktop, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPLAY", desktop.display)
        day = Day(desktop, folder / "home", {}, folder / "recording")
        app = desktop.run([sys.executable, "-m", "ui.main"], {"AFTERIMAGE_HOME": str(day.home)})
        desktop.focus(desktop.wait_for_window("Afterimage"))
        for _ in range(FIRST_RUN_PAGES):  # the last one asks for consent
            desktop.press("space")
        wait_until(lambda: day.json("status")["state"] == "recording", 60, "recording after the consent")
        (camera,), recorder = screens(CaptureConfig()), Recorder(day.recording)
        for scene in SCENES:
            show(day, scene, folder, camera, recorder)
        camera.close()
        wait_until(lambda: day.json("status")["unread_moments"] == 0, READ, "the text being read")
        yield day
        day.run("quit")
        desktop.close(app)


def ask(day: Day, question: str, *options: str) -> dict[str, Any]:
    return day.json("ask", question, *options)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text)
def test_the_answer_holds_the_string_and_its_moment_comes_first(day: Day, question: Question) -> None:
    answer = ask(day, question.text)
    assert [part for part in question.expected if part not in answer["answer"].lower()] == [], answer
    assert answer["from"] in PROVED
    first = answer["moments"][0]
    start, end = day.shown[question.scene]
    assert start <= datetime.fromisoformat(first["time"]) <= end + timedelta(seconds=1), first
    assert Path(first["image"]).stat().st_size > 0


def test_when_is_answered_with_the_time_it_was_on_screen(day: Day) -> None:
    answer = ask(day, WHEN.text)
    start, end = day.shown[WHEN.scene]
    minutes = {moment.astimezone().strftime("%H:%M") for moment in (start, end)}
    assert any(minute in answer["answer"] for minute in minutes), answer


def test_what_was_never_shown_was_not_seen(day: Day) -> None:
    answer = ask(day, UNSEEN)
    assert answer["from"] == "none"
    assert answer["moments"] == []
    assert "did not see" in answer["answer"].lower()


def test_the_recording_light_tells_the_truth(day: Day) -> None:
    assert day.run("pause").returncode == 0
    wait_until(lambda: day.json("status")["state"] == "paused", 5, "the pause")
    assert day.run("resume").returncode == 0
    wait_until(lambda: day.json("status")["state"] == "recording", 15, "recording again")


def video_of(recording: Path, path: Path) -> Path:
    """The pictures of a recording as a video, with the same facts beside it."""
    lines = [json.loads(line) for line in (recording / FACTS_FILE).read_text(encoding="utf-8").splitlines()]
    pictures = [cv2.imread(str(recording / line["file"])) for line in lines]
    assert pictures[0] is not None
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 1.0, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    facts = [{**line, "file": None, "index": index} for index, line in enumerate(lines)]
    path.with_name(path.name + ".jsonl").write_text(
        "".join(json.dumps(fact) + "\n" for fact in facts), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("kind", ["folder", "video"])
def test_a_replay_of_what_was_recorded_gives_the_same_answers(day: Day, kind: str, tmp_path: Path) -> None:
    path = day.recording if kind == "folder" else video_of(day.recording, tmp_path / "scenes.avi")
    questions = [question.text for question in QUESTIONS] + [UNSEEN]
    asked = [word for question in questions for word in ("--ask", question)]
    result = day.run("replay", str(path), *asked, "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    replayed = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["question"] for answer in replayed] == questions
    for question, answer in zip(QUESTIONS, replayed, strict=False):
        assert [part for part in question.expected if part not in answer["answer"].lower()] == [], answer
    live = [ask(day, question) for question in questions]
    # Whether the model finds words of its own may differ: it looks at pictures that were stored once more.
    assert [answer["from"] in PROVED for answer in replayed] == [answer["from"] in PROVED for answer in live]
    windows = [
        [answer["moments"][0]["window"] for answer in answers if answer["moments"]] for answers in (replayed, live)
    ]
    assert windows[0] == windows[1]
