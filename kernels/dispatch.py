"""Chooses one form of each operator for a device, once, and hands it out.

An operator's folder holds ``naive.py`` (the formula in plain PyTorch, on any device), and where it pays ``cpu.py`` or
``triton.py`` with functions of the same names and signatures. A module that lacks a function leaves it to the naive
form. ``AFTERIMAGE_KERNELS=naive`` turns the fast forms off, for tests and for hunting faults. Under ``torch.compile``
the naive forms are handed out, which it fuses; the delta rule is to be kept out of it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kernels.norms import naive as norms
from kernels.rotary import naive as rotary
from kernels.short_conv import naive as convolution
from kernels.swiglu import naive as gated
from kernels.window_attention import naive as attention

COMPILED: dict[str, Callable[..., Any]] = {  # what torch.compile sees, by function
    "rms_norm": norms.rms_norm, "add_rms_norm": norms.add_rms_norm, "gated_rms_norm": norms.gated_rms_norm,
    "l2_norm": norms.l2_norm, "swiglu": gated.swiglu, "rotate": rotary.rotate, "short_conv": convolution.short_conv,
    "window_attention": attention.window_attention, "append": attention.append,
}  # fmt: skip


def fast_form(device_type: str) -> str | None:
    """The name of the fast module for this kind of device, or None where there is none."""
    if os.environ.get("AFTERIMAGE_KERNELS") == "naive":
        return None
    if device_type == "cpu":
        return "cpu"
    if device_type == "cuda" and importlib.util.find_spec("triton") is not None:
        return "triton"
    return None


def chosen(operator: str, function: str, device_type: str) -> Callable[..., Any]:
    """The function that serves ``kernels.<operator>`` on such a device."""
    if torch.compiler.is_compiling() and function in COMPILED:
        return COMPILED[function]
    return _chosen(operator, function, device_type)


@functools.cache
def _chosen(operator: str, function: str, device_type: str) -> Callable[..., Any]:
    form = fast_form(device_type)
    name = f"kernels.{operator}.{form}"
    if form is not None and importlib.util.find_spec(name) is not None:
        found: Callable[..., Any] | None = getattr(importlib.import_module(name), function, None)
        if found is not None:
            return found
    naive: Callable[..., Any] = getattr(importlib.import_module(f"kernels.{operator}.naive"), function)
    return naive


def gated_delta(
    q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor | None, scale: float
) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.gated_delta.naive.gated_delta`."""
    result: tuple[Tensor, Tensor] = chosen("gated_delta", "gated_delta", q.device.type)(
        q, k, v, g, beta, state, scale
    )
    return result


def short_conv(x: Tensor, weight: Tensor, bias: Tensor | None, tail: Tensor | None) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.short_conv.naive.short_conv`."""
    result: tuple[Tensor, Tensor] = chosen("short_conv", "short_conv", x.device.type)(x, weight, bias, tail)
    return result


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """See :func:`kernels.norms.naive.rms_norm`."""
    result: Tensor = chosen("norms", "rms_norm", x.device.type)(x, weight, eps)
    return result


def add_rms_norm(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.norms.naive.add_rms_norm`."""
    result: tuple[Tensor, Tensor] = chosen("norms", "add_rms_norm", x.device.type)(x, residual, weight, eps)
    return result


def gated_rms_norm(x: Tensor, gate: Tensor, weight: Tensor, eps: float) -> Tensor:
    """See :func:`kernels.norms.naive.gated_rms_norm`."""
    result: Tensor = chosen("norms", "gated_rms_norm", x.device.type)(x, gate, weight, eps)
    return result


def l2_norm(x: Tensor, eps: float = 1e-6) -> Tensor:
    """See :func:`kernels.norms.naive.l2_norm`."""
    result: Tensor = chosen("norms", "l2_norm", x.device.type)(x, eps)
    return result


def swiglu(gate: Tensor, value: Tensor) -> Tensor:
    """See :func:`kernels.swiglu.naive.swiglu`."""
    result: Tensor = chosen("swiglu", "swiglu", gate.device.type)(gate, value)
    return result


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """See :func:`kernels.rotary.naive.rotate`."""
    result: Tensor = chosen("rotary", "rotate", x.device.type)(x, cos, sin)
    return result


def window_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    past_k: Tensor,
    past_v: Tensor,
    seen: Tensor,
    window: int,
    sinks: int,
    scale: float,
) -> Tensor:
    """See :func:`kernels.window_attention.naive.window_attention`."""
    result: Tensor = chosen("window_attention", "window_attention", q.device.type)(
        q, k, v, past_k, past_v, seen, window, sinks, scale
    )
    return result


def append(past: Tensor, new: Tensor, seen: Tensor, sinks: int) -> Tensor:
    """See :func:`kernels.window_attention.naive.append`."""
    result: Tensor = chosen("window_attention", "append", past.device.type)(past, new, seen, sinks)
    return result


def append_(past: Tensor, new: Tensor, seen: Tensor, sinks: int) -> None:
    """See :func:`kernels.window_attention.naive.append_`."""
    chosen("window_attention", "append_", past.device.type)(past, new, seen, sinks)


def quantized_linear(x: Tensor, packed: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """See :func:`kernels.quantized_linear.naive.quantized_linear`."""
    result: Tensor = chosen("quantized_linear", "quantized_linear", x.device.type)(x, packed, scale, bias)
    return result


def cut(
    pictures: Tensor,
    mean: Tensor,
    deviation: Tensor,
    order: Tensor | None,
    patch: int,
    merge: int,
    steps: int,
    dtype: torch.dtype,
) -> Tensor:
    """See :func:`kernels.patches.naive.cut`."""
    result: Tensor = chosen("patches", "cut", pictures.device.type)(
        pictures, mean, deviation, order, patch, merge, steps, dtype
    )
    return result
