"""Which library reads and writes parquet. One so far; an engine that isn't built is refused here."""

from __future__ import annotations


def check_engine(engine: str) -> None:
    """Raise unless the engine is there.

    Raises
    ------
    NotImplementedError
        For ``"fastparquet"``.
    ValueError
        For an unknown name.
    """
    if engine == "fastparquet":
        raise NotImplementedError("engine='fastparquet' isn't built: engine='pyarrow' reads and writes the same files")
    if engine not in ("auto", "pyarrow", "arrow"):
        raise ValueError(f"unknown parquet engine {engine!r}: use 'auto' or 'pyarrow'")
