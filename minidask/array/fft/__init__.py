"""Fourier transforms: ``da.fft``, the functions of ``numpy.fft`` on blocks.

A transform needs whole axes: those that it goes along have to be in one block each (``x.rechunk({axis: -1})``); the others may
be in any chunks. ``transforms`` has the transforms, and ``fft_wrap`` for those of other libraries; ``frequencies`` what goes
with them.
"""

from typing import Any

import numpy as np

from minidask.array.fft.frequencies import fftfreq, fftshift, ifftshift, rfftfreq
from minidask.array.fft.transforms import (
    fft,
    fft2,
    fft_wrap,
    fftn,
    hfft,
    ifft,
    ifft2,
    ifftn,
    ihfft,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)
from minidask.array.remedies import remedy

__all__ = [
    "fft",
    "fft2",
    "fft_wrap",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


def __getattr__(name: str) -> Any:
    """Raise AttributeError; for what NumPy has it says what to do."""
    instead = remedy("fft", name) if hasattr(np.fft, name) else None
    if instead is not None:
        raise AttributeError(f"minidask.array.fft.{name} isn't built: {instead}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
