"""The tables of TPC-H as parquet, made by ``tpchgen-cli``, once below the folder for temporary files.

Place: ``bench_tpch`` measures on them. The standard's decimals and dates become floats and timestamps here, once, since a
dataframe of pandas has no numbers of that kind but as objects; all libraries read the same files. Source: the TPC Benchmark H
standard specification, revision 3.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FOLDER", "TABLES", "tables"]

FOLDER = Path(tempfile.gettempdir()) / "minidask-bench-tpch"
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
PARTS = {"lineitem": 8, "orders": 8}


def tables(scale: float) -> Path:
    """Make the tables of a scale factor, unless that is done; return the folder with one folder a table.

    Raises
    ------
    FileNotFoundError
        If ``tpchgen-cli`` is installed neither beside the interpreter nor on the path.
    CalledProcessError
        If it fails.
    """
    folder = FOLDER / f"scale-{scale:g}"
    if not folder.exists():
        unfinished = Path(tempfile.mkdtemp(dir=made(FOLDER)))
        try:
            for table in TABLES:
                generate(table, scale, unfinished)
            # Two processes may make them at a time: the second finds that it isn't needed.
            if not folder.exists():
                unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def made(folder: Path) -> Path:
    """Make a folder with those above it; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def generate(table: str, scale: float, folder: Path) -> None:
    """Write one table, as so many files as `PARTS` says, into a folder of its name."""
    import pyarrow.parquet as pq

    program = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent)) or shutil.which("tpchgen-cli")
    if program is None:
        raise FileNotFoundError("the tables of TPC-H are made by a program: pip install tpchgen-cli")
    parts, raw, out = PARTS.get(table, 1), made(folder / "raw"), made(folder / table)
    options = [f"--tables={table}", f"--output-dir={raw}", *([f"--parts={parts}"] if parts > 1 else [])]
    subprocess.run([program, "parquet", f"--scale-factor={scale:g}", *options], check=True, stdout=sys.stderr)
    for number, file in enumerate(sorted(raw.rglob("*.parquet"))):
        pq.write_table(simple(pq.read_table(file)), out / f"part.{number}.parquet")
    shutil.rmtree(raw)


def simple(table: pa.Table) -> pa.Table:
    """Turn decimals into floats, dates into timestamps, and every kind of text into plain strings.

    >>> import pyarrow as pa
    >>> from datetime import date
    >>> simple(pa.table({"day": pa.array([date(1995, 3, 15)]), "key": [1]})).schema.types
    [TimestampType(timestamp[us]), DataType(int64)]
    """
    import pyarrow as pa

    def of(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_decimal(kind):
            return pa.float64()
        if pa.types.is_date(kind):
            return pa.timestamp("us")
        return pa.string() if pa.types.is_string_view(kind) or pa.types.is_large_string(kind) else kind

    return table.cast(pa.schema([(field.name, of(field.type)) for field in table.schema]))
