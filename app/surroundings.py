"""What there is to record and to exclude: the monitors, the cameras and the open windows of this moment.

For the settings and the command line. What comes from here is shown to the user and kept nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from core.frame import Monitor, Window


class Surroundings(Protocol):
    """May be asked from any thread."""

    def windows(self) -> tuple[Window, ...] | None:
        """The visible windows, front to back; None: the desktop does not tell them. Raises as ``monitors`` does."""
        ...

    def monitors(self) -> tuple[Monitor, ...]:
        """Raises DisplayMissingError without a display, CaptureDeniedError where the system refuses."""
        ...


class Desktop:
    """This machine's. Each question opens a connection of its own, so nothing is held between two."""

    def windows(self) -> tuple[Window, ...] | None:
        """See Surroundings."""
        from core.capture.windows import window_facts

        facts = window_facts()
        try:
            return facts.windows()
        finally:
            facts.close()

    def monitors(self) -> tuple[Monitor, ...]:
        """See Surroundings."""
        from core.capture.screen import monitors

        return tuple(monitors())
