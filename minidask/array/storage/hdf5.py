"""Write arrays as datasets of an HDF5 file: ``to_hdf5``. Reading is ``from_array(h5py.File(...)["/x"])``.

Place in the flow: above ``storing``; HDF5's library lets one thread in at a time, and the file is open in this process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minidask.array.collection import ArrayBase, check_known_shape
from minidask.array.storing import store


def to_hdf5(filename: Any, *args: Any, chunks: Any = True, **kwargs: Any) -> None:
    """Write arrays into an HDF5 file, as datasets.

    Parameters
    ----------
    filename : path
        Made if it isn't there; datasets of other names stay.
    *args
        A dataset's name and its array, or ``{name: array}``.
    chunks : tuple or bool
        How the file is cut: True as the array's first blocks, False not at all, or the
        sizes.
    **kwargs
        For ``h5py.File.create_dataset``, such as ``compression="gzip"``.

    Raises
    ------
    ImportError
        If h5py isn't installed.
    TypeError
        If the arguments are neither.
    UnknownChunkSizes
        If sizes of blocks aren't known.
    ValueError
        If there is a dataset of this name and another shape or dtype.

    Examples
    --------
    >>> import tempfile, h5py, minidask.array as da
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     da.to_hdf5(f"{folder}/a.h5", "/x", da.ones(3, chunks=2), compression="gzip")
    ...     with h5py.File(f"{folder}/a.h5") as file:
    ...         da.from_array(file["/x"]).sum().compute()
    np.float64(3.0)
    """
    if len(args) == 1 and isinstance(args[0], Mapping):
        data = dict(args[0])
    elif len(args) == 2 and isinstance(args[0], str):
        data = {args[0]: args[1]}
    else:
        raise TypeError("to_hdf5 takes a name and an array, or a mapping of names to arrays")
    if not data or not all(isinstance(x, ArrayBase) for x in data.values()):
        raise TypeError("to_hdf5 writes chunked arrays: use h5py for those in memory")
    for x in data.values():
        check_known_shape("to_hdf5", x)
    try:
        import h5py
    except ImportError as error:
        raise ImportError("to_hdf5 needs the package 'h5py': install it, or use to_zarr or to_npy_stack") from error
    with h5py.File(filename, "a") as file:
        datasets = [
            file.require_dataset(name, shape=x.shape, dtype=x.dtype, chunks=_cut(x, chunks), exact=True, **kwargs)
            for name, x in data.items()
        ]
        # Threads of this process alone: an open file can't travel.
        store(list(data.values()), datasets, scheduler="threads")


def _cut(x: ArrayBase, chunks: Any) -> Any:
    """Return the sizes of a dataset's chunks; None for one that isn't cut."""
    if chunks is True:
        return tuple([max(int(sizes[0]), 1) for sizes in x.chunks]) if x.ndim and 0 not in x.shape else None
    return chunks or None
