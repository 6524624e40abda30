"""A folder of ``.npy`` files, one for each block along an axis, and a file ``info`` that says the chunks, the axis and the dtype.

The layout is Dask's, so that either reads what the other wrote. ``info`` is a pickle; only what such a file holds is loaded of it
(numbers, text, tuples and a dtype), never other code.

Place in the flow: above ``sources``; blocks are memory maps, so that only what is used is read.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from minidask.array.chunks import normalize_axis, numblocks_of
from minidask.array.collection import ArrayBase, check_known_shape, new_array
from minidask.array.meta import numpy_meta
from minidask.array.rechunk import rechunk_to
from minidask.array.sources import symbols
from minidask.array.storing import all_of
from minidask.graph import BlockId, blockwise
from minidask.tokenize import tokenize

INFO = "info"


class Save(NamedTuple):
    """Write a block into the file of its number."""

    folder: str
    axis: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to-npy-stack"

    def __call__(self, block: Any, block_id: tuple[int, ...]) -> None:
        np.save(Path(self.folder) / f"{block_id[self.axis]}.npy", np.asarray(block))


def to_npy_stack(dirname: Any, x: Any, axis: int = 0) -> None:
    """Write an array into a folder, one ``.npy`` file for each block along an axis; the other axes are brought into one block.

    Parameters
    ----------
    dirname : path
        Made if it isn't there.
    x : Array
    axis : int

    Raises
    ------
    numpy.exceptions.AxisError
        If the axis is out of range.
    TypeError
        If ``x`` is no chunked array, or its elements are Python objects.
    UnknownChunkSizes
        If sizes of blocks aren't known.

    Examples
    --------
    >>> import tempfile, minidask.array as da
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     da.to_npy_stack(folder, da.ones((3, 2), chunks=(2, 1)))
    ...     da.from_npy_stack(folder).sum().compute()
    np.float64(6.0)
    """
    if not isinstance(x, ArrayBase):
        raise TypeError(f"to_npy_stack writes a chunked array, got {type(x).__name__}: use numpy.save")
    check_known_shape("to_npy_stack", x)
    axis = normalize_axis(axis, x.ndim)
    if x.dtype.hasobject:
        raise TypeError("Python objects can't be written into .npy files safely: convert them to text or numbers first")
    stacked = rechunk_to(x, tuple([s if at == axis else (sum(s),) for at, s in enumerate(x.chunks)]))
    folder = Path(dirname)
    folder.mkdir(parents=True, exist_ok=True)
    info = {"chunks": stacked.chunks, "dtype": stacked.dtype, "axis": axis}
    (folder / INFO).write_bytes(pickle.dumps(info))
    index = symbols(x.ndim)
    save: Any = Save(str(folder.resolve()), axis)
    layer = blockwise(save, index, (stacked._layer, index), (BlockId(), index), name=f"to-npy-stack-{uuid4().hex}")
    all_of([new_array(layer, stacked.chunks, stacked._meta)]).compute()


class Load(NamedTuple):
    """Read the file of a block."""

    folder: str
    axis: int
    mmap_mode: Any

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "from-npy-stack"

    def __call__(self, block_id: tuple[int, ...]) -> Any:
        return np.asarray(np.load(Path(self.folder) / f"{block_id[self.axis]}.npy", mmap_mode=self.mmap_mode))


class _Info(pickle.Unpickler):
    """Load tuples, numbers, text and dtypes, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        raise pickle.UnpicklingError(
            f"the file {INFO!r} of a stack holds numbers, text and a dtype, not {module}.{name}"
        )


def from_npy_stack(dirname: Any, mmap_mode: str | None = "r") -> Any:
    """Make an array of a folder that ``to_npy_stack`` wrote.

    Parameters
    ----------
    dirname : path
    mmap_mode : str, optional
        How files are mapped into memory; None reads them.

    Raises
    ------
    FileNotFoundError
        If there is no such stack, or a file of it is missing.
    pickle.UnpicklingError
        If the file ``info`` is none of a stack.

    Examples
    --------
    >>> import tempfile, minidask.array as da
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     da.to_npy_stack(folder, da.arange(3, chunks=2))
    ...     da.from_npy_stack(folder).compute()
    array([0, 1, 2])
    """
    if mmap_mode not in (None, "r", "r+", "c"):
        raise ValueError(f"mmap_mode must be 'r', 'r+', 'c' or None, got {mmap_mode!r}")
    folder = Path(dirname).resolve()
    with open(folder / INFO, "rb") as file:
        info = _Info(file).load()
    chunks, axis, dtype = info["chunks"], info["axis"], np.dtype(info["dtype"])
    # A stack that was written anew has another name.
    states = [(folder / f"{number}.npy").stat() for number in range(len(chunks[axis]))]
    written = [(state.st_size, state.st_mtime_ns) for state in states]
    index = symbols(len(chunks))
    load: Any = Load(str(folder), axis, mmap_mode)
    layer = blockwise(
        load,
        index,
        (BlockId(), index),
        name=f"from-npy-stack-{tokenize(str(folder), chunks, axis, dtype, mmap_mode, written)}",
        new_axes=dict(enumerate(numblocks_of(chunks))),
    )
    return new_array(layer, chunks, numpy_meta(dtype, len(chunks)))
