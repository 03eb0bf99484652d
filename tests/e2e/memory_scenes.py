"""Real programs with titles and codes, and what may be asked afterwards of a model that has its memory alone.

Each fact is asked in the words of training (``core.training.data.questions``) and in words that users type.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.client import Client
from tests.helpers.desktop import VirtualDesktop, wait_until

FONT = ["-fa", "DejaVu Sans Mono", "-fs", "11"]
CHROMIUM = ["chromium", "--no-first-run", "--no-sandbox", "--test-type", "--disable-gpu", "--disable-quic"]
CHROMIUM += ["--password-store=basic", "--disable-background-networking", "--disable-component-update"]
CHROMIUM += ["--disable-sync", "--window-size=660,520", "--window-position=420,180"]
STYLE = "<style>body{font:17px 'DejaVu Sans',sans-serif;margin:22px;color:#222}td{padding:6px 26px 6px 0}</style>"
SEEN_WITHIN = 90.0  # seconds within which the model must have seen what a program showed
CALM = 2.0  # seconds without anything new after which a window is closed
NOT_SEEN = "I did not see that."

Wording = Literal["trained", "user"]


@dataclass(frozen=True)
class Scene:
    """``title``: a part of the window's title; ``command``: given a folder of its own, what to run."""

    title: str
    command: Callable[[Path], list[str]]


@dataclass(frozen=True)
class Asked:
    """``expected``: the whole answer, for a title or a place a part of it ("a|b": of one of them).

    ``kind``: title, code, when, where, order, unseen.
    """

    text: str
    expected: str
    kind: str
    wording: Wording = "trained"

    def right(self, answer: str) -> bool:
        if self.kind in ("title", "where"):
            return any(option.lower() in answer.lower() for option in self.expected.split("|"))
        return answer == self.expected


def _terminal(title: str, text: str, geometry: str) -> Scene:
    def command(folder: Path) -> list[str]:
        log = folder / f"{title.replace(' ', '-')}.log"
        log.write_text(text, encoding="utf-8")
        return ["xterm", "-T", title, *FONT, "-geometry", geometry, "-e", "sh", "-c", f"cat '{log}'; sleep 600"]

    return Scene(title, command)


def _note(name: str, text: str) -> Scene:
    def command(folder: Path) -> list[str]:
        (folder / name).write_text(text, encoding="utf-8")
        return ["mousepad", "--disable-server", str(folder / name)]

    return Scene(name, command)


def _page(name: str, title: str, body: str) -> Scene:
    def command(folder: Path) -> list[str]:
        page = folder / f"{name}.html"
        page.write_text(f"<meta charset=utf-8><title>{title}</title>{STYLE}{body}", encoding="utf-8")
        return [*CHROMIUM, f"--user-data-dir={folder / 'chromium'}", page.as_uri()]

    return Scene(title, command)


def _message(title: str, text: str) -> Scene:
    return Scene(title, lambda _: ["xmessage", "-title", title, "-geometry", "+700+400", "-fn", "10x20", text])


SCENES = (
    _terminal("deploy harbor", "$ deploy harbor --stage\nBuild number: 48213\nCommit: 7fa91c\n$ ", "46x12+60+80"),
    _note("travel.txt", "Booking reference: KX7Q2M\nFlight number: LH2047\nSeat: 23C\n"),
    _message("Front door", "Door code: 4471"),
    _page(
        "order", "Order confirmed - Lanterna",
        "<h2>Order confirmed</h2><p>Order number: 70-41188</p><p>Tracking number: RT559021KD</p>"
        "<p>Amount due: $213.50</p>",
    ),
    _terminal("make anchor", "$ make anchor\nJob ID: 5107\nVersion: 4.12.9\n$ ", "52x8+600+300"),
    _note("meeting.txt", "Meeting ID: 8821904417\nPasscode: tern58\n"),
    _message("Parcel station", "Locker number: 17\n\nAccess code: 905216"),
    _page(
        "library", "Library account",
        "<h2>Library account</h2><table><tr><td>Membership ID</td><td>MB-30977</td></tr>"
        "<tr><td>Due date</td><td>14 October</td></tr></table>",
    ),
)  # fmt: skip

