"""Names of NumPy's that aren't built, and what to do instead.

Place in the flow: messages of AttributeError and TypeError, and the coverage table of the documentation
(``docs/coverage_array.py``). Pure.

Invariant: every public name of NumPy's main namespace, ``linalg``, ``fft``, ``random``, ``ma`` and of its arrays' methods is
there, or has its line here; the tests see to it.
"""

from __future__ import annotations

_MEMORY = "works on arrays in memory: call it on x.compute()"
_NUMPYS = "take it from numpy: it makes or says what is in memory"
_WRITER = "write blocks by to_npy_stack, to_zarr, to_hdf5 or store"
_READER = "read what is in memory with numpy, files by from_array of a memory map, from_zarr, or delayed readers and from_delayed"
_PRINTING = "how values are printed is NumPy's setting: take it from numpy"
_ERRORS = "errors in tasks are raised by the threads that compute: set it inside a function for map_blocks"
_IN_PLACE = "blocks aren't changed in place: assign, x[index] = values, or use where"
_MEMORY_LAYOUT = "blocks have no memory before they are computed"
_MATRIX = "matrices are arrays of two axes: use asarray, block and @"
_CALENDAR = "take it from numpy, and pass it to is_busday, busday_count, busday_offset"
_INDEX = "take it from numpy: it makes indices, which index chunked arrays too"

# {name: what to do instead} of NumPy's main namespace.
MAIN: dict[str, str] = {
    "asarray_chkfinite": "use asarray, and da.isfinite(x).all()",
    "ascontiguousarray": "use asarray: blocks promise no order in memory",
    "asfortranarray": "use asarray: blocks promise no order in memory",
    "asmatrix": _MATRIX,
    "bartlett": _NUMPYS,
    "base_repr": _NUMPYS,
    "binary_repr": _NUMPYS,
    "blackman": _NUMPYS,
    "bmat": _MATRIX,
    "broadcast": "use broadcast_arrays, or broadcast_shapes",
    "busdaycalendar": _CALENDAR,
    "char": "use map_blocks with the functions of numpy.strings, such as x.map_blocks(numpy.strings.upper)",
    "core": "NumPy's own inside",
    "ctypeslib": _MEMORY_LAYOUT,
    "datetime_data": _NUMPYS,
    "dtypes": _NUMPYS,
    "emath": "cast first, x.astype(complex), then use the ordinary function",
    "errstate": _ERRORS,
    "exceptions": _NUMPYS,
    "f2py": "not about arrays",
    "flatiter": "use x.ravel()",
    "format_float_positional": _PRINTING,
    "format_float_scientific": _PRINTING,
    "frombuffer": _READER,
    "fromfile": _READER,
    "fromiter": _READER,
    "fromregex": _READER,
    "fromstring": _READER,
    "genfromtxt": _READER,
    "get_include": "not about arrays",
    "get_printoptions": _PRINTING,
    "getbufsize": _NUMPYS,
    "geterr": _ERRORS,
    "geterrcall": _ERRORS,
    "hamming": _NUMPYS,
    "hanning": _NUMPYS,
    "in1d": "use isin",
    "index_exp": _INDEX,
    "info": "use repr(x), or x._repr_html_()",
    "isfortran": _MEMORY_LAYOUT,
    "issubdtype": "take it from numpy: numpy.issubdtype(x.dtype, ...)",
    "iterable": _NUMPYS,
    "kaiser": _NUMPYS,
    "little_endian": _NUMPYS,
    "load": "use from_array(numpy.load(path, mmap_mode='r')), or from_npy_stack",
    "loadtxt": _READER,
    "mask_indices": _INDEX,
    "matrix": _MATRIX,
    "memmap": "use from_array(numpy.memmap(...)), which reads a piece a task",
    "mintypecode": _NUMPYS,
    "ndarray": "the class of chunked arrays is minidask.array.Array",
    "ndenumerate": "use indices or argwhere beside the array",
    "ndindex": "numpy.ndindex(*x.numblocks) goes through the blocks, x.blocks[index]",
    "nditer": "use map_blocks, with block_info where a block must know its place",
    "nested_iters": "use map_blocks",
    "poly1d": "numpy.poly1d(coefficients)(x) takes chunked points; lazy coefficients go to polyval, polyadd and their like",
    "polynomial": "functions such as numpy.polynomial.polynomial.polyval(x, c) take chunked points; its objects compute them",
    "printoptions": _PRINTING,
    "real_if_close": "whether imaginary parts are small depends on all values: use x.real where they are",
    "rec": "records are arrays with a structured dtype: index fields, x['name']",
    "recarray": "records are arrays with a structured dtype: index fields, x['name']",
    "record": "records are arrays with a structured dtype: index fields, x['name']",
    "require": "use asarray: blocks promise no order in memory",
    "row_stack": "use vstack",
    "s_": _INDEX,
    "save": _WRITER,
    "savetxt": _WRITER,
    "savez": _WRITER,
    "savez_compressed": _WRITER,
    "set_printoptions": _PRINTING,
    "setbufsize": _NUMPYS,
    "seterr": _ERRORS,
    "seterrcall": _ERRORS,
    "show_config": _NUMPYS,
    "show_runtime": _NUMPYS,
    "strings": "use map_blocks with the functions of numpy.strings, such as x.map_blocks(numpy.strings.upper)",
    "test": "not about arrays",
    "testing": "assert_eq is in minidask.array.testing",
    "typecodes": _NUMPYS,
    "typename": _NUMPYS,
    "typing": _NUMPYS,
    "ufunc": "chunked ufuncs are minidask.array.ufuncs.Ufunc; frompyfunc makes some",
    "vectorize": "computes what it is called with: use frompyfunc, map_blocks with numpy.vectorize(f), or as_gufunc",
}

