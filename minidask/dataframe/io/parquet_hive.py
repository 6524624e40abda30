"""Values in the names of directories: ``year=2015/city=K%C3%B6ln/part.0.parquet`` (hive's layout).

Place in the flow: ``parquet_files`` finds the keys in paths; ``parquet`` makes categorical columns of them and prunes by
them; ``to_parquet`` writes such directories for ``partition_on``.

Invariants: names are percent-encoded, a missing value is ``__HIVE_DEFAULT_PARTITION__``. A key is read as whole numbers only
if each of its values is written as one ("01" is a text). A value's text is that which pandas writes (pyarrow's).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import pyarrow as pa

# Apache Hive's setting hive.exec.default.partition.name.
_MISSING = "__HIVE_DEFAULT_PARTITION__"
Keys = tuple[tuple[str, "str | None"], ...]


def path_keys(relative: str) -> Keys:
    """Return the names and texts that a path's directories have; None for a missing value.

    Examples
    --------
    >>> path_keys("year=2015/k%C3%B6ln/s=__HIVE_DEFAULT_PARTITION__/part.0.parquet")
    (('year', '2015'), ('s', None))
    """
    pieces = [piece.partition("=") for piece in relative.split("/")[:-1] if "=" in piece]
    return tuple([(unquote(name), None if text == _MISSING else unquote(text)) for name, _, text in pieces])


def check_keys(paths: Sequence[str], keys: Sequence[Keys]) -> None:
    """Raise ValueError unless the paths of all files name the same keys, each once."""
    names = [name for name, _ in keys[0]]
    if len(set(names)) < len(names):
        raise ValueError(f"{paths[0]}: the directories name a key twice: {names}")
    for path, other in zip(paths, keys, strict=True):
        if [name for name, _ in other] != names:
            raise ValueError(
                f"{path}: its directories have the keys {[name for name, _ in other]}, but {names} in {paths[0]}: read such "
                "files apart"
            )


def key_dtypes(keys: Sequence[Keys]) -> dict[str, pd.CategoricalDtype]:
    """Return the categorical dtype of each key: whole numbers if all its values are written as such, else texts; in order.

    Examples
    --------
    >>> key_dtypes([(("y", "10"),), (("y", "9"),)])["y"].categories
    Index([9, 10], dtype='int32')
    """
    found = {}
    for at, (name, _) in enumerate(keys[0]):
        texts = {one[at][1] for one in keys} - {None}
        numbers = sorted(int(text) for text in texts if text is not None and _is_number(text))
        if texts and len(numbers) == len(texts):
            # Narrow where all fit, as pandas reads them.
            narrow = np.iinfo("int32").min <= numbers[0] and numbers[-1] <= np.iinfo("int32").max
            categories = pd.Index(numbers, dtype="int32" if narrow else "int64")
        else:
            categories = pd.Index(sorted(text for text in texts if text is not None), dtype="str")
        found[name] = pd.CategoricalDtype(categories)
    return found


def key_value(text: str | None, dtype: pd.CategoricalDtype) -> Any:
    """Return the value that a key's text stands for, None for a missing one."""
    return int(text) if text is not None and dtype.categories.dtype.kind in "iu" else text


def split_rows(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the directory and the rows, without the keys' columns, for each combination of values that a frame has.

    Examples
    --------
    >>> [
    ...     (path, rows["x"].tolist())
    ...     for path, rows in split_rows(pd.DataFrame({"x": [1, 2], "k": ["a/b", None]}), ["k"])
    ... ]
    [('k=__HIVE_DEFAULT_PARTITION__', [2]), ('k=a%2Fb', [1])]
    """
    # By texts, not by values: different values of the same text share a file.
    texts = [np.array(_texts(frame[name]), dtype=object) for name in names]
    for values, rows in frame.drop(columns=list(names)).groupby(texts, sort=True):
        yield directory(names, values), rows


def directory(names: Sequence[str], texts: Iterable[Any]) -> str:
    """Return the path of a combination of keys, given the encoded texts."""
    return "/".join(f"{quote(name, safe='')}={text}" for name, text in zip(names, texts, strict=True))


def missing_directory(names: Sequence[str]) -> str:
    """Return the directory of rows that have no value in any key."""
    return directory(names, [_MISSING] * len(names))


def _texts(values: pd.Series) -> list[str]:
    try:
        codes, uniques = pd.factorize(values)
    except TypeError as error:
        raise TypeError(
            f"the values of the column {values.name!r} can't name directories ({error}): take a column of texts, numbers or "
            "dates for partition_on"
        ) from error
    texts = [quote(_text(value), safe="") for value in uniques]
    if _MISSING in texts:
        raise ValueError(
            f"the column {values.name!r} has the text {_MISSING!r}, which the name of a directory can't tell from a missing "
            "value: replace it, or leave the column out of partition_on"
        )
    return [texts[code] if code >= 0 else _MISSING for code in codes]


def _text(value: Hashable) -> str:
    if isinstance(value, str | pd.Timestamp | pd.Timedelta | pd.Period | pd.Interval):
        return str(value)
    text: str = pa.scalar(value).cast(pa.string()).as_py()
    return text


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and str(int(text)) == text and -(2**63) <= int(text) < 2**63
