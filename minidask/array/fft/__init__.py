"""Fourier transforms: ``da.fft``, the functions of ``numpy.fft`` on blocks.

A transform needs whole axes: those that it goes along have to be in one block each (``x.rechunk({axis: -1})``); the others may
be in any chunks. ``transforms`` has the transforms, and ``fft_wrap`` for those of other libraries; ``frequencies`` what goes
with them.
"""

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
