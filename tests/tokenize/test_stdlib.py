"""Tokens of the standard library's types: equal values agree, neighbours differ."""

import array
import collections
import datetime as dt
import ipaddress
import random
import re
import types
import uuid
import weakref
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from pickle import PickleBuffer

import pytest

from minidask.tokenize import TokenizationError, tokenize

Point = collections.namedtuple("Point", "x y")
Spot = collections.namedtuple("Spot", "x y")
BERLIN, PARIS = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("Europe/Paris")
NOON = (2020, 1, 1, 12)

# Each line: makers of values that all differ.
FAMILIES = {
    "buffer": [
        lambda: b"abc",
        lambda: bytearray(b"abc"),
        lambda: memoryview(b"abc"),
        lambda: PickleBuffer(b"abc"),
        lambda: "abc",
    ],
    "memoryview": [
        lambda: memoryview(b"abcd"),
        lambda: memoryview(b"abcd").cast("i"),
        lambda: memoryview(b"abcde")[::2],
    ],
    "slice": [
        lambda: slice(1),
        lambda: slice(1, None),
        lambda: slice(None, 1, 1),
        lambda: slice("a", "b"),
        lambda: slice([1], 2),
    ],
    "range": [lambda: range(3), lambda: range(1, 3), lambda: range(0, 3, 2), lambda: [0, 1, 2]],
    "mapping": [
        lambda: {"a": 1},
        lambda: collections.OrderedDict(a=1),
        lambda: collections.defaultdict(int, a=1),
        lambda: collections.defaultdict(list, a=1),
        lambda: collections.Counter(a=1),
        lambda: types.MappingProxyType({"a": 1}),
        lambda: collections.ChainMap({"a": 1}),
        lambda: types.SimpleNamespace(a=1),
        lambda: {"a": 1}.items(),
        lambda: {"a": 1}.keys(),
        lambda: {"a": 1}.values(),
    ],
    "deque": [
        lambda: collections.deque([1]),
        lambda: collections.deque([1], 5),
        lambda: collections.deque([2]),
        lambda: [1],
    ],
    "namedtuple": [lambda: Point(1, 2), lambda: Point(2, 1), lambda: Spot(1, 2), lambda: (1, 2)],
    "decimal": [
        lambda: Decimal(1),
        lambda: Decimal("1.0"),
        lambda: Decimal("NaN"),
        lambda: Decimal("-0"),
        lambda: Decimal(0),
    ],
    "fraction": [lambda: Fraction(1, 2), lambda: Fraction(1, 3), lambda: 0.5],
    "uuid": [lambda: uuid.UUID(int=1), lambda: uuid.UUID(int=2)],
    "path": [
        lambda: Path("a"),
        lambda: Path("b"),
        lambda: PurePosixPath("a"),
        lambda: PureWindowsPath("a"),
        lambda: "a",
    ],
    "date": [
        lambda: dt.date(2020, 1, 1),
        lambda: dt.datetime(2020, 1, 1),
        lambda: dt.datetime(*NOON),
        lambda: dt.datetime(*NOON, fold=1),
        lambda: dt.datetime(*NOON, tzinfo=dt.UTC),
        lambda: dt.datetime(*NOON, tzinfo=BERLIN),
        lambda: dt.datetime(*NOON, tzinfo=PARIS),
        lambda: dt.time(12),
        lambda: dt.time(12, tzinfo=dt.UTC),
        lambda: dt.timedelta(1),
        lambda: dt.timedelta(0, 1),
        lambda: dt.timezone(dt.timedelta(1 / 24)),
        lambda: BERLIN,
        lambda: PARIS,
    ],
    "pattern": [
        lambda: re.compile("a"),
        lambda: re.compile("a", re.I),
        lambda: re.compile(b"a"),
        lambda: re.compile("b"),
    ],
    "ip": [
        lambda: ipaddress.ip_address("10.0.0.1"),
        lambda: ipaddress.ip_address("::1"),
        lambda: ipaddress.ip_network("10.0.0.0/8"),
        lambda: ipaddress.ip_interface("10.0.0.1/8"),
    ],
    "random": [lambda: random.Random(1), lambda: random.Random(2)],
    "array": [lambda: array.array("d", [1]), lambda: array.array("f", [1]), lambda: array.array("d", [2])],
    "weak": [
        lambda: weakref.WeakSet([int]),
        lambda: weakref.WeakSet([str]),
        lambda: weakref.WeakKeyDictionary({int: 1}),
    ],
    "method wrapper": [
        lambda: property(len),
        lambda: staticmethod(len),
        lambda: classmethod(len),
        lambda: property(None, len),
    ],
    "descriptor": [lambda: dict.__dict__["fromkeys"], lambda: int.__dict__["from_bytes"], lambda: int.__dict__["real"]],
    "alias": [lambda: list[int], lambda: list[str], lambda: int | None, lambda: int | str],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families(family):
    makers = FAMILIES[family]
    first = [tokenize(make(), ensure_deterministic=True) for make in makers]
    assert first == [tokenize(make()) for make in makers]
    assert len(set(first)) == len(makers)


def test_derived_classes_keep_what_they_add():
    class Tagged(bytearray): ...

    class Marked(Decimal): ...

    class Day(dt.date): ...

    for cls, args in [(Tagged, (b"a",)), (Marked, (1,)), (Day, (2020, 1, 1))]:
        one, other = cls(*args), cls(*args)
        assert tokenize(one) == tokenize(other)
        other.tag = 1
        assert tokenize(one) != tokenize(other)


def test_random_state_moves():
    rng = random.Random(1)
    before = tokenize(rng)
    rng.random()
    assert tokenize(rng) != before
    with pytest.raises(TokenizationError, match=r"random\.SystemRandom"):
        tokenize(random.SystemRandom(), ensure_deterministic=True)


def test_strided_memory_is_its_content():
    assert tokenize(memoryview(b"abcdef")[::2]) == tokenize(memoryview(b"ace"))


def test_modules():
    assert tokenize(re) != tokenize(uuid)
    with pytest.raises(TokenizationError, match="isn't among the imported modules"):
        tokenize(types.ModuleType("re"), ensure_deterministic=True)


def test_a_time_zone_without_a_key():
    from importlib import resources

    with resources.files("tzdata.zoneinfo").joinpath("UTC").open("rb") as file:
        zone = zoneinfo.ZoneInfo.from_file(file)
    with pytest.raises(TokenizationError, match="has no key"):
        tokenize(zone, ensure_deterministic=True)
