"""Each room's configuration: frozen dataclasses handed in, never read from a global."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimelineConfig:
    """How much the timeline keeps, and how."""

    budget_gb: float = 20.0  # pictures, thumbnails and database together, in 10^9 bytes; thinned before it is passed
    max_age_days: float = 90.0  # older moments are removed
    quality: int = 45  # WebP quality of stored pictures, 1..100
    whole_screen_seconds: float = 60.0  # a picture of the whole monitor at most this often, when much changed
    burst_seconds: float = 2.0  # small changes of one window within this time become one moment (typing)
    busy_seconds: float = 1.0  # the same for large changes (scrolling output)
    thumbnail_side: int = 320  # longest side of thumbnails in pixels
