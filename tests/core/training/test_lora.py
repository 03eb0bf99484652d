"""Adapters start without effect, are all that learns, and end as plain matrices."""

from __future__ import annotations

import pytest
import torch

from core.errors import InputError
from core.model.network import InfiniteVL
from core.training import lora
from tests.helpers.models import network, places


def _hidden(model: InfiniteVL) -> torch.Tensor:
    with torch.no_grad():
        hidden: torch.Tensor = model(torch.arange(40)[None], places(40))[0]
    return hidden


def test_a_new_adapter_changes_nothing() -> None:
    model = network()
    before = _hidden(model)
    lora.add_adapters(model.language_model, 4, 8.0)
    assert torch.equal(_hidden(model), before)


def test_adapters_alone_learn() -> None:
    model = network()
    model.requires_grad_(requires_grad=False)
    names = lora.add_adapters(model.language_model, 4, 8.0)
    learning = {name for name, p in model.language_model.named_parameters() if p.requires_grad}
    assert learning == {f"{name}.{part}" for name in names for part in ("lora_A", "lora_B")}
    assert any(name.endswith("self_attn.g_proj") for name in names)
    assert not any(name.endswith(("a_proj", "b_proj")) for name in names)


def test_merged_weights_compute_what_the_adapters_did() -> None:
    model = network()
    names = [name for name, _ in model.named_parameters()]
    lora.add_adapters(model.language_model, 4, 8.0)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("lora_B"):
                parameter.normal_(0, 0.1)
    adapted = _hidden(model)
    plain = network()
    tensors = lora.merged({name: p.detach() for name, p in model.named_parameters()}, 8.0 / 4)
    assert sorted(tensors) == sorted(names)
    assert not torch.allclose(_hidden(plain), adapted, atol=1e-2)
    plain.load_state_dict(tensors)
    assert torch.allclose(_hidden(plain), adapted, atol=1e-4)


def test_an_adapter_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="rank 0"):
        lora.add_adapters(network().language_model, 0, 1.0)
    with pytest.raises(InputError, match="x_proj"):
        lora.add_adapters(network().language_model, 2, 1.0, "x_proj")
