"""From logits to the next token."""

from __future__ import annotations

import torch
from torch import Tensor


def next_token(
    logits: Tensor,
    temperature: float,
    top_p: float,
    repetition_penalty: float,
    before: Tensor,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Choose a token. logits: [vocabulary]; ``before``: int64 [n], the answer's tokens so far.

    Temperature 0 takes the most likely one. ``top_p`` keeps the likeliest tokens that together reach that share.
    ``repetition_penalty`` above 1 makes tokens of this answer less likely to come again.
    Returns (token, its log-probability under the plain distribution), both scalar tensors on the device.
    """
    logits = logits.float()
    plain = logits
    if repetition_penalty != 1.0 and before.numel():
        used = logits[before]
        logits = logits.index_copy(
            0, before, torch.where(used > 0, used / repetition_penalty, used * repetition_penalty)
        )
    if temperature <= 0:
        token = logits.argmax()
    else:
        probabilities = torch.softmax(logits / temperature, dim=-1)
        if top_p < 1.0:
            ordered, order = probabilities.sort(descending=True)
            ordered = ordered.masked_fill(ordered.cumsum(0) - ordered >= top_p, 0.0)  # the first always stays
            token = order[torch.multinomial(ordered, 1, generator=generator)[0]]
        else:
            token = torch.multinomial(probabilities, 1, generator=generator)[0]
    # gathered: an index that is a tensor would be fetched to the host
    return token, (plain.gather(0, token.view(1)) - plain.logsumexp(0)).view(())
