"""One object of every kind that has a deterministic token; as a script, print the tokens as JSON.

The tests run this file in processes of different hash seeds. Its functions and classes then belong to the main module.
"""

import abc
import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import itertools
import json
import logging
import math
import operator
import pathlib
import random
import re
import types
import typing
import uuid
import weakref
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pad
import pyarrow.fs

from minidask.tokenize import normalize_token, tokenize

OFFSET = 3
NAMES = {"b", "a", "c", "d"}


def uses_globals(x, y=OFFSET):
    return x + OFFSET + len(NAMES) + math.pi + (x in {"p", "q", "r"})


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def make_adder(n):
    def add(x):
        nonlocal n
        n += x
        return [y for y in range(n)]

    return add


def decorated(f):
    @functools.wraps(f)
    def wrapper(*args):
        return f(*args)

    return wrapper


@decorated
def wrapped(x):
    return x


@functools.lru_cache(maxsize=7)
def cached(x):
    return x


class Color(enum.Enum):
    RED = 1
    BLUE = "b"


class Perm(enum.Flag):
    R = 1
    W = 2


Point = collections.namedtuple("Point", "x y")


class Row(typing.NamedTuple):
    name: str
    n: int = 1


@dataclasses.dataclass
class Record:
    a: int
    b: set = dataclasses.field(default_factory=lambda: {"x", "y", "z"})


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: int


class Base(abc.ABC):
    @abc.abstractmethod
    def run(self): ...


class Plain(Base):
    kinds = {"u", "v", "w"}

    def __init__(self, x):
        super().__init__()
        self.x = x
        self.tags = {"one", "two", "three"}

    def run(self):
        return self.x

    @property
    def twice(self):
        return self.x * 2

    @staticmethod
    def static():
        return 1

    @classmethod
    def clsm(cls):
        return cls(1)

    @functools.cached_property
    def lazy(self):
        return 1


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = 1


class Protocol:
    def __dask_tokenize__(self):
        return {"k", "l", "m"}, normalize_token(np.arange(3))


class Registered:
    pass


normalize_token.register(Registered, lambda x: ("registered", {1, 2}))


class Words(set):
    pass


class Ints(list):
    pass


def loop():
    xs = [1, {"a", "b"}]
    xs.append({"self": xs})
    return xs


def linked():
    node = None
    for i in range(3):
        node = types.SimpleNamespace(i=i, next=node)
    node.next.next.next = node
    return node


def rng_spawned():
    rng = np.random.default_rng(5)
    rng.spawn(2)
    rng.random()
    return rng


