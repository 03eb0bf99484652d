"""Hears of every kernel that Triton compiles, so that a long first start can be told and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from triton import knobs


@contextmanager
def each_kernel(done: Callable[[], None]) -> Iterator[None]:
    """Within it, ``done`` is called after each kernel that was compiled or came from Triton's own cache on the disk.

    What it raises comes out of the step that needed the kernel, which is kept all the same.
    """
    before = knobs.runtime.jit_post_compile_hook

    def hook(*arguments: Any, **named: Any) -> Any:
        result = None if before is None else before(*arguments, **named)
        done()
        return result

    knobs.runtime.jit_post_compile_hook = hook
    try:
        yield
    finally:
        knobs.runtime.jit_post_compile_hook = before
