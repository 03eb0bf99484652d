from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import TimelineConfig
from core.errors import DiskFullError
from core.frame import Rect
from core.gate import Change, ChangedRegion
from core.timeline.pictures import decode
from core.timeline.store import DATABASE, Timeline
from tests.core.timeline.views import SIZE, as_lines, at, change, drawn, frame, window


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    opened = Timeline(tmp_path, TimelineConfig())
    yield opened
    opened.close()


def stored_files(folder: Path) -> list[Path]:
    return [file for file in (folder / "pictures").rglob("*") if file.is_file()]


def test_a_change_becomes_a_moment_with_its_window_and_picture(timeline: Timeline) -> None:
    (moment,) = timeline.add(change(["hello"], 0))
    assert (moment.application, moment.title, moment.source) == ("editor", "notes", "screen:one")
    assert moment.time == at(0)
    assert moment.ended is None
    assert moment.text == ""
    picture = timeline.picture(moment.id)
    assert picture is not None
    assert decode(picture).shape == (SIZE[1], SIZE[0], 3)
    thumbnail = timeline.thumbnail(moment.id)
    assert thumbnail is not None
    assert max(decode(thumbnail).shape) == 320
    assert timeline.get(moment.id) == moment


def test_each_changed_window_gets_its_own_moment_without_what_covers_it(timeline: Timeline) -> None:
    back = window("mail", "mailer", Rect(0, 0, *SIZE), focused=False)
    front = window("dialog", "asker", Rect(280, 140, 280, 140))
    pixels = drawn(["one", "two"])
    both = Change(
        frame(pixels, 0, [front, back]),
        (ChangedRegion(Rect(280, 140, 280, 140), front), ChangedRegion(Rect(0, 0, *SIZE), back)),
        1.0,
        first=True,
    )
    moments = {moment.application: moment for moment in timeline.add(both)}
    assert set(moments) == {"mailer", "asker"}
    part = timeline.unread_part(moments["mailer"].id)
    assert part is not None
    assert part.covered == (Rect(280, 140, 280, 140),)
    assert moments["asker"].rect == Rect(280, 140, 280, 140)


def test_a_window_hidden_by_another_gives_no_moment(timeline: Timeline) -> None:
    back, front = window("mail", "mailer"), window("full", "player")
    both = Change(frame(drawn(["x"]), 0, [front, back]), (ChangedRegion(Rect(0, 0, *SIZE), back),), 1.0, first=False)
    assert timeline.add(both) == []


def test_a_window_that_privacy_hides_gives_no_moment(timeline: Timeline) -> None:
    shown = window("mail", "mailer")
    hidden = (Rect(0, 0, SIZE[0], 300), Rect(0, 290, *SIZE))
    news = (ChangedRegion(Rect(0, 0, *SIZE), shown),)
    assert timeline.add(Change(frame(drawn(["x"]), 0, [shown]), news, 1.0, first=True, hidden=hidden)) == []


def test_windows_in_front_that_overlap_each_other_do_not_count_twice(timeline: Timeline) -> None:
    back = window("mail", "mailer", focused=False)
    fronts = [window(name, "player", Rect(0, 0, SIZE[0], 300)) for name in ("one", "two")]
    news = (ChangedRegion(Rect(0, 0, *SIZE), back),)
    assert len(timeline.add(Change(frame(drawn(["x"]), 0, [*fronts, back]), news, 1.0, first=True))) == 1


def test_a_part_painted_out_in_front_of_known_content_is_stored_as_that_content(timeline: Timeline) -> None:
    shown, part = window("mail", "mailer"), Rect(280, 0, 280, 280)
    pixels = drawn(["subject", "text"])
    news = (ChangedRegion(Rect(0, 0, *SIZE), shown),)
    (first,) = timeline.add(Change(frame(pixels, 0, [shown]), news, 1.0, first=True))
    timeline.set_text(first.id, as_lines(["subject", "text"]))
    masked = pixels.copy()
    masked[part.top : part.bottom, part.left : part.right] = 64
    (second,) = timeline.add(Change(frame(masked, 60, [shown]), news, 1.0, first=False, hidden=(part,)))
    assert second.picture == first.picture
    assert second.text == "subject\ntext"


