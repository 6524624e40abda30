"""Operations on any array, for passes that cut its blocks in another way: the values must stay."""

from __future__ import annotations

import numpy as np

import minidask.array as da

OPERATIONS = {
    "chain": lambda x: (x + 1) * 2 - x,
    "transpose": lambda x: x.T + 1,
    "sum of both": lambda x: x + x.T.T,
    "mean": lambda x: x.mean(axis=0) if x.ndim else x.mean(),
    "centred": lambda x: x - (x.mean(axis=0) if x.ndim else x.mean()),
    "centred columns": lambda x: x - (x.mean(axis=-1, keepdims=True) if x.ndim else 0),
    "spread": lambda x: (x - x.mean()).std(),
    "where": lambda x: np.where(x > 1, x, -x).astype("f4"),
    "largest": lambda x: (x + 1).argmax() if x.size else x.sum(),
    "user's": lambda x: (x + 1).map_blocks(np.negative) + x,
    "slice": lambda x: (x + 1)[..., ::2] * 2 if x.ndim else x,
    "rechunked": lambda x: (x + 1).rechunk(3) * 2,
    "running": lambda x: x.cumsum(axis=0) + x if x.ndim else x,
    "ones": lambda x: x + da.ones(x.shape, chunks=2),
    "broadcast": lambda x: np.broadcast_to(x, (3, *x.shape)).sum(axis=0) + x,
    "two": lambda x: x.sum() + (x * 2).max() if x.size else x.sum(),
}