CODES = (  # label, value, the window's title, how a user may ask
    ("build number", "48213", "deploy harbor", "which build number did I see?"),
    ("commit", "7fa91c", "deploy harbor", "whats the commit"),
    ("booking reference", "KX7Q2M", "", "What was my booking reference?"),
    ("flight number", "LH2047", "", "flight number"),
    ("seat", "23C", "", "Can you tell me my seat?"),
    ("door code", "4471", "Front door", "I need the door code"),
    ("order number", "70-41188", "Order confirmed - Lanterna - Chromium", "What order number did I get?"),
    ("tracking number", "RT559021KD", "Order confirmed - Lanterna - Chromium", "tell me the tracking number please"),
    ("amount due", "$213.50", "Order confirmed - Lanterna - Chromium", "What's the amount due?"),
    ("job ID", "5107", "make anchor", "what was my job ID"),
    ("version", "4.12.9", "make anchor", "which version did I see?"),
    ("meeting ID", "8821904417", "", "Do you still know the meeting ID?"),
    ("passcode", "tern58", "", "the passcode please"),
    ("locker number", "17", "Parcel station", "what was my locker number again?"),
    ("access code", "905216", "Parcel station", "Could you tell me the access code?"),
    ("membership ID", "MB-30977", "Library account - Chromium", "whats my membership ID"),
    ("due date", "14 October", "Library account - Chromium", "remind me of the due date"),
)
TITLES = (
    Asked("What was open in mousepad?", "meeting.txt|travel.txt", "title"),
    Asked("What was the title of the xmessage window?", "Parcel station|Front door", "title"),
    Asked("What was the title of the chromium window?", "Library account|Order confirmed", "title"),
    Asked("What was the title of the xterm window?", "make anchor|deploy harbor", "title"),
    Asked("what did I have open in mousepad", "meeting.txt|travel.txt", "title", "user"),
    Asked("what was the xmessage window called", "Parcel station|Front door", "title", "user"),
    Asked("What's the name of the Chromium window?", "Library account|Order confirmed", "title", "user"),
    Asked("what was the xterm window called?", "make anchor|deploy harbor", "title", "user"),
)
OTHERS = (
    Asked("In which application was deploy harbor?", "xterm", "where"),
    Asked("Where did I see Parcel station?", "xmessage", "where", "user"),
    Asked("Which came first, Front door or Parcel station?", "Front door", "order"),
    Asked("what did I see first, make anchor or deploy harbor?", "deploy harbor", "order", "user"),
)
UNSEEN = (
    Asked("What was the invoice number?", NOT_SEEN, "unseen"),
    Asked("What was the voucher code?", NOT_SEEN, "unseen"),
    Asked("What was the phone number in Front door?", NOT_SEEN, "unseen"),
    Asked("which licence plate did I see?", NOT_SEEN, "unseen", "user"),
    Asked("whats my policy number", NOT_SEEN, "unseen", "user"),
    Asked("How much does the Heron ceiling lamp cost?", NOT_SEEN, "unseen", "user"),
)


def questions() -> list[Asked]:
    """Each code in a trained wording, with its window's title where it has a short one, and in a user's."""
    asked = []
    for label, value, title, typed in CODES:
        asked.append(Asked(f"What was the {label}?", value, "code"))
        if title:
            asked.append(Asked(f"What was the {label} in {title}?", value, "code"))
        asked.append(Asked(typed, value, "code", "user"))
    return [*asked, *TITLES, *OTHERS, *UNSEEN]


def show(desktop: VirtualDesktop, client: Client, scene: Scene, folder: Path) -> None:
    """One program on screen until the model has seen it and nothing more of it comes."""
    process = desktop.run(scene.command(folder), {"HOME": str(folder)})
    desktop.wait_for_window(scene.title)
    calm = Calm(client, scene.title)
    wait_until(calm.reached, SEEN_WITHIN, f"{scene.title!r} being seen")
    desktop.close(process)


class Calm:
    """Whether the model saw a window and then, for a while, nothing new."""

    def __init__(self, client: Client, title: str) -> None:
        self._client, self._title = client, title
        self._tokens, self._since = -1, 0.0

    def reached(self) -> bool:
        status = self._client.status()
        if status.tokens_seen != self._tokens or status.frames_waiting:
            self._tokens, self._since = status.tokens_seen, time.monotonic()
        view = self._client.memory().view
        return view is not None and self._title in view.words and time.monotonic() - self._since > CALM