def test_what_moves_in_a_panel_gives_no_moment(timeline: Timeline) -> None:
    bar = replace(window("panel", "trayer", Rect(0, 0, SIZE[0], 28)), panel=True)
    below = window("notes", "editor", Rect(0, 28, SIZE[0], 200))
    news = (ChangedRegion(bar.rect, bar), ChangedRegion(below.rect, below))
    moments = timeline.add(Change(frame(drawn(["clock", "note"]), 0, [bar, below]), news, 0.4, first=False))
    assert [moment.application for moment in moments] == ["editor"]


def test_text_read_from_a_moment_is_kept_with_its_rows(timeline: Timeline) -> None:
    (moment,) = timeline.add(change(["Name", "Price"], 0))
    assert [m.id for m in timeline.unread(5)] == [moment.id]
    lines = as_lines(["Name", "Price"])
    cell = lines[1].__class__("12.50", Rect(300, 34, 40, 18), 0.9, row=1)
    assert timeline.set_text(moment.id, [*lines, cell])
    stored = timeline.get(moment.id)
    assert stored is not None
    assert stored.text == "Name\nPrice\t12.50"
    assert timeline.backlog() == 0
    assert [line.rect for line in timeline.lines(moment.id)] == [lines[0].rect, lines[1].rect, cell.rect]


def test_a_lines_first_and_last_time_span_the_moments_that_show_it(timeline: Timeline) -> None:
    (first,) = timeline.add(change(["steady", "one"], 0))
    timeline.set_text(first.id, as_lines(["steady", "one"]))
    (second,) = timeline.add(change(["steady", *"abcdefghijklmno"], 60))
    timeline.set_text(second.id, as_lines(["steady"]))
    timeline.note_seen("screen:one", at(90))
    timeline.note_gone("screen:one", at(91))
    (line,) = timeline.lines(second.id)
    assert (line.first, line.last) == (at(0), at(90))


def test_a_small_change_stores_only_its_rows_and_shows_the_whole_window(timeline: Timeline, tmp_path: Path) -> None:
    before = [f"line number {n} of a long text" for n in range(18)]
    after = [*before]
    after[9] = "another line altogether"
    (one,) = timeline.add(change(before, 0))
    (two,) = timeline.add(change(after, 10, part=Rect(0, 252, SIZE[0], 28)))
    sizes = sorted(file.stat().st_size for file in stored_files(tmp_path))
    assert len(sizes) == 2
    assert sizes[0] < 0.7 * sizes[1]
    shown = timeline.picture(two.id)
    assert shown is not None
    difference = np.abs(decode(shown).astype(int) - drawn(after).astype(int))
    assert difference.mean() < 3
    ended = timeline.get(one.id)
    assert ended is not None
    assert ended.ended == at(10)


def test_content_that_comes_back_is_not_stored_again_and_keeps_its_text(timeline: Timeline, tmp_path: Path) -> None:
    page, other = [f"page {n}" for n in range(15)], [f"another thing {n * 7}" for n in range(18)]
    (first,) = timeline.add(change(page, 0))
    timeline.set_text(first.id, as_lines(page))
    timeline.add(change(other, 10))
    (again,) = timeline.add(change(page, 20))
    assert again.id != first.id
    assert again.picture == first.picture
    assert again.text == "\n".join(page)
    assert len(stored_files(tmp_path)) == 2


