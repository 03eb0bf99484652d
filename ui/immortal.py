"""Keeps None, True and False alive on Python 3.11, where this Qt binding gives back references it never took.

PySide6 6.12 is built for interpreters whose singletons are immortal (3.12 and later) and lets go of one reference
for nearly every slot and event handler that returns nothing, and of one for many calls that return a bool. On 3.11
those counters are real: an app that runs all day would count them down to nothing and be aborted ("none_dealloc",
"bool_dealloc"). ``tests/ui/test_immortal.py`` shows it.
"""

from __future__ import annotations

import ctypes
import sys

PLENTY = 1 << 60  # more events than any process lives to see; far from overflow in a 64-bit counter
NARROW_PLENTY = 1 << 30  # the same where the counter has 32 bits


def keep_singletons() -> None:
    """Makes the reference counters so large that they cannot run out. Does nothing where they are immortal."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    plenty = PLENTY if ctypes.sizeof(ctypes.c_ssize_t) == 8 else NARROW_PLENTY
    for singleton in (None, True, False, NotImplemented, Ellipsis):
        counter = ctypes.c_ssize_t.from_address(id(singleton))  # an object begins with its counter
        if counter.value < plenty // 2:
            counter.value += plenty
