"""Whether the files of a parquet data set have the same columns, in types that pandas reads alike.

Place in the flow: ``parquet_files`` calls ``check_schema`` for each file after the first; ``to_parquet`` brings the files of a
write to one schema by ``fused_type``. Pure.

Invariants: types that pandas reads into one dtype are alike; a column without any value fits any type. Nothing else is
converted: files that differ are an error that names the file and the column.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

# As many as fit surely, as Arrow says of its two widths.
_DIGITS_OF_128_BITS, _DIGITS_OF_256_BITS = 38, 76


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
    if pa.types.is_list(one) and pa.types.is_list(other):
        value = fused_type(one.value_type, other.value_type)
        return None if value is None else pa.list_(one.value_field.with_type(value))
    if pa.types.is_struct(one) and pa.types.is_struct(other) and one.names == other.names:
        values = [fused_type(left.type, right.type) for left, right in zip(one.fields, other.fields)]
        return (
            None if None in values else pa.struct([field.with_type(value) for field, value in zip(one.fields, values)])
        )
    if pa.types.is_decimal(one) and pa.types.is_decimal(other):
        return _fused_decimal(one, other)
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return one if any(is_text(one) for is_text in texts) and any(is_text(other) for is_text in texts) else None


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