def test_a_burst_of_small_changes_becomes_one_moment(timeline: Timeline, tmp_path: Path) -> None:
    ids = {
        timeline.add(change(["typing " + "x" * n, *["steady text"] * 16], n * 0.25, part=Rect(0, 0, 280, 28)))[0].id
        for n in range(6)
    }
    assert len(ids) == 1
    assert len(stored_files(tmp_path)) == 1
    (moment,) = timeline.between()
    assert moment.time == at(0)


def test_a_text_read_too_late_does_not_hide_the_newer_picture(timeline: Timeline) -> None:
    (moment,) = timeline.add(change(["a"], 0))
    timeline.add(change(["a", "b"], 1, part=Rect(0, 28, 280, 28)))
    assert not timeline.set_text(moment.id, as_lines(["a"]), picture=moment.picture)
    assert timeline.backlog() == 1


def test_moments_are_found_by_the_time_they_were_on_screen(timeline: Timeline) -> None:
    timeline.add(change(["a"], 0, window("one", "first")))
    timeline.note_seen("screen:one", at(40))
    timeline.add(change(["b"], 50, window("two", "second")))
    timeline.note_seen("screen:one", at(100))
    assert [m.application for m in timeline.between(at(30), at(45))] == ["first"]
    assert [m.application for m in timeline.between(at(200), None)] == ["second"]  # still open
    assert [m.application for m in timeline.between()] == ["second", "first"]
    assert [m.title for m in timeline.between(application="FIRST")] == ["one"]
    assert timeline.count(application="first") == 1
    assert timeline.applications() == ["first", "second"]


def test_a_clock_set_back_keeps_every_moment_and_their_order(timeline: Timeline) -> None:
    (one,) = timeline.add(change(["before the change of the clock"], 3600))
    timeline.note_seen("screen:one", at(3700))
    (two,) = timeline.add(change(["after", *"abcdefghijklm"], 0))
    assert two.id > one.id
    assert {m.id for m in timeline.between()} == {one.id, two.id}
    closed = timeline.get(one.id)
    assert closed is not None
    assert closed.ended is not None
    assert closed.ended >= closed.time


def test_forgetting_leaves_nothing_of_the_moments_behind(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig())
    (old,) = timeline.add(change(["harmless"], 0, window("old", "viewer")))
    timeline.set_text(old.id, as_lines(["harmless pumpernickel"]))
    timeline.note_gone("screen:one", at(5))
    (bad,) = timeline.add(change(["secret"], 600, window("zirconium plan", "vaultish")))
    timeline.set_text(bad.id, as_lines(["the quixotrope secret"]))
    timeline.thumbnail(bad.id)
    assert timeline.forget(at(500), at(700)) == 1
    assert timeline.get(bad.id) is None
    assert timeline.search("quixotrope") == []
    assert timeline.search("pumpernickel")[0].moment.id == old.id
    assert timeline.applications() == ["viewer"]
    assert len([f for f in tmp_path.rglob("*.webp") if f.is_file()]) == 1
    for file in tmp_path.glob(DATABASE + "*"):
        raw = file.read_bytes()
        for word in (b"quixotrope", b"zirconium", b"vaultish", b"ixotr"):
            assert word not in raw
    timeline.close()


def test_forgetting_takes_what_was_still_on_screen(timeline: Timeline) -> None:
    timeline.add(change(["open since long"], 0))
    assert timeline.forget(at(3600)) == 1
    assert timeline.between() == []


def test_a_moment_whose_base_was_forgotten_still_shows_its_own_rows(timeline: Timeline) -> None:
    before = [f"line number {n}" for n in range(18)]
    timeline.add(change(before, 0))
    after = [*before[:9], "changed", *before[10:]]
    (two,) = timeline.add(change(after, 10, part=Rect(0, 252, SIZE[0], 28)))
    timeline.forget(at(0), at(9.9))
    assert timeline.get(two.id) is not None
    shown = timeline.picture(two.id)
    assert shown is not None
    assert decode(shown).shape[0] < SIZE[1]


