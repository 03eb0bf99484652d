"""One truth for tray, window and recording light: what the engine's status means to the person in front of it.

Takes a status and the state of the connection; gives a light, a word, and a sentence. Knows no widgets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from PySide6.QtCore import QCoreApplication

from app.protocol import Recording, Status
from ui import text


class Link(Enum):
    """How the desktop stands with the engine."""

    STARTING = auto()
    CONNECTED = auto()
    SILENT = auto()  # connected, but no status has come for too long
    RESTARTING = auto()
    ENDED = auto()  # in order, because somebody wished it


class Light(StrEnum):
    """What the tray and the recording light show; the value names the tray icon."""

    RECORDING = "recording"
    PAUSED = "paused"
    EXCLUDED = "excluded"
    STALLED = "stalled"
    LOCKED = "locked"
    DISK_FULL = "disk-full"
    RESTARTING = "restarting"
    IDLE = "idle"


@dataclass(frozen=True)
class Presence:
    """``title`` is one or two words, ``detail`` a sentence or empty; ``urgent`` asks for the user's eye."""

    light: Light
    title: str
    detail: str = ""
    urgent: bool = False
    can_pause: bool = False
    can_resume: bool = False
    can_start: bool = False
    can_ask: bool = False
    camera: bool = False  # a camera is open
    preparing: str = ""  # a sentence on the graphics card that is not ready yet, whatever the recording does

    @property
    def sentence(self) -> str:
        told = f"{self.title}. {self.detail}" if self.detail else self.title
        return f"{told.removesuffix('.')}. {self.preparing}" if self.preparing else told


_LIGHTS: dict[Recording, Light] = {
    "recording": Light.RECORDING,
    "paused": Light.PAUSED,
    "excluded": Light.EXCLUDED,
    "stalled": Light.STALLED,
    "locked": Light.LOCKED,
    "disk_full": Light.DISK_FULL,
    "no_source": Light.STALLED,
    "idle": Light.IDLE,
}
_URGENT = {Light.STALLED, Light.DISK_FULL}
# Only these are recordings that go on by themselves and can therefore be paused.
_PAUSABLE = {"recording", "excluded", "stalled", "locked", "disk_full", "no_source"}


def presence(link: Link, status: Status | None, trouble: str = "") -> Presence:
    """What to show for ``status``; a connection that is not sound hides it, because then nobody knows."""
    if link is Link.STARTING or (link is Link.CONNECTED and status is None):
        return Presence(Light.RESTARTING, _tr("Starting"))
    if link is Link.RESTARTING:
        return Presence(
            Light.RESTARTING, _tr("Restarting"), trouble or _tr("The engine stopped and is being started again.")
        )
    if link is Link.SILENT:
        return Presence(
            Light.STALLED, _tr("Not responding"), _tr("The engine has not reported for some seconds."), urgent=True
        )
    if link is Link.ENDED or status is None:
        return Presence(Light.IDLE, _tr("Not running"), _tr("The engine was ended."), can_start=True)
    light = _LIGHTS[status.state]
    return Presence(
        light=light,
        title=_title(status),
        detail=text.plain(status.reason) or _detail(status),
        urgent=light in _URGENT,
        can_pause=status.state in _PAUSABLE,
        can_resume=status.state == "paused",
        can_start=status.state == "idle",
        can_ask=True,
        camera=status.camera,
        preparing=_preparing(status.preparing),
    )


def _title(status: Status) -> str:
    titles: dict[Recording, str] = {
        "recording": _tr("Recording"),
        "paused": _tr("Paused"),
        "excluded": _tr("Excluded now"),
        "stalled": _tr("Stalled"),
        "locked": _tr("Screen locked"),
        "disk_full": _tr("Disk full"),
        "no_source": _tr("Nothing to record"),
        "idle": _tr("Not recording"),
    }
    title = titles[status.state]
    return _tr("{state}, camera on").format(state=title) if status.camera else title


def _detail(status: Status) -> str:
    if status.state == "paused":
        if status.paused_until is None:
            return _tr("It goes on when you resume.")
        return _tr("It goes on at {time}.").format(time=text.moment_time(status.paused_until, inside=True))
    details: dict[Recording, str] = {
        "excluded": _tr("A window you excluded is on the screen; nothing of it is kept."),
        "stalled": _tr("No picture has arrived for a while."),
        "locked": _tr("Recording goes on once it is unlocked."),
        "disk_full": _tr("Recording stopped. Nothing was lost; it goes on once there is room."),
        "no_source": _tr("No screen can be captured."),
    }
    return details.get(status.state, "")


def _preparing(share: float | None) -> str:
    if share is None:
        return ""
    return _tr(
        "Preparing the graphics card: {percent} %. This takes long the first time only; what is recorded waits."
    ).format(percent=text.count(round(100 * share)))


def _tr(source: str) -> str:
    return QCoreApplication.translate("Presence", source)
