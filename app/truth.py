"""What the recording light shows, from what really happened. One pure function."""

from __future__ import annotations

from app.protocol import Recording
from app.recorder import RecorderFacts
from core.privacy import UNLISTED

STALLED_AFTER = 10.0  # seconds without a frame


def state_of(facts: RecorderFacts, now: float, excluded_by: tuple[str, ...] = ()) -> tuple[Recording, str]:
    """The state and, where it needs one, a sentence about why. ``now``: monotonic seconds."""
    if facts.wanted is None:
        return "idle", facts.trouble
    if "paused" in facts.holds:
        return "paused", ""
    if "disk_full" in facts.holds:
        return "disk_full", "There is no room left for recording. It goes on by itself once there is."
    open_sources = [source for source in facts.sources if not source.finished]
    if facts.since is None or not open_sources:
        return "no_source", facts.trouble or "Recording is about to begin."
    if facts.locked:
        return "locked", "The screen is locked."
    arrived = facts.newest is not None and facts.newest >= facts.since
    quiet = now - max(facts.since, facts.newest or facts.since)
    if quiet > STALLED_AFTER:
        return "stalled", f"No picture has arrived for {quiet:.0f} seconds."
    if not arrived:
        return "no_source", "The first picture has not arrived yet."
    if facts.excluded:
        return "excluded", _excluded(excluded_by) or "What is on the screen is excluded from recording."
    return "recording", _excluded(excluded_by)


def _excluded(rules: tuple[str, ...]) -> str:
    if UNLISTED in rules:
        return (
            "This desktop does not tell which windows are open, so your exclusions cannot be kept. Log in to a "
            "session on Xorg, or set privacy.without_window_list to record."
        )
    return f"Excluded now by: {', '.join(sorted(rules))}." if rules else ""
