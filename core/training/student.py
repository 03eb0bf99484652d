"""Shapes and first weights: a teacher with full attention everywhere, and the student that inherits from it."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import cast

import torch
from torch import nn

from core.errors import InputError, WeightsError
from core.model.config import ModelShape
from core.model.layers import GatedDeltaNet
from core.model.network import InfiniteVL
from core.model.text import DecoderLayer
from core.training import nano

FIRST_STEP = 0.001  # softplus of the first dt_bias: what a student's memory forgets a token
TRAINED = ("gdn", "decoder", "all")  # what of a network may learn


def teacher_shape(shape: ModelShape) -> ModelShape:
    """The same network with full attention in every layer."""
    whole = shape.max_position_embeddings
    return replace(shape, linear_layers=(False,) * shape.num_hidden_layers, window=whole, sinks=0)


def student_shape(shape: ModelShape, share: Fraction, window: int) -> ModelShape:
    """The same network with attention in a ``share`` of its layers, and Gated DeltaNet in the others.

    Raises InputError for a share that is neither 0 nor one part of a whole number (1, 1/2, 1/4 ...).
    """
    if share and share.numerator != 1:
        raise InputError(f"A share of attention layers of {share} cannot be laid out.", "Give 0, 1, 1/2, 1/4 ...")
    every = share.denominator if share else shape.num_hidden_layers + 1
    linear = tuple(share == 0 or i % every != 0 for i in range(shape.num_hidden_layers))
    return replace(shape, linear_layers=linear, window=window)


def identity_start(mixer: GatedDeltaNet) -> None:
    """The paper's first gates of a layer that replaces attention: it passes on what comes in, and forgets little.

    Writing strength one half, decay ``FIRST_STEP`` a token, convolutions that take the present token alone.
    """
    with torch.no_grad():
        mixer.A_log.zero_()
        mixer.dt_bias.fill_(math.log(math.expm1(FIRST_STEP)))
        mixer.a_proj.weight.zero_()
        mixer.b_proj.weight.zero_()
        if mixer.short_conv:
            for conv in (mixer.q_conv1d, mixer.k_conv1d, mixer.v_conv1d):
                conv.weight.zero_()
                conv.weight[..., -1] = 1


def inherit(student: InfiniteVL, source: InfiniteVL) -> None:
    """Copy all that both have: vision, embeddings, norms, MLPs, and mixers of the same kind; the student's other
    Gated DeltaNet layers get their identity start.

    Raises WeightsError where the networks differ in more than their mixers.
    """
    given = dict(source.named_parameters())
    ours, theirs = student.shape.linear_layers, source.shape.linear_layers
    if len(ours) != len(theirs):
        raise WeightsError(f"A student of {len(ours)} layers cannot inherit from {len(theirs)}.", "Make them equal.")
    for index, layer in enumerate(student.language_model.layers):
        mixer = cast("DecoderLayer", layer).self_attn
        if ours[index] == theirs[index]:
            continue
        given |= {f"language_model.layers.{index}.self_attn.{name}": p for name, p in mixer.named_parameters()}
        if isinstance(mixer, GatedDeltaNet):
            identity_start(mixer)
    with torch.no_grad():
        for name, parameter in student.named_parameters():
            found = given.get(name)
            if found is None or found.shape != parameter.shape:
                raise WeightsError(f"The student cannot inherit {name}.", "Start it from a network of its own sizes.")
            if found is not parameter:
                parameter.copy_(found)


def take_tower(network: InfiniteVL, source: InfiniteVL) -> None:
    """Copy the vision tower. Raises WeightsError where the source's is of other sizes."""
    given = source.visual.state_dict()
    wanted = network.visual.state_dict()
    if given.keys() != wanted.keys() or any(given[name].shape != wanted[name].shape for name in wanted):
        raise WeightsError(
            "The vision tower is of other sizes than this network's.", "Name a model of the same width."
        )
    network.visual.load_state_dict(given)


def fresh_network(shape: ModelShape, seed: int) -> InfiniteVL:
    """A network with its first weights, in fp32 on the CPU."""
    with torch.random.fork_rng(devices=[]):
        return nano.fresh(shape, seed)[0]


def let_learn(network: InfiniteVL, part: str) -> list[str]:
    """Mark what learns: the Gated DeltaNet mixers, the decoder with its head, or all. Returns the names.

    Raises InputError where nothing would learn.
    """
    if part not in TRAINED:
        raise InputError(f"There is no part {part!r} of a network to train.", f"Choose of {', '.join(TRAINED)}.")
    mixers = {
        f"language_model.layers.{i}.self_attn." for i, linear in enumerate(network.shape.linear_layers) if linear
    }
    prefixes = {"gdn": tuple(mixers), "decoder": ("language_model.", "lm_head."), "all": ("",)}[part]
    chosen = []
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith(prefixes))
        if parameter.requires_grad:
            chosen.append(name)
    if not chosen:
        raise InputError("No Gated DeltaNet layer is there to learn.", "Train the decoder, or give it such layers.")
    return chosen


def decay_groups(module: nn.Module, decay: float) -> list[dict[str, object]]:
    """Parameter groups for AdamW: matrices shrink, what scales or shifts a channel does not."""
    learning = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in learning if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
    ]
