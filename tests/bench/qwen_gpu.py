"""Qwen2.5-VL-3B on the present GPU, as transformers runs it, over a context that grows; run by hand.

    python -m tests.bench.qwen_gpu [--json FILE] [--contexts N,N,...] [--small]

The Transformer of our size, to set beside ``tests.bench.engine_gpu``: random weights in bf16, flash attention. Its
cache of keys and values is filled with random ones up to each context, then timed (medians): a frame of 448x448 in
(256 tokens: vision tower and prefill; no head, and unlike our figures no pre-processing and no transfer), one token
out, and the memory. Each step starts from the same context. Two caches: "growing" is transformers' own, which copies
itself at every step; "in place" writes into room kept free, the best that could be done for it.

A context that fails (out of memory) is reported with its error and the others still run. ``--small`` walks the same
code with a tiny network, on the CPU too. Needs transformers (4.5x or 5.x); nothing is fetched.
"""

import argparse
import importlib
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.bias import causal_lower_right

CONTEXTS = (2_000, 50_000, 100_000, 300_000)
FRAME_GRID = (1, 32, 32)  # patches of a picture of 448x448
FRAME_TOKENS = 256
IMAGE = 151655
REPEAT = 15
VARLEN = "flash_attention_2"  # the name under which transformers takes its straightest path through attention