# Names that other libraries of chunked arrays have.
BESIDE: dict[str, str] = {
    "array_expr_enabled": "there is one kind of arrays: layers are the expressions",
    "atop": "use blockwise",
    "from_tiledb": "use from_array(tiledb.open(uri)), which has a shape, a dtype and slices",
    "to_tiledb": "use store(x, tiledb.open(uri, 'w')), or to_zarr",
}

LINALG: dict[str, str] = {
    "LinAlgError": _NUMPYS,
    "test": "not about arrays",
}

FFT: dict[str, str] = {"test": "not about arrays"}

_STATE = "a state goes through calls in order, which tasks don't have: keep seeds, default_rng(seed)"

RANDOM: dict[str, str] = {
    "BitGenerator": _NUMPYS,
    "MT19937": "pass numpy.random.MT19937(seed) to Generator or default_rng",
    "PCG64": "pass numpy.random.PCG64(seed) to Generator or default_rng",
    "PCG64DXSM": "pass numpy.random.PCG64DXSM(seed) to Generator or default_rng",
    "Philox": "pass numpy.random.Philox(seed) to Generator or default_rng",
    "SFC64": "pass numpy.random.SFC64(seed) to Generator or default_rng",
    "SeedSequence": "pass numpy.random.SeedSequence(seed) to default_rng",
    "bit_generator": "pass one of numpy.random's to Generator or default_rng",
    "get_bit_generator": _STATE,
    "get_state": _STATE,
    "mtrand": "NumPy's own inside",
    "ranf": "use random_sample",
    "sample": "use random_sample",
    "set_bit_generator": _STATE,
    "set_state": _STATE,
    "test": "not about arrays",
}

_OF_MAIN = "use minidask.array.{name}, which takes masked arrays"
_BLIND = (
    "minidask.array.{name} is numpy.{name}, which doesn't look at masks: fill first, filled(x, value), or compute()"
)
_MASKED_MEMORY = "needs all elements: call it on x.compute()"
_MASKS = "use getmaskarray(x), a chunked array of bools"
_FILL = "take it from numpy.ma; set_fill_value and filled(x, value) set and use one"