def test_a_full_disk_leaves_nothing_half_written_and_recording_goes_on_later(
    timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeline.add(change(["kept"], 0))

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFullError, match="disk is full"):
        timeline.add(change([*"lost words here"], 10))
    monkeypatch.undo()
    assert len(stored_files(tmp_path)) == 1
    assert len(timeline.between()) == 1
    timeline.add(change([*"kept words here"], 20))
    assert len(timeline.between()) == 2


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux to mount a small disk")
def test_a_really_full_disk(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", mount], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine does not allow mounting")
    try:
        timeline = Timeline(mount, TimelineConfig())
        noise = np.random.default_rng(0)
        added = 0

        def fill() -> None:
            nonlocal added
            for second in range(0, 400, 10):
                shown = noise.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
                region = ChangedRegion(Rect(0, 0, *SIZE), window())
                timeline.add(Change(frame(shown, second, [window()]), (region,), 1, first=False))
                added += 1

        with pytest.raises(DiskFullError):
            fill()
        assert added
        assert timeline.count() == added
        assert len(stored_files(mount)) == added
        timeline.forget(at(0), at(10))
        assert timeline.add(change(["room again"], 1000))
        timeline.close()
    finally:
        subprocess.run(["umount", mount], check=True)


def test_leftover_files_of_a_crash_are_swept_at_the_start(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig())
    timeline.add(change(["kept"], 0))
    timeline.close()
    orphan = tmp_path / "pictures" / "2026-11-20" / "ffff.webp"
    orphan.write_bytes(b"half a picture")
    partial = orphan.with_name("eeee.webp.part")
    partial.write_bytes(b"")
    Timeline(tmp_path, TimelineConfig()).close()
    assert not orphan.exists()
    assert not partial.exists()
    assert len(stored_files(tmp_path)) == 1


def test_moments_open_at_a_crash_end_when_they_were_last_seen(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig())
    (moment,) = timeline.add(change(["x"], 0))
    timeline.note_seen("screen:one", at(30))
    reopened = Timeline(tmp_path, TimelineConfig())  # the first one was never closed
    found = reopened.get(moment.id)
    assert found is not None
    assert found.ended == at(30)
    reopened.close()
    timeline.close()


KILLED = """
import sys
from pathlib import Path
from core.config import TimelineConfig
from core.timeline.store import Timeline
from tests.core.timeline.views import as_lines, change
timeline = Timeline(Path(sys.argv[1]), TimelineConfig())
for number in range(10_000):
    (moment,) = timeline.add(change([f"entry {number}", *"abcdefghijklmnop"], number * 10))
    timeline.set_text(moment.id, as_lines([f"entry {number}"]))
    print(moment.id, flush=True)
"""


def test_a_killed_process_loses_nothing_committed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(12)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.wait()
    process.stdout.close()
    timeline = Timeline(tmp_path, TimelineConfig())
    assert timeline.notices == ()
    for number in told:
        moment = timeline.get(number)
        assert moment is not None
        assert moment.text.startswith("entry")
        assert timeline.picture(number) is not None
    timeline.close()


def test_a_damaged_database_is_set_aside_and_what_can_be_read_is_recovered(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig())
    for number in range(300):
        texts = [f"record {number} {number * 7919}", f"some further words {number}"]
        (moment,) = timeline.add(change(texts, number * 10, window(f"title {number}")))
        timeline.set_text(moment.id, as_lines(texts))
    timeline.close()
    file = tmp_path / DATABASE
    raw = bytearray(file.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 3 * 4096] = os.urandom(3 * 4096)
    file.write_bytes(raw)
    mended = Timeline(tmp_path, TimelineConfig())
    (notice,) = mended.notices
    assert "damaged" in notice
    assert "recovered" in notice
    assert list(tmp_path.glob("timeline.damaged-*"))
    assert mended.count() > 150
    assert mended.search("record 7919")
    assert mended.add(change(["goes on"], 99_999))
    assert mended.forget(at(0), at(10)) > 0  # what was damaged may hold it too
    assert list(tmp_path.glob("timeline.damaged-*")) == []
    mended.close()


