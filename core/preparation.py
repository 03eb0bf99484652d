"""What a device needs before the first observation and the first question: on a GPU, its kernels compiled and tried.

Done at the start, where it can be told and stopped, and not in the middle of the first picture. Triton keeps what it
compiled on the disk, so it takes long the first time on a machine only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch

from core.frame import utc_now
from core.model.steps import takes_padding
from core.preprocess import Observation, header
from core.session import AskOptions, Session, device_errors
from kernels.dispatch import fast_form

KERNELS: Final = 40  # about so many are compiled, for any model; a few more come with sizes not met here
PICTURE: Final = (448, 448)  # height, width
ANSWER: Final = 3  # tokens: the first, and two that go on from one


def prepare(session: Session, report: Callable[[float], None] = lambda _share: None) -> None:
    """Does it for the model of ``session``, whose memory stays as it is; without Triton there is nothing to do.

    ``report`` hears about what share is done, 0 to 1, after each kernel, and may raise to stop there; what was
    compiled is kept. Raises OutOfMemoryError where the device has no room.
    """
    if fast_form(session.bundle.device.type) != "triton":
        return
    from core.model.compiling import each_kernel  # imports Triton, which only a GPU has a use for

    compiled = 0

    def one_more() -> None:
        nonlocal compiled
        compiled += 1
        report(min(1.0, compiled / KERNELS))

    report(0.0)
    with each_kernel(one_more):
        _build(session)
        _try(session)
    report(1.0)


def _build(session: Session) -> None:
    """The network's fused forms, each tried against the plain one."""
    from core.model.fast_vision import fast_tower

    with device_errors(), torch.inference_mode():
        fast_tower(session.bundle.network.visual)
        takes_padding(session.bundle.network, session.state)


def _try(session: Session) -> None:
    """A picture and a question, in a memory of their own."""
    now = utc_now()
    Session(session.bundle).see(Observation(now, header(now, "", ""), (np.zeros((*PICTURE, 3), np.uint8),)))
    for _piece in Session(session.bundle).ask("?", options=AskOptions(max_tokens=ANSWER)):
        pass