# What isn't named here, and is in the main namespace, has the remedy _OF_MAIN.
MA: dict[str, str] = {
    "MAError": _NUMPYS,
    "MaskError": _NUMPYS,
    "MaskType": _NUMPYS,
    "MaskedArray": "the class of chunked arrays is minidask.array.Array; masked_array makes one of masked blocks",
    "allequal": "use (x == y).all()",
    "alltrue": "use minidask.array.all",
    "anom": "use x - x.mean(axis, keepdims=True)",
    "anomalies": "use x - x.mean(axis, keepdims=True)",
    "bool_": _NUMPYS,
    "clump_masked": _MASKED_MEMORY,
    "clump_unmasked": _MASKED_MEMORY,
    "common_fill_value": _FILL,
    "compress_cols": _MASKED_MEMORY,
    "compress_nd": _MASKED_MEMORY,
    "compress_rowcols": _MASKED_MEMORY,
    "compress_rows": _MASKED_MEMORY,
    "compressed": "use getdata(x)[~getmaskarray(x)]",
    "core": "NumPy's own inside",
    "count_masked": "use getmaskarray(x).sum(axis)",
    "default_fill_value": _FILL,
    "extras": "NumPy's own inside",
    "flatnotmasked_contiguous": _MASKED_MEMORY,
    "flatnotmasked_edges": _MASKED_MEMORY,
    "flatten_mask": _MASKS,
    "flatten_structured_array": "index fields, x['name']",
    "frombuffer": _READER,
    "fromflex": _READER,
    "getmask": _MASKS,
    "harden_mask": "masks aren't changed in place: use masked_where",
    "ids": _MEMORY_LAYOUT,
    "in1d": "use minidask.array.isin",
    "innerproduct": "use minidask.array.inner",
    "isMA": "isinstance(x._meta, numpy.ma.MaskedArray)",
    "isMaskedArray": "isinstance(x._meta, numpy.ma.MaskedArray)",
    "is_mask": "isinstance(x._meta, numpy.ma.MaskedArray)",
    "is_masked": "use getmaskarray(x).any()",
    "isarray": "isinstance(x._meta, numpy.ma.MaskedArray)",
    "make_mask": _MASKS,
    "make_mask_descr": _NUMPYS,
    "make_mask_none": "use minidask.array.zeros(shape, dtype=bool)",
    "mask_cols": "use masked_where(getmaskarray(x).any(axis=0), x)",
    "mask_or": "use getmaskarray(x) | getmaskarray(y)",
    "mask_rowcols": "use masked_where with getmaskarray(x).any(axis, keepdims=True)",
    "mask_rows": "use masked_where(getmaskarray(x).any(axis=1, keepdims=True), x)",
    "masked": _NUMPYS,
    "masked_all": "use masked_array(minidask.array.empty(shape), True)",
    "masked_all_like": "use masked_array(x, True)",
    "masked_object": "use masked_where(x == value, x)",
    "masked_print_option": _NUMPYS,
    "masked_singleton": _NUMPYS,
    "maximum_fill_value": _FILL,
    "minimum_fill_value": _FILL,
    "mr_": "use minidask.array.concatenate",
    "mvoid": _NUMPYS,
    "ndenumerate": _MASKED_MEMORY,
    "nomask": _NUMPYS,
    "notmasked_contiguous": _MASKED_MEMORY,
    "notmasked_edges": _MASKED_MEMORY,
    "outerproduct": "use minidask.array.outer",
    "polyfit": "use minidask.array.polyfit of filled(y, 0) with the weights w=~getmaskarray(y)",
    "product": "use minidask.array.prod",
    "put": _IN_PLACE,
    "round_": "use minidask.array.round",
    "row_stack": "use minidask.array.vstack",
    "soften_mask": "masks aren't changed in place: use masked_where",
    "sometrue": "use minidask.array.any",
    "test": "not about arrays",
}

# Functions of the main namespace that treat masked elements as any others.
BLIND = frozenset(
    {
        "argsort", "choose", "convolve", "corrcoef", "correlate", "cov", "diag", "diagflat", "dot", "inner", "intersect1d",
        "isin", "median", "putmask", "setdiff1d", "setxor1d", "union1d", "unique", "vander",
    }
)  # fmt: skip

# Methods and attributes of NumPy's arrays.
METHODS: dict[str, str] = {
    "base": _MEMORY_LAYOUT,
    "to_tiledb": BESIDE["to_tiledb"],
    "ctypes": _MEMORY_LAYOUT,
    "data": _MEMORY_LAYOUT,
    "dump": _WRITER,
    "dumps": "pickle.dumps(x) keeps the graph, pickle.dumps(x.compute()) the elements",
    "flags": _MEMORY_LAYOUT,
    "flat": "use x.ravel()",
    "getfield": "index fields, x['name'], or use view",
    "resize": "use minidask.array.resize, which makes a new array",
    "setfield": _IN_PLACE,
    "setflags": _MEMORY_LAYOUT,
    "strides": _MEMORY_LAYOUT,
    "tobytes": "x.compute().tobytes()",
    "tofile": _WRITER,
}

UFUNCS: dict[str, str] = {
    "at": _IN_PLACE + "; bincount or histogram add up by position",
    "reduceat": "use slices, coarsen, or x.map_blocks with numpy's method",
    "resolve_dtypes": "take it from NumPy's ufunc",
}

_TABLES = {
    "": MAIN | BESIDE,
    "linalg": LINALG,
    "fft": FFT,
    "random": RANDOM,
    "ma": MA,
    "methods": METHODS,
    "ufuncs": UFUNCS,
}


def remedy(where: str, name: str) -> str | None:
    """Return what to do instead of a name that isn't there; None where nothing is known.

    Parameters
    ----------
    where : str
        ``""`` for the main namespace, ``"linalg"``, ``"fft"``, ``"random"``, ``"ma"``, ``"methods"``, ``"ufuncs"``.
    name : str

    Examples
    --------
    >>> remedy("", "row_stack"), remedy("ma", "sum")
    ('use vstack', 'use minidask.array.sum, which takes masked arrays')
    """
    found = _TABLES.get(where, {}).get(name)
    if found is None and where == "ma":
        return (_BLIND if name in BLIND else _OF_MAIN).format(name=name)
    return found or None
