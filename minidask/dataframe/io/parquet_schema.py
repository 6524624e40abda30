"""Whether the files of a parquet data set have the same columns, in types that pandas reads alike.

Place in the flow: ``parquet_files`` calls ``check_schema`` for each file after the first; ``to_parquet`` brings the files of a
write to one schema by ``fused_type``. Pure.

Invariants: types that pandas reads into one dtype are alike; a column without any value fits any type. Nothing else is
converted: files that differ are an error that names the file and the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import pyarrow as pa

# As many as fit surely, as Arrow says of its two widths.
_DIGITS_OF_128_BITS, _DIGITS_OF_256_BITS = 38, 76
# Types of one meaning.
_TEXTS = (pa.large_string(), pa.string(), pa.string_view())
_BYTES = (pa.large_binary(), pa.binary(), pa.binary_view())


def typed_elsewhere(schemas: Sequence[pa.Schema]) -> dict[str, pa.Schema]:
    """Return, for columns without any value in the first file, the schema of a file that says their type.

    Examples
    --------
    >>> found = typed_elsewhere([pa.schema([("x", pa.null())]), pa.schema([("x", pa.int8())])])
    >>> found["x"].field("x").type
    DataType(int8)
    """
    found = {}
    for field in schemas[0]:
        if pa.types.is_null(field.type):
            typed = next((schema for schema in schemas if not pa.types.is_null(schema.field(field.name).type)), None)
            if typed is not None:
                found[field.name] = typed
    return found


def widened(schemas: Sequence[pa.Schema]) -> dict[str, pa.DataType]:
    """Return the types of columns that have several, which pandas's own dtypes don't tell apart, but Arrow's do.

    Examples
    --------
    >>> widened(
    ...     [
    ...         pa.schema([("x", pa.decimal128(3, 2)), ("y", pa.int8())]),
    ...         pa.schema([("x", pa.decimal128(4, 1)), ("y", pa.int8())]),
    ...     ]
    ... )
    {'x': Decimal128Type(decimal128(5, 2))}
    """
    found = {}
    for field in schemas[0]:
        kinds = list(dict.fromkeys(schema.field(field.name).type for schema in schemas))
        plain = [kind for kind in kinds if not holds_null_type(kind) and not pa.types.is_dictionary(kind)]
        if len(plain) > 1:
            fused = reduce(_fused, plain)
            if fused is not None:
                found[field.name] = fused
    return found


def _fused(one: pa.DataType | None, other: pa.DataType) -> pa.DataType | None:
    return None if one is None else fused_type(one, other)


def check_schema(first_url: str, first: pa.Schema, url: str, schema: pa.Schema) -> None:
    """Compare a file's schema with the first file's.

    Raises
    ------
    ValueError
        If it has other columns, or a column of another type; file, column and both types are named.
    """
    missing = [name for name in first.names if name not in schema.names]
    extra = [name for name in schema.names if name not in first.names]
    if missing or extra:
        raise ValueError(
            f"{url}: the columns differ from those of {first_url}: "
            + "; ".join([f"missing: {missing}"] * bool(missing) + [f"not in the first: {extra}"] * bool(extra))
            + ". Read such files apart, and put them together with concat"
        )
    for field in first:
        other = schema.field(field.name).type
        if not same_type(field.type, other):
            raise ValueError(
                f"{url}: the column {field.name!r} is {other}, but {field.type} in {first_url}. Read such files apart, "
                "and bring them to one type with astype"
            )


def same_type(one: pa.DataType, other: pa.DataType) -> bool:
    """Return whether pandas reads two Arrow types alike; nulls alone fit any type.

    Examples
    --------
    >>> same_type(pa.string(), pa.large_string()), same_type(pa.int64(), pa.float64())
    (True, False)
    """
    return fused_type(one, other) is not None


def fused_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the type of a column that has these types in two files; None if they differ in more than what has no values.

    Examples
    --------
    >>> fused_type(pa.list_(pa.null()), pa.list_(pa.int64()))
    ListType(list<item: int64>)
    """
    if one.equals(other) or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if pa.types.is_dictionary(one) and pa.types.is_dictionary(other):
        return one if one.ordered == other.ordered and same_type(one.value_type, other.value_type) else None
    if _is_list(one) and _is_list(other):
        value = fused_type(one.value_type, other.value_type)
        make = pa.large_list if pa.types.is_large_list(one) else pa.list_
        return None if value is None else make(one.value_field.with_type(value))
    if pa.types.is_struct(one) and pa.types.is_struct(other) and one.names == other.names:
        values = [fused_type(left.type, right.type) for left, right in zip(one.fields, other.fields)]
        return (
            None if None in values else pa.struct([field.with_type(value) for field, value in zip(one.fields, values)])
        )
    if pa.types.is_decimal(one) and pa.types.is_decimal(other):
        return _fused_decimal(one, other)
    for alike in (_TEXTS, _BYTES):
        if one in alike and other in alike:
            # Those whose bytes are elsewhere come last: pandas's Arrow dtypes don't know them.
            return other if one == alike[-1] else one
    return None


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _fused_decimal(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the decimal type that holds all values of two: pandas has Python's decimals, which differ in nothing."""
    scale = max(one.scale, other.scale)
    digits = max(one.precision - one.scale, other.precision - other.scale) + scale
    if digits > _DIGITS_OF_256_BITS:
        return None
    wide = digits > _DIGITS_OF_128_BITS or pa.types.is_decimal256(one) or pa.types.is_decimal256(other)
    return pa.decimal256(digits, scale) if wide else pa.decimal128(digits, scale)


def holds_decimal(kind: pa.DataType) -> bool:
    """Return whether a type, or one inside it, is a decimal."""
    return pa.types.is_decimal(kind) or any(holds_decimal(kind.field(at).type) for at in range(kind.num_fields))


def holds_null_type(kind: pa.DataType) -> bool:
    """Return whether a type, or one inside it, is that of nulls alone."""
    return pa.types.is_null(kind) or any(holds_null_type(kind.field(at).type) for at in range(kind.num_fields))