@pytest.mark.parametrize("rubbish", [b"", b"not a database at all" * 1000])
def test_a_file_that_is_no_database_is_replaced_and_said(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(rubbish)
    timeline = Timeline(tmp_path, TimelineConfig())
    assert timeline.add(change(["x"], 0))
    if rubbish:
        assert "0 moments" in timeline.notices[0]
    timeline.close()


def test_the_budget_is_kept_by_thinning_pictures_before_text(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig(budget_gb=0.004))
    noise = np.random.default_rng(0)
    for second in range(0, 4000, 20):
        shown = noise.integers(0, 255, (280, 280, 3), np.uint8)
        here = window(rect=Rect(0, 0, 280, 280))
        (moment,) = timeline.add(
            Change(frame(shown, second, [here]), (ChangedRegion(Rect(0, 0, 280, 280), here),), 1, False)
        )
        timeline.set_text(moment.id, as_lines([f"entry {second}"]))
        assert timeline.disk_bytes() <= 4_000_000
    timeline.thin(at(4000))
    assert timeline.disk_bytes() <= 4_000_000
    assert timeline.count() == 200
    assert timeline.search("entry 20")[0].lines[0].text == "entry 20"
    kept = [moment.picture is not None for moment in timeline.between(limit=200)]
    assert kept[0]
    assert not kept[-1]
    timeline.close()


def test_moments_past_the_age_limit_are_removed(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig(max_age_days=1))
    timeline.add(change(["old"], 0))
    timeline.note_gone("screen:one", at(1))
    timeline.add(change(["new", "x"], 80_000))
    thinned = timeline.thin(at(90_000))
    assert thinned.moments == 1
    assert [moment.time for moment in timeline.between()] == [at(80_000)]
    timeline.close()


def test_a_budget_too_small_for_anything_is_said_and_not_passed(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path, TimelineConfig(budget_gb=0.00001))
    with pytest.raises(DiskFullError, match="budget"):
        timeline.add(change(["x"], 0))
    timeline.close()


def test_several_threads_read_while_one_writes(timeline: Timeline) -> None:
    stop, troubles = threading.Event(), list[Exception]()

    def read() -> None:
        try:
            while not stop.is_set():
                for moment in timeline.between(limit=5):
                    timeline.picture(moment.id)
                timeline.search("entry")
        except (OSError, sqlite3.Error) as error:
            troubles.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(20):
        (moment,) = timeline.add(change([f"entry {number}", *"abcdefghijkl"], number * 10))
        timeline.set_text(moment.id, as_lines([f"entry {number}"]))
    stop.set()
    for reader in readers:
        reader.join()
    assert troubles == []


@pytest.mark.parametrize(
    "title", ["", "a\x00b\x1b[31m\n", "\u202eevil\u2066", "x" * 100_000, "🐈‍⬛ Ünïcödé", "'; DROP TABLE moment; --"]
)
def test_any_title_is_kept_as_it_is(timeline: Timeline, title: str) -> None:
    (moment,) = timeline.add(change(["x"], 0, window(title)))
    assert moment.title == title
    assert timeline.search("x", limit=3) is not None


def test_lone_surrogates_in_titles_do_not_stop_recording(timeline: Timeline) -> None:
    (moment,) = timeline.add(change(["x"], 0, window("bad \ud800 title")))
    assert moment.title.startswith("bad ")


def test_opening_twice_from_two_connections_sees_the_same(tmp_path: Path, timeline: Timeline) -> None:
    timeline.add(change(["x"], 0))
    other = sqlite3.connect(tmp_path / DATABASE)
    assert other.execute("SELECT count(*) FROM moment").fetchone() == (1,)
    other.close()