words = ["a", "b", None, "a"]
SAMPLES = {
    "int": 2**200,
    "negative": -(2**70),
    "float": [0.1, -0.0, math.nan, math.inf],
    "complex": 1 + 2j,
    "str": "häß\ud800",
    "bytes": b"abc",
    "bytearray": bytearray(b"abc"),
    "memoryview": memoryview(np.arange(10)[::2]),
    "none": None,
    "ellipsis": ...,
    "notimplemented": NotImplemented,
    "slice": slice(1, None, 2),
    "range": range(3),
    "tuple": (1, (2, [3, {"x", "y"}])),
    "dict": {"b": 1, "a": {2: 3, (1, 2): 4}},
    "set": {"a", "b", "c", 1, None, (1, "x")},
    "frozenset": frozenset({"a", frozenset({"b", "c"})}),
    "set of functions": {even, odd},
    "ordered": collections.OrderedDict(b=1, a=2),
    "defaultdict": collections.defaultdict(list, b=[1], a=[2]),
    "counter": collections.Counter("hello"),
    "deque": collections.deque([1, 2], maxlen=5),
    "proxy": types.MappingProxyType({"b": 1, "a": 2}),
    "dict views": [{"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items()],
    "weak": [weakref.WeakSet([Color]), weakref.WeakKeyDictionary({Color: 1})],
    "chainmap": collections.ChainMap({"a": 1}, {"b": 2}),
    "namedtuple": Point(1, 2),
    "typed namedtuple": Row("a"),
    "dataclass": Record(1),
    "frozen": Frozen(1),
    "enum": [Color.RED, Color.BLUE, Perm.R | Perm.W],
    "uuid": uuid.UUID(int=5),
    "builtin class": [int, dict, type(None), types.FunctionType, type],
    "main class": [Plain, Record, Frozen, Color, Point, Row, Slotted, Words],
    "stdlib class": pathlib.Path,
    "importable": json.dumps,
    "lambda": lambda x, *, k=(1, 2): x + 1 if k else {"s", "t"},
    "globals": uses_globals,
    "mutual": [even, odd],
    "closure": make_adder(3),
    "wrapped": wrapped,
    "cached": [cached, functools.lru_cache(math.sqrt)],
    "builtin": [len, math.sin, [1].append, "a".upper, str.upper, int.__add__, (1).__add__, dict.fromkeys],
    "method": [Plain(1).run, Plain.clsm, Plain(2).twice, Plain.static],
    "partial": functools.partial(uses_globals, 1, y={"a", "b"}),
    "operator": [operator.itemgetter(1, 2), operator.attrgetter("a.b"), operator.methodcaller("f", 1, k=2)],
    "instance": Plain(1),
    "slotted": Slotted(),
    "protocol": Protocol(),
    "registered": Registered(),
    "set subclass": Words({"a", "b", "c"}),
    "list subclass": Ints([1, 2]),
    "decimal": decimal.Decimal("1.10"),
    "fraction": fractions.Fraction(1, 3),
    "array": array.array("d", [1.0]),
    "paths": [pathlib.Path("a/b"), pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a")],
    "dates": [
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(2020, 1, 1, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        datetime.date(2020, 1, 1),
        datetime.time(1, 2),
        datetime.timedelta(1),
        datetime.timezone(datetime.timedelta(hours=1)),
    ],
    "pattern": re.compile("a+", re.I),
    "ip": [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_address("::1")],
    "random": random.Random(5),
    "module": math,
    "logger": logging.getLogger("a"),
    "generic alias": [list[int], dict[str, int], int | None, typing.Optional[int]],  # noqa: UP045
    "exception": ValueError("a", 1),
    "iterator": [iter([1, 2]), itertools.chain([1], [2])],
    "loop": loop(),
    "linked": linked(),
    "namespace": types.SimpleNamespace(b={"a", "b"}, a=1),
    "np float": np.arange(10.0)[::2],
    "np object": np.array([1, "a", None, {"x", "y"}], object),
    "np struct": np.array([(1, "a", [1, 2])], [("x", "i4"), ("y", "U3"), ("z", "f8", (2,))]),
    "np struct object": np.array([(1, {"p", "q"})], [("x", "i4"), ("y", "O")]),
    "np datetime": np.array(["2020-01-01", "NaT"], "M8[ns]"),
    "np str": np.array(["a", "bcd"]),
    "np string": np.array(["a", "b" * 50], np.dtypes.StringDType(na_object=None)),
    "np 0d": np.array(1.5),
    "np empty": np.empty((0, 3)),
    "np longdouble": np.linspace(0, 1, 5, dtype=np.longdouble),
    "np bool": np.array([True, False]),
    "np broadcast": np.broadcast_to(np.arange(3), (10**9, 3)),
    "np dtype": [
        np.dtype("i4"),
        np.dtype([("a", "i4"), ("b", "M8[ns]")]),
        np.dtype("(2,3)f4"),
        np.dtypes.StringDType(),
    ],
    "np scalar": [
        np.float64(1),
        np.int8(1),
        np.str_("a"),
        np.datetime64("2020"),
        np.bool_(True),
        np.timedelta64(1, "s"),
    ],
    "np random": [np.random.default_rng(5), rng_spawned(), np.random.RandomState(5), np.random.Philox(3)],
    "np seed": np.random.SeedSequence([1, 2], spawn_key=(3,)),
    "np ufunc": [np.add, np.exp, np.add.reduce],
    "np function": [np.sum, np.linalg.norm, np.random.default_rng],
    "np masked": np.ma.masked_array([1, 2], [True, False]),
    "np constant masked": np.ma.masked,
    "np matrix": np.eye(2).view(np.matrix),
    "np recarray": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "np poly": np.polynomial.Polynomial([1, 2]),
    "pd frame": pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}),
    "pd object": pd.Series([1, "a", {"s", "t"}, None], name=("n", 1)),
    "pd indexes": [
        pd.RangeIndex(3),
        pd.Index([1.5], name="f"),
        pd.Index(words),
        pd.Index(words, dtype=object),
        pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["p", None]),
        pd.date_range("2020", periods=3, tz="Europe/Berlin"),
        pd.timedelta_range("1s", periods=3),
        pd.period_range("2020", periods=3, freq="M"),
        pd.interval_range(0, 3),
        pd.CategoricalIndex(words),
    ],
    "pd arrays": [
        pd.array([1, None], "Int64"),
        pd.array([1.5, None], "Float32"),
        pd.array([True, None], "boolean"),
        pd.array(words, "str"),
        pd.array(words, pd.StringDtype("python")),
        pd.array(words, pd.StringDtype("pyarrow")),
        pd.array([1, None], "int64[pyarrow]"),
        pd.array([[1], None], pd.ArrowDtype(pa.list_(pa.int64()))),
        pd.array(["2020"], "datetime64[us, UTC]"),
        pd.array(["2020"], "period[D]"),
        pd.arrays.IntervalArray.from_breaks([0, 1, 2]),
        pd.arrays.SparseArray([0, 0, 1]),
        pd.array([1, 2], dtype=np.dtype("i4")),
    ],
    "pd dtypes": [
        pd.CategoricalDtype(["b", "a"], ordered=True),
        pd.DatetimeTZDtype("ns", "UTC"),
        pd.PeriodDtype("D"),
        pd.IntervalDtype("int64", "left"),
        pd.SparseDtype("f8"),
        pd.ArrowDtype(pa.int8()),
        pd.StringDtype(),
        pd.Int64Dtype(),
    ],
    "pd scalars": [
        pd.Timestamp("2020", tz="UTC"),
        pd.Timedelta("1s"),
        pd.NaT,
        pd.NA,
        pd.Period("2020-01"),
        pd.Interval(0, 1),
    ],
    "pd offsets": [pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.offsets.CustomBusinessDay(holidays=["2020-01-01"])],
    "pa table": pa.table({"a": [1, None], "s": ["x", "y"]}),
    "pa batch": pa.record_batch({"a": [1]}),
    "pa arrays": [
        pa.array([1, None, 3])[1:],
        pa.chunked_array([["a"], ["b"]]),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.array([[1], None, []]),
        pa.array([{"a": 1}, None]),
        pa.array([True, None]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.array(["x"], pa.string_view()),
        pa.array([None]),
    ],
    "pa schema": pa.schema([pa.field("a", pa.int8(), metadata={"k": "v"})], metadata={"m": "n"}),
    "pa type": [pa.list_(pa.timestamp("ns", "UTC")), pa.field("a", pa.int8())],
    "pa scalar": [pa.scalar(1), pa.scalar(None), pa.scalar("a"), pa.scalar([1])],
    "pa buffer": pa.py_buffer(b"abc"),
    "pa expression": (pc.field("a") > 3) & pc.field("b").isin(["x", "y"]),
    "pa others": [pa.fs.LocalFileSystem(), pad.ParquetFileFormat()],
}
try:
    import scipy.sparse
except ImportError:  # not a requirement of the project
    pass
else:
    formats = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
    SAMPLES["sparse"] = [scipy.sparse.eye_array(3).asformat(format) for format in formats]
    SAMPLES["sparse matrix"] = scipy.sparse.csr_matrix(np.eye(3))


def tokens():
    """The token of each sample; raise for what isn't deterministic."""
    found = {}
    for name, x in SAMPLES.items():
        try:
            found[name] = tokenize(x, ensure_deterministic=True)
        except Exception as error:
            error.add_note(f"sample {name!r}")
            raise
    return found


if __name__ == "__main__":
    print(json.dumps(tokens()))
