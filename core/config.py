"""What each part is handed to work with: small frozen dataclasses, built from the user's settings by the app.

Nothing here is read from a file, a global or the environment. Lengths are in pixels and times in seconds unless
a field says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

CELL = 28  # pixels: one merged patch of the model, the grid on which changes are found and pictures are cut

PASSWORD_MANAGERS = (
    "1password*",
    "bitwarden*",
    "keepass*",
    "org.keepass*",
    "keeweb*",
    "enpass*",
    "lastpass*",
    "dashlane*",
    "nordpass*",
    "proton pass*",
    "proton-pass*",
    "roboform*",
    "seahorse*",
    "kwalletmanager*",
    "secrets",
    "org.gnome.world.secrets",
    "passwords",
    "keychain access",
    "gcr-prompter*",
    "pinentry*",
    "polkit-*-agent*",
    "ssh-askpass*",
)


@dataclass(frozen=True)
class CaptureConfig:
    """Which screens are captured, and how often."""

    monitors: tuple[str, ...] = ()  # names as in Monitor.name; none: all of them
    region: tuple[int, int, int, int] | None = None  # left, top, width, height in desktop pixels; instead of monitors
    busy_rate: float = 4.0  # frames a second while things change
    still_interval: float = 2.0  # seconds between frames once nothing has changed for a while
    calm_after: float = 2.0  # seconds without a change until the rate begins to fall
    webcam: bool = False  # the first camera too, whenever screens are captured
    webcam_rate: float = 0.5  # frames a second of any camera
    rates: tuple[tuple[str, float], ...] = ()  # monitor or camera, and the most frames a second of it
    permission: Path | None = None  # a file that keeps what a Wayland desktop gave for the user's yes

    def __post_init__(self) -> None:
        if self.busy_rate <= 0 or self.still_interval <= 0 or self.calm_after < 0:
            raise ValueError("busy_rate and still_interval must be above 0, calm_after at least 0")
        if self.webcam_rate <= 0 or any(rate <= 0 for _, rate in self.rates):
            raise ValueError("the rates of single sources must be above 0")

    def paced(self, source: str, limit: float | None = None) -> CaptureConfig:
        """The same with the rates of one source ("screen:DP-1", "webcam:0"), which may have a limit of its own."""
        kind, _, name = source.partition(":")
        most = self.webcam_rate if kind == "webcam" else self.busy_rate
        most = next((rate for said, rate in self.rates if said in (source, name)), most)
        if limit is not None:
            most = min(most, limit)
        return replace(self, busy_rate=most, still_interval=max(self.still_interval, 1 / most))


@dataclass(frozen=True)
class GateConfig:
    """What counts as a change, and how much of one place may be shown how often."""

    pixel_threshold: int = 20  # a pixel has changed when one of its channels differs by more than this (0-255)
    cell_pixels: int = 3  # changed pixels that make a cell of the grid changed
    camera_threshold: int = 36  # the same two for cameras, whose sensors are noisy
    camera_pixels: int = 80
    max_rate: float = 4.0  # frames a second of one source that are looked at; more are refused with RATE
    gap: float = 60.0  # seconds without a frame after which everything counts as new
    settle: float = 0.6  # seconds without motion after which a short burst of changes is over
    settle_longest: float = 4.0  # the same after a long burst: what moved for minutes is delivered this soon
    patience: float = 10.0  # longest wait between two looks at a place that never stops changing
    calm: float = 15.0  # seconds without motion after which a place counts as fresh again
    small: int = 12  # cells: only places up to this size can be a cursor or a clock
    return_settle: float = 2.5  # a small place back at a content seen before must stay so this long to be news
    return_settle_longest: float = 20.0
    known_contents: int = 6  # contents remembered for each small place
    known_for: float = 60.0  # seconds
    clock_interval: float = 300.0  # longest wait between two looks at a small place that changes like clockwork
    clock_ticks: int = 4  # equal intervals until a small place counts as clockwork
    whole_window: float = 0.5  # changed share of a window from which all of it is delivered
    max_regions: int = 8  # rectangles of one change


@dataclass(frozen=True)
class PrivacyRules:
    """What must never be seen. Names are compared without case; ``*`` and ``?`` stand for any characters."""

    applications: tuple[str, ...] = PASSWORD_MANAGERS
    titles: tuple[str, ...] = ()  # regular expressions, searched in the window title without case
    private_browsing: bool = True  # windows whose title says that they browse privately
    mode: Literal["mask", "drop"] = "mask"  # paint out the windows, or refuse the whole frame
    margin: int = 24  # pixels around an excluded window painted out too: shadows, animations
    linger: float = 0.6  # seconds that a place stays painted out after the window left it
    own: tuple[str, ...] = ("afterimage",)  # this program's windows: painted out too, but nothing to report
    allow_unlisted: bool = False  # take frames although the window list cannot be read and rules exist


@dataclass(frozen=True)
class VisionBudget:
    """How much of a change the model is shown. One token is a square of CELL x CELL pixels."""

    overview_tokens: int = 128
    region_tokens: int = 256  # for all regions of one observation
    max_regions: int = 4

    def __post_init__(self) -> None:
        if self.overview_tokens < 1 or self.region_tokens < 0 or self.max_regions < 0:
            raise ValueError("a vision budget needs an overview of at least one token and no negative numbers")


@dataclass(frozen=True)
class TimelineConfig:
    """How much the timeline keeps, and how finely."""

    budget_gb: float = 20.0  # 10^9 bytes for pictures, thumbnails and database together
    max_age_days: float = 90.0  # older moments are removed
    quality: int = 45  # WebP quality of stored pictures, 1 to 100
    whole_screen_interval: float = 300.0  # a picture of the whole monitor at most this often, when much changed
    burst: float = 2.0  # small changes of one window within this time become one moment (typing)
    busy: float = 1.0  # the same for large changes (output that scrolls by)
    thumbnail_side: int = 320  # pixels of a thumbnail's longer side

    def __post_init__(self) -> None:
        if self.budget_gb <= 0 or self.max_age_days <= 0 or not 1 <= self.quality <= 100:
            raise ValueError("budget_gb and max_age_days must be above 0, quality from 1 to 100")
