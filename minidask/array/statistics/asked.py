"""What is asked for by a call of ``quantile``, ``median`` and their like, and how NumPy answers it.

Place in the flow: ``statistics.quantiles`` sends it to the tasks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minidask.array.statistics.interpolation import Place, between, place_of


class Asked(NamedTuple):
    """What is asked for: NumPy's function, and its quantiles (flat) of a shape by a method. Without quantiles the median."""

    function: str
    q: tuple[float, ...] = ()
    shape: tuple[int, ...] = ()
    method: str = "linear"
    # The dtype of q, empty for a Python number, which doesn't widen the result.
    kind: str = ""

    @property
    def ignores_nan(self) -> bool:
        """Whether NaN is left out."""
        return self.function.startswith("nan")

    @property
    def of_numpy(self) -> Any:
        """NumPy's function."""
        return getattr(np, self.function)

    def call(self, block: Any, axes: tuple[int, ...] | None, keepdims: bool, weights: Any = None) -> Any:
        """Call NumPy's function on an array."""
        if not self.q and not self.shape:
            return self.of_numpy(block, axis=axes, keepdims=keepdims)
        # Flat, and taken apart afterwards: NumPy mixes up the axes of NaN quantiles of two dimensions along several axes.
        q: Any = np.array(self.q, self.kind or "f8") if self.shape else self.q[0]
        if self.kind and not self.shape:
            q = np.dtype(self.kind).type(q)
        kwargs = {} if weights is None else {"weights": weights}
        made = self.of_numpy(block, q, axis=axes, method=self.method, keepdims=keepdims, **kwargs)
        return np.reshape(made, (*self.shape, *np.shape(made)[1:])) if len(self.shape) > 1 else made

    def places(self, n: int) -> list[Place]:
        """Return where among ``n`` elements the wanted ones are."""
        if not self.q and not self.shape:
            return [Place((n - 1) // 2, n // 2, 0.5)]
        scale = 100 if "percentile" in self.function else 1
        return [place_of(q / scale, n, self.method) for q in self.q]

    def value(self, found: dict[int, Any], n: int, dtype: Any) -> Any:
        """Return the result, of the elements at these places."""
        if not self.q and not self.shape:
            (place,) = self.places(n)
            return np.median(np.array([found[place.low], found[place.high]], dtype))
        values = [between(found[p.low], found[p.high], p.weight) for p in self.places(n)]
        return np.reshape(np.array(values), self.shape) if self.shape else values[0]
