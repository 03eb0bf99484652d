"""Monitors and windows in the pixels of a picture, where the system counts in larger ones."""

from __future__ import annotations

from dataclasses import replace

from core.frame import Monitor, Rect, Window


def scaled(rect: Rect, scale: float) -> Rect:
    """``rect`` with every edge ``scale`` times as far from the origin, on whole pixels."""
    left, top = round(rect.left * scale), round(rect.top * scale)
    return Rect(left, top, round(rect.right * scale) - left, round(rect.bottom * scale) - top)


def scaled_monitor(monitor: Monitor, scale: float) -> Monitor:
    return monitor if scale == 1.0 else Monitor(monitor.name, scaled(monitor.rect, scale), scale)


def visible(windows: tuple[Window, ...] | None, monitor: Monitor, scale: float) -> tuple[Window, ...]:
    """Those windows that reach onto the monitor, in its pixels."""
    here = windows or ()
    if scale != 1.0:
        here = tuple(replace(window, rect=scaled(window.rect, scale)) for window in here)
    return tuple(window for window in here if window.rect.intersect(monitor.rect).area)