PUBLISHED: dict[str, Any] = {
    "hidden_size": 2048,
    "num_hidden_layers": 36,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "intermediate_size": 11008,
    "vocab_size": 151936,
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 512_000,
    "rope_theta": 1e6,
    "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    "tie_word_embeddings": True,
}
PUBLISHED_VISION: dict[str, Any] = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 2048,
    "fullatt_block_indexes": [7, 15, 23, 31],
}
SMALL = PUBLISHED | {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 192}
SMALL |= {"rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]}}
SMALL_VISION = PUBLISHED_VISION | {"depth": 2, "hidden_size": 64, "intermediate_size": 96, "num_heads": 4}
SMALL_VISION |= {"out_hidden_size": 128, "fullatt_block_indexes": [1]}


def load_transformers() -> Any:
    """transformers, kept off the network and off our own package ``kernels``, which it would take for another."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    sys.modules["kernels"] = None  # type: ignore[assignment]
    import transformers

    return transformers


class TorchFlash:
    """Attention for transformers by torch's own flash kernel, fewer key heads than query heads included."""

    def __init__(self, device: torch.device) -> None:
        self.varlen: Callable[..., Any] | None = None  # windows of all lengths in one call, where torch has that
        if device.type == "cuda" and importlib.util.find_spec("torch.nn.attention.varlen"):
            self.varlen = importlib.import_module("torch.nn.attention.varlen").varlen_attn

    def __call__(
        self,
        _module: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        _mask: Tensor | None = None,
        cu_seq_lens_q: Tensor | None = None,
        max_length_q: int | None = None,
        **_: Any,
    ) -> tuple[Tensor, None]:
        """query: [1, heads, T, d]; key, value: [1, key heads, S, d], the queries being the last T of S.

        Returns [1, T, heads, d]. ``cu_seq_lens_q``, int32 [windows + 1]: where windows begin and end that see only
        themselves, both ways; ``max_length_q``: the longest.
        """
        T, S = query.shape[2], key.shape[2]
        if cu_seq_lens_q is None:
            seen = None if T == 1 else causal_lower_right(T, S)
            o = F.scaled_dot_product_attention(query, key, value, attn_mask=seen, enable_gqa=True)
        elif self.varlen is not None:
            flat = (part[0].transpose(0, 1).contiguous() for part in (query, key, value))  # [N, heads, d]
            return self.varlen(*flat, cu_seq_lens_q, cu_seq_lens_q, int(max_length_q or S), int(max_length_q or S))[
                None
            ], None
        else:
            sizes = cu_seq_lens_q.diff().tolist()
            parts = zip(*(torch.split(part, sizes, dim=2) for part in (query, key, value)), strict=True)
            o = torch.cat([F.scaled_dot_product_attention(*part) for part in parts], dim=2)
        return o.transpose(1, 2), None

    def settle(self, device: torch.device) -> str:
        """Check the kernels against the plain formula, without the one call for windows where that fails."""
        try:
            off = check_attention(self, device)
        except (RuntimeError, TypeError, AttributeError) as error:
            if self.varlen is None:
                raise
            print(f"window by window: {error}", flush=True)
            self.varlen = None
            off = check_attention(self, device)
        kernel = "torch's flash kernel" if device.type == "cuda" else "torch's plain attention (no GPU)"
        how = "in one call" if self.varlen else "one by one"
        return f"{kernel}, the tower's windows {how}, at most {off:.2g} off the formula in fp32"


def check_attention(attend: TorchFlash, device: torch.device) -> float:
    """The largest difference from the plain formula in fp32; raises RuntimeError where they disagree."""

    def draw(heads: int, length: int, size: int) -> Tensor:
        return torch.randn(1, heads, length, size, device=device, dtype=torch.bfloat16)

    def difference(o: Tensor, q: Tensor, k: Tensor, v: Tensor, hidden: Tensor | None = None) -> float:
        k, v = (part.float().repeat_interleave(q.shape[1] // part.shape[1], 1) for part in (k, v))
        scores = q.float() @ k.transpose(2, 3) / q.shape[-1] ** 0.5
        if hidden is not None:
            scores = scores.masked_fill(hidden, -torch.inf)
        return float((o.float() - scores.softmax(-1) @ v).abs().max())

    found = []
    with torch.inference_mode(), flash_only(device):
        for T, S in ((1, 300), (64, 300)):
            q, k, v = draw(16, T, 128), draw(2, S, 128), draw(2, S, 128)
            hidden = torch.ones(T, S, device=device, dtype=torch.bool).triu(S - T + 1)
            found.append(difference(attend(None, q, k, v)[0].transpose(1, 2), q, k, v, hidden))
        bounds = torch.tensor([0, 16, 40], device=device, dtype=torch.int32)
        q, k, v = (draw(16, 40, 80) for _ in range(3))
        o = attend(None, q, k, v, cu_seq_lens_q=bounds, max_length_q=24)[0].transpose(1, 2)
        for start, end in ((0, 16), (16, 40)):
            found.append(difference(*(part[:, :, start:end] for part in (o, q, k, v))))
    if max(found) > 0.05:
        raise RuntimeError(f"torch's flash attention is {max(found):.3g} off the plain formula here.")
    return max(found)


def flash_only(device: torch.device) -> AbstractContextManager[None]:
    """Only torch's flash kernel may serve: a silent slower one would not be the comparison."""
    return sdpa_kernel(SDPBackend.FLASH_ATTENTION) if device.type == "cuda" else nullcontext()


def build(transformers: Any, small: bool, device: torch.device, flash_attn: bool) -> tuple[Any, str]:
    """The network with random weights in bf16, and how its attention is done."""
    text, vision = (SMALL, SMALL_VISION) if small else (PUBLISHED, PUBLISHED_VISION)
    config = transformers.Qwen2_5_VLConfig(text_config=dict(text), vision_config=vision, tie_word_embeddings=True)
    config._attn_implementation = VARLEN if flash_attn else "sdpa"
    kept = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            model = transformers.Qwen2_5_VLForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(kept)
    if flash_attn:
        return model, "flash_attn's"
    attend = TorchFlash(device)
    attention = attend.settle(device)
    transformers.AttentionInterface.register(VARLEN, attend)
    for module in model.modules():
        if hasattr(getattr(module, "config", None), "_attn_implementation"):
            module.config._attn_implementation = VARLEN
    return model, attention


def ready(transformers: Any, small: bool, device: torch.device) -> tuple[Any, str]:
    """A network that has been seen to run: with flash_attn where that is installed and works, else torch's kernel."""
    if device.type == "cuda" and importlib.util.find_spec("flash_attn") is not None:
        try:
            model, attention = build(transformers, small, device, flash_attn=True)
            measure(transformers, model, FRAME_TOKENS, in_place=False, repeat=1)
            return model, attention
        except Exception as error:  # noqa: BLE001 - whatever ails it, torch's own kernel is as good
            print(f"flash_attn is installed but does not work here: {error}", flush=True)
    model, attention = build(transformers, small, device, flash_attn=False)
    measure(transformers, model, FRAME_TOKENS, in_place=False, repeat=1)
    return model, attention


def filled_cache(transformers: Any, config: Any, tokens: int, device: torch.device, in_place: bool) -> Any:
    """A cache that has seen ``tokens`` random tokens."""
    from transformers.cache_utils import DynamicLayer

    class InPlaceLayer(DynamicLayer):  # type: ignore[misc, unused-ignore]
        """Keys and values written where room is kept for them; nothing that is there is copied."""

        keys: Tensor
        values: Tensor
        room: list[Tensor]

        def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
            start, end = self.keys.shape[-2], self.keys.shape[-2] + key_states.shape[-2]
            self.room[0][..., start:end, :] = key_states
            self.room[1][..., start:end, :] = value_states
            self.keys, self.values = (room[..., :end, :] for room in self.room)
            return self.keys, self.values

    cache = transformers.DynamicCache()
    size = config.hidden_size // config.num_attention_heads
    room = FRAME_TOKENS if in_place else 0
    shape = (1, config.num_key_value_heads, tokens + room, size)
    cache.layers = []
    for _ in range(config.num_hidden_layers):
        layer = InPlaceLayer() if in_place else DynamicLayer()
        layer.room = [torch.randn(shape, device=device, dtype=torch.bfloat16) for _ in range(2)]
        layer.dtype, layer.device, layer.is_initialized = torch.bfloat16, device, True
        layer.keys, layer.values = (part[..., :tokens, :] for part in layer.room)
        if not in_place:
            del layer.room
        cache.layers.append(layer)
    return cache


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def median(call: Callable[[], object], cache: Any, tokens: int, device: torch.device, repeat: int) -> float:
    """Milliseconds of a step, each time from a cache of ``tokens``."""
    times = []
    for _ in range(repeat + 3):
        synchronize(device)
        begun = time.perf_counter()
        call()
        synchronize(device)
        times.append((time.perf_counter() - begun) * 1e3)
        cache.crop(tokens - cache.get_seq_length())
        if cache.get_seq_length() != tokens:
            raise RuntimeError(f"The cache holds {cache.get_seq_length()} tokens, not {tokens}.")
    return statistics.median(times[3:])


def positions(start: int, height: int, width: int, device: torch.device) -> Tensor:
    """Places [3, 1, height * width] of a picture's tokens: time stands still, rows and columns run."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([torch.zeros_like(rows), rows, columns]).reshape(3, 1, -1) + start
    return places.to(device)


def measure(transformers: Any, model: Any, tokens: int, in_place: bool, repeat: int) -> dict[str, float]:
    device = model.device
    on_gpu = device.type == "cuda"
    before = torch.cuda.memory_allocated() if on_gpu else 0
    cache = filled_cache(transformers, model.config.text_config, tokens, device, in_place)
    held = sum(part.nbytes for layer in cache.layers for part in (layer.keys, layer.values))
    result: dict[str, float] = {"cache_GB": held / 1e9}
    if on_gpu:
        result["allocated_GB"] = torch.cuda.memory_allocated() / 1e9
        result["above_weights_GB"] = (torch.cuda.memory_allocated() - before) / 1e9
        torch.cuda.reset_peak_memory_stats()
    _, height, width = FRAME_GRID
    grid = torch.tensor([FRAME_GRID], device=device)
    pixels = torch.randn(height * width, 1176, device=device, dtype=torch.bfloat16)
    pads = torch.full((1, FRAME_TOKENS), IMAGE, device=device)
    places = positions(tokens, height // 2, width // 2, device)
    token = torch.full((1, 1), 1000, device=device)

    def frame() -> None:
        model.model(
            input_ids=pads,
            pixel_values=pixels,
            image_grid_thw=grid,
            position_ids=places,
            past_key_values=cache,
            use_cache=True,
        )

    def out() -> int:
        answer = model(input_ids=token, position_ids=places[..., :1], past_key_values=cache, use_cache=True)
        return int(answer.logits[0, -1].argmax())

    with torch.inference_mode(), flash_only(device):
        result["frame_ms"] = median(frame, cache, tokens, device, repeat)
        result["token_ms"] = median(out, cache, tokens, device, repeat)
    if on_gpu:
        result["peak_GB"] = torch.cuda.max_memory_allocated() / 1e9
    return result


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--contexts", default=",".join(map(str, CONTEXTS)), help="tokens of context, with commas")
    parser.add_argument("--seconds", type=float, default=160, help="start no further context after so long")
    parser.add_argument("--small", action="store_true", help="a tiny network and contexts, to try the script")
    options = parser.parse_args()
    begun = time.monotonic()
    transformers = load_transformers()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not options.small:
        parser.error("there is no GPU here; --small walks through the script on the CPU.")
    torch.manual_seed(0)
    model, attention = ready(transformers, options.small, device)
    rows: list[dict[str, Any]] = []
    report = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "attention": attention,
        "parameters": sum(part.numel() for part in model.parameters()),
        "weights_GB": sum(part.nbytes for part in model.parameters()) / 1e9,
        "contexts": rows,
    }
    print(json.dumps(report), f"built in {time.monotonic() - begun:.0f} s", flush=True)
    contexts = (50, 200) if options.small else tuple(map(int, options.contexts.split(",")))
    for tokens in contexts:
        for in_place in (False, True):
            row: dict[str, Any] = {"tokens": tokens, "cache": "in place" if in_place else "growing"}
            if time.monotonic() - begun > options.seconds:
                row["error"] = "left out: the time was up"
            else:
                try:
                    row |= measure(transformers, model, tokens, in_place, REPEAT)
                except Exception as error:  # noqa: BLE001 - the other contexts are still worth their time
                    row["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
            if device.type == "cuda":
                torch.cuda.empty_cache()
            rows.append(row)
            print(
                {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()},
                flush=True,
            )
            if options.json:
                options.json.write_text(json.dumps(report, indent=1))
    return int(all("error" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
