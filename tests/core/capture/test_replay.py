"""Recordings: order, times and facts of what is replayed, and what becomes of damaged ones."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.capture.recording import FACTS_FILE, Recorder
from core.capture.replay import read_picture, replay
from core.capture.source import EndOfSource, FrameSource
from core.config import GateConfig, PrivacyRules
from core.errors import DiskFullError, InputError
from core.frame import Frame, Pixels, Rect
from core.gate import Change, Gate, Refusal
from tests.helpers.frames import START, blank, frame, text, window


def everything(source: FrameSource) -> list[Frame]:
    frames: list[Frame] = []
    try:
        while True:
            taken = source.grab()
            assert taken is not None
            frames.append(taken)
    except EndOfSource:
        return frames
    finally:
        source.close()


def save(folder: Path, name: str, level: int = 0) -> Path:
    path = folder / name
    Image.fromarray(blank(20, 10, level)).save(path)
    return path


def levels(frames: list[Frame]) -> list[int]:
    return [int(f.pixels[0, 0, 0]) for f in frames]


def film(path: Path, frames: int = 40, rate: float = 20.0, size: tuple[int, int] = (64, 48)) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
    for n in range(frames):
        writer.write(np.full((size[1], size[0], 3), 5 * n % 256, np.uint8))
    writer.release()
    return path


# --- folders --------------------------------------------------------------------------------------------------------


def test_pictures_come_in_the_order_a_person_would_name(tmp_path: Path) -> None:
    for level, name in enumerate(["a10.png", "a2.webp", "a1.bmp", "B1.png"]):
        save(tmp_path, name, 10 * level)
    save(tmp_path, ".hidden.png", 200)
    (tmp_path / "notes.txt").write_text("no picture")
    assert levels(everything(replay(tmp_path))) == [20, 10, 0, 30]


def test_times_start_where_told_and_go_by_the_rate(tmp_path: Path) -> None:
    for n in range(4):
        save(tmp_path, f"{n}.png")
    frames = everything(replay(tmp_path, fps=2.0, start=START))
    assert [f.time for f in frames] == [START + timedelta(seconds=n / 2) for n in range(4)]
    assert [f.monotonic for f in frames] == [0, 0.5, 1, 1.5]
    assert {f.source for f in frames} == {f"replay:{tmp_path.name}"}


def test_without_anything_told_the_files_own_time_counts(tmp_path: Path) -> None:
    path = save(tmp_path, "one.png")
    os.utime(path, (START.timestamp(),) * 2)
    source = replay(path)
    assert not source.live
    assert [f.time for f in everything(source)] == [START]


def test_facts_beside_the_pictures_give_times_and_windows(tmp_path: Path) -> None:
    save(tmp_path, "a.png", 1)
    save(tmp_path, "b.png", 2)
    said = {"file": "b.png", "time": "2026-03-02T10:00:00+01:00", "windows": [
        {"title": "make \x1b\u202e", "application": "xterm", "pid": 7, "rect": [2, 2, 9, 5], "focused": True},
        {"title": "elsewhere", "application": "x", "pid": None, "rect": [500, 500, 9, 5]},
    ]}  # fmt: skip
    lines = [json.dumps(said), "{broken", json.dumps({"file": "a.png", "time": "2026-03-02T09:00:10Z"}), '{"file": 1']
    (tmp_path / FACTS_FILE).write_text("\n".join(lines))
    source = replay(tmp_path)
    first, second = everything(source)
    assert (first.pixels[0, 0, 0], second.pixels[0, 0, 0]) == (2, 1)  # in the order of the facts
    assert first.time == START
    assert (second.time, second.monotonic) == (START + timedelta(seconds=10), 10.0)
    assert [w.application for w in first.windows] == ["xterm"]
    assert first.active is not None
    assert "2 lines" in source.notice  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "line",
    [
        '{"file": "a.png", "windows": [{"rect": [0, 0, -5, 5]}]}',
        '{"file": "a.png", "windows": [{"rect": [0, 0]}]}',
        '{"file": "a.png", "windows": 5}',
        '{"file": "a.png", "monotonic": "NaN"}',
        '{"file": "a.png", "time": "yesterday"}',
        '{"file": "a.png", "monitor": {"rect": [0, 0, 1e400, 5]}}',
        "[" * 100_000,
        "null",
    ],
)
def test_a_line_of_facts_that_makes_no_sense_is_left_out(tmp_path: Path, line: str) -> None:
    save(tmp_path, "a.png")
    (tmp_path / FACTS_FILE).write_text(line)
    assert len(everything(replay(tmp_path))) == 1


def test_a_clock_set_back_in_a_recording_never_makes_time_run_backwards(tmp_path: Path) -> None:
    times = ["2026-03-02T09:00:00Z", "2026-03-02T09:00:05Z", "2026-03-02T08:00:00Z", "2026-03-02T08:00:02Z"]
    for n, time in enumerate(times):
        save(tmp_path, f"{n}.png")
        with (tmp_path / FACTS_FILE).open("a") as file:
            file.write(json.dumps({"file": f"{n}.png", "time": time}) + "\n")
    frames = everything(replay(tmp_path))
    assert [f.monotonic for f in frames] == [0, 5, 6, 8]
    assert frames[2].time == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_damaged_pictures_are_skipped_and_counted(tmp_path: Path) -> None:
    good = save(tmp_path, "1.png", 9)
    (tmp_path / "2.png").write_bytes(good.read_bytes()[:40])
    (tmp_path / "3.png").write_bytes(b"")
    (tmp_path / "4.jpg").write_bytes(os.urandom(500))
    (tmp_path / "5.webp").write_bytes(b"RIFF\x10\x00\x00\x00WEBPVP8 ")
    source = replay(tmp_path)
    assert len(everything(source)) == 1
    assert source.notice == "4 of 5 pictures could not be read and were left out."  # type: ignore[attr-defined]


def test_a_folder_with_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="None of the pictures"):
        replay(tmp_path).grab()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        replay(tmp_path / "empty")


def test_a_picture_too_large_to_be_meant_is_skipped(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "1.png")
    assert read_picture(tmp_path / "1.png") is None


def test_kinds_of_pictures_become_plain_colour(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("P", (4, 4), 3).save(tmp_path / "palette.gif")
    Image.new("L", (4, 4), 77).save(tmp_path / "grey.png")
    Image.new("CMYK", (4, 4)).save(tmp_path / "print.jpg")
    shapes = {f.pixels.shape for f in everything(replay(tmp_path))}
    assert shapes == {(4, 4, 3)}
    clear = read_picture(tmp_path / "clear.png")
    assert clear is not None
    assert clear.min() == 255  # what is clear is white


def test_file_names_of_any_kind_make_a_name_fit_to_show(tmp_path: Path) -> None:
    folder = tmp_path / "we\x1b[31mird\u202e\n名"
    folder.mkdir()
    save(folder, "a\n%d .png")
    name = replay(folder).name
    assert name.isprintable()
    assert "名" in name
    raw = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.mkdir(raw)  # noqa: PTH102 - a name that is no text
    save(Path(os.fsdecode(raw)), "a.png")
    replay(Path(os.fsdecode(raw))).name.encode()


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        replay(tmp_path, fps)


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        replay(tmp_path / "missing")


# --- videos ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["film.avi", "100%d déjà\n名.avi"])
def test_a_video_is_thinned_to_four_frames_a_second(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / "film.avi").rename(tmp_path / name)
    frames = everything(replay(path, start=START))
    assert [round(f.monotonic, 2) for f in frames] == [0.25 * n for n in range(8)]
    assert [f.time for f in frames] == [START + timedelta(seconds=f.monotonic) for f in frames]
    assert all(abs(level - 25 * n) <= 4 for n, level in enumerate(levels(frames)))


def test_a_video_can_be_taken_at_another_rate(tmp_path: Path) -> None:
    assert len(everything(replay(film(tmp_path / "film.avi"), fps=1.0))) == 2
    assert len(everything(replay(film(tmp_path / "film.avi"), fps=1000.0))) == 40


def test_facts_beside_a_video_hold_until_the_next_ones(tmp_path: Path) -> None:
    path = film(tmp_path / "film.avi")
    title = {"application": "x", "rect": [0, 0, 64, 48]}
    lines = [
        {"index": 0, "time": START.isoformat(), "windows": [{**title, "title": "one"}]},
        {"index": 12, "windows": [{**title, "title": "two"}]},
    ]
    (tmp_path / "film.avi.jsonl").write_text("\n".join(map(json.dumps, lines)))
    frames = everything(replay(path))
    assert [f.windows[0].title for f in frames] == ["one"] * 3 + ["two"] * 5
    assert frames[-1].time == START + timedelta(seconds=frames[-1].monotonic)


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100, b"RIFF\x00\x00\x00\x00AVI LIST"])
def test_a_file_that_is_no_video_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.avi"
    path.write_bytes(content)
    with pytest.raises(InputError):
        replay(path).grab()


def test_a_video_cut_short_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    path = film(tmp_path / "film.avi", frames=400)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    source = replay(path)
    assert 0 < len(everything(source)) < 80
    assert "damaged" in source.notice  # type: ignore[attr-defined]


def test_a_playlist_dressed_up_as_a_video_reaches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError):
        replay(path).grab()


# --- recording ------------------------------------------------------------------------------------------------------


def scene(seconds: float) -> Pixels:
    pixels = text(blank(), 30, 30, seed=int(seconds), width=200)
    if seconds > 3:
        pixels = text(pixels, 300, 200, seed=int(seconds * 4), width=150, height=100)
    return pixels


def test_a_recording_gives_the_same_changes_as_live_capture_did(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r")
    live, again = (Gate(GateConfig(), PrivacyRules()) for _ in range(2))
    terminal = window("xterm", Rect(0, 0, 300, 420), "a\u202eb", focused=True, opaque=False, names=("x",))
    frames = [frame(scene(n / 4), 100 + n / 4, [terminal], origin=(50, 0)) for n in range(60)]
    seen_live = [live.judge(f) for f in frames]
    for f in frames:
        recorder.write(f)
    seen_again = [again.judge(f) for f in everything(replay(tmp_path / "r"))]
    assert sum(isinstance(v, Change) for v in seen_live) > 5
    assert len(seen_again) == len(seen_live)
    for one, other in zip(seen_live, seen_again, strict=True):
        if isinstance(one, Refusal):
            assert one is other
            continue
        assert isinstance(other, Change)
        assert one.regions == other.regions
        assert (one.first, one.share, one.frame.time) == (other.first, other.share, other.frame.time)
        assert (one.frame.pixels == other.frame.pixels).all()
        assert (one.frame.windows, one.frame.monitor) == (other.frame.windows, other.frame.monitor)


def test_two_monitors_in_one_recording_stay_apart(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for n in range(4):
        recorder.write(frame(blank(level=n), n, source=f"screen:{n % 2}"))
    assert len({f.source for f in everything(replay(tmp_path))}) == 2


def test_recording_goes_on_after_what_is_there(tmp_path: Path) -> None:
    Recorder(tmp_path).write(frame(blank(), 0))
    Recorder(tmp_path).write(frame(blank(), 1))
    assert len(everything(replay(tmp_path))) == 2


def test_a_full_disk_is_told_as_such_and_leaves_no_half_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    recorder = Recorder(tmp_path)
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(DiskFullError):
        recorder.write(frame(blank()))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        Recorder(tmp_path / "file" / "below")
