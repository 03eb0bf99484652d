"""The gated delta rule in chunks, as matrix products: for CPUs (and any device without a kernel of its own).

Within a chunk of C tokens, with G the running sum of the log-decays and S the memory before the chunk, the
corrections u written by its tokens obey one triangular system,

    (I + A) U = beta (V - exp(G) K S),    A[t, i] = beta[t] exp(G[t] - G[i]) k[t].k[i]  for i < t,

so that all chunks' systems are inverted at once, and only a few products a chunk wait for the memory to arrive.
Every exponent is at most 0, so nothing overflows. Plain tensor operations throughout: autograd gives the gradient.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kernels.gated_delta import naive

CHUNK = 32  # tokens, a power of two times BLOCK; 64 takes a fifth longer forward, 16 three quarters
BLOCK = 8  # side of the blocks that are inverted by their power series
FEW = 4  # up to this many tokens the plain recurrence is quicker


def gated_delta(
    q: Tensor, k: Tensor, v: Tensor, g: Tensor, beta: Tensor, state: Tensor | None, scale: float
) -> tuple[Tensor, Tensor]:
    """See :func:`kernels.gated_delta.naive.gated_delta`: the same, many times faster for many tokens."""
    B, T, H, K = q.shape
    V = v.shape[-1]
    if T <= FEW:
        return naive.gated_delta(q, k, v, g, beta, state, scale)
    C = BLOCK
    while min(T, CHUNK) > C:
        C *= 2
    qc, kc, vc = (_chunks(x, C) for x in (q, k, v))  # [N, B, H, C, K or V]
    gc, bc = (_chunks(x[..., None], C)[..., 0] for x in (g, beta))  # [N, B, H, C]
    G = gc.double().cumsum(-1)  # differences of large sums are taken below: fp32 would show in the result
    above = torch.ones(C, C, dtype=torch.bool, device=q.device).triu(1)
    decay = (G[..., :, None] - G[..., None, :]).float().masked_fill(above, float("-inf")).exp()  # [N, B, H, C, C]
    reach = G.float().exp()  # [N, B, H, C] what is left at each token of the memory before the chunk
    kt = kc.transpose(-1, -2)
    solve = unit_lower_inverse((kc @ kt * decay * bc[..., None]).tril(-1)) * bc[..., None, :]
    U = solve @ vc  # what the tokens would write into an empty memory
    W = (solve * reach[..., None, :]) @ kc  # how much of it the memory already knows
    inside = qc @ kt * decay * scale  # [N, B, H, C, C]
    reads = torch.cat([W, qc * (reach * scale)[..., None]], dim=-2)  # [N, B, H, 2C, K]
    kt = kt * decay[..., -1:, :]  # [N, B, H, K, C]
    kept = reach[..., -1, None, None]  # [N, B, H, 1, 1]
    S = q.new_zeros(B, H, K, V, dtype=torch.float32) if state is None else state.float()
    outputs = []
    for n in range(len(qc)):
        known, o = (reads[n] @ S).chunk(2, dim=-2)
        u = U[n] - known
        outputs.append(o + inside[n] @ u)
        S = kept[n] * S + kt[n] @ u
    o = torch.stack(outputs, dim=1).permute(0, 1, 3, 2, 4)  # [B, N, C, H, V]
    return o.reshape(B, -1, H, V)[:, :T].to(v.dtype), S


def unit_lower_inverse(A: Tensor) -> Tensor:
    """The inverse of I + A for strictly lower triangular A [..., C, C]; C is BLOCK times a power of two.

    Blocks on the diagonal first, by the finite power series (short enough to lose nothing to rounding, whatever the
    keys); then pairs of blocks are joined, [[a, 0], [b, c]]^-1 = [[a', 0], [-c' b a', c']].
    """
    C, size = A.shape[-1], BLOCK
    a = _diagonal(A, size)  # [..., C / size, size, size]
    one = torch.eye(size, device=A.device)
    inverse, power = one - a, a
    for _ in range(size.bit_length() - 2):
        power = power @ power
        inverse = inverse + inverse @ power
    while size < C:
        first, second = inverse[..., 0::2, :, :], inverse[..., 1::2, :, :]
        below = _diagonal(A, 2 * size)[..., size:, :size]
        joined = -(second @ below @ first)
        top = torch.cat([first, torch.zeros_like(first)], dim=-1)
        inverse = torch.cat([top, torch.cat([joined, second], dim=-1)], dim=-2)
        size *= 2
    return inverse.squeeze(-3)


def _diagonal(A: Tensor, size: int) -> Tensor:
    """The blocks on the diagonal: [..., C, C] -> [..., C / size, size, size]."""
    n = A.shape[-1] // size
    blocks = A.reshape(*A.shape[:-2], n, size, n, size)
    return blocks.diagonal(dim1=-4, dim2=-2).movedim(-1, -3)


def _chunks(x: Tensor, C: int) -> Tensor:
    """[B, T, H, D] -> fp32 [N, B, H, C, D]; tokens missing from the last chunk are zeros, which change nothing."""
    x = F.pad(x.float(), (0, 0, 0, 0, 0, -x.shape[1] % C))
    B, T, H, D = x.shape
    return x.reshape(B, T // C, C, H, D).permute(1, 0, 3, 2, 4).contiguous()
