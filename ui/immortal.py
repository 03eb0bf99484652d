"""Keeps ``None`` alive on Python 3.11, where this Qt binding gives back references to it that it never took.

PySide6 6.12 is built for interpreters whose None is immortal (3.12 and later) and lets go of one reference to None
for nearly every slot and event handler that returns nothing. On 3.11 that counter is real: an app that runs all day
would count it down to nothing and be aborted ("none_dealloc"). ``tests/ui/test_immortal.py`` shows both.
"""

from __future__ import annotations

import ctypes
import sys

PLENTY = 1 << 60  # more events than any process lives to see; far from overflow in a 64-bit counter
NARROW_PLENTY = 1 << 30  # the same where the counter has 32 bits


def keep_none() -> None:
    """Makes None's reference counter so large that it cannot run out. Does nothing where None is immortal."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    counter = ctypes.c_ssize_t.from_address(id(None))  # an object begins with its counter
    plenty = PLENTY if ctypes.sizeof(ctypes.c_ssize_t) == 8 else NARROW_PLENTY
    if counter.value < plenty // 2:
        counter.value += plenty
