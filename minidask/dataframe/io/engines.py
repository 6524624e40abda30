"""Which library decodes and encodes the pages of parquet files.

Place in the flow: ``read_parquet`` and ``to_parquet`` ask here. Footers, schemas and statistics are read with pyarrow whatever
the engine; an engine only turns column chunks into Arrow tables and back, so that the answers are the same.
"""

from __future__ import annotations

import warnings

ENGINES = ("auto", "pyarrow", "arrow", "fastparquet")


def check_engine(engine: str | None) -> str:
    """Return ``"pyarrow"`` or ``"fastparquet"``; None and ``"auto"`` are pyarrow.

    Raises
    ------
    ImportError
        If fastparquet isn't installed.
    ValueError
        For an unknown name.

    Examples
    --------
    >>> check_engine("auto"), check_engine("arrow")
    ('pyarrow', 'pyarrow')
    """
    if engine is None:
        return "pyarrow"
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ValueError(f"unknown parquet engine {engine!r}: use 'auto', 'pyarrow' or 'fastparquet'")
    if engine != "fastparquet":
        return "pyarrow"
    try:
        with warnings.catch_warnings():
            # It asks for an option of pandas that is deprecated, when it is imported.
            warnings.simplefilter("ignore")
            import fastparquet  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "engine='fastparquet' needs the package 'fastparquet': install minidask[fastparquet], or use engine='pyarrow', "
            "which reads and writes the same files"
        ) from error
    return engine
