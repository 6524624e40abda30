"""`minidask.tokenize.objects`: parts by the pickle protocol, names, identities."""

import collections
import copyreg
import gc
import math
import operator
import re
import threading

import pytest

from minidask.tokenize import TokenizationError, tokenize
from minidask.tokenize.objects import Opaque, identity_of, importable_name, reduced


class Plain:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_state_counts_and_its_order_does_not():
    assert tokenize(Plain(a=1, b=2)) == tokenize(Plain(b=2, a=1))
    assert tokenize(Plain(a=1)) != tokenize(Plain(a=2))
    assert tokenize(Plain(a=1)) != tokenize(Plain(b=1))


def test_getstate_and_copyreg_are_respected():
    class Quiet(Plain):
        def __getstate__(self):
            return {"a": self.a}

    class Foreign(Plain): ...

    copyreg.pickle(Foreign, lambda x: (Foreign, (), {"a": x.a}))
    try:
        for cls in (Quiet, Foreign):
            assert tokenize(cls(a=1, cache=1)) == tokenize(cls(a=1, cache=2))
            assert tokenize(cls(a=1)) != tokenize(cls(a=2))
    finally:
        del copyreg.dispatch_table[Foreign]


def test_ordered_dicts_are_ordered_and_derived_ones_too():
    class Mine(collections.OrderedDict): ...

    for cls in (collections.OrderedDict, Mine):
        assert tokenize(cls(a=1, b=2)) != tokenize(cls(b=2, a=1))
    assert tokenize(collections.defaultdict(int, a=1, b=2)) == tokenize(collections.defaultdict(int, b=2, a=1))
    assert tokenize(collections.defaultdict(int)) != tokenize(collections.defaultdict(list))


def test_bare_objects_are_their_identity():
    one, two = object(), object()
    assert tokenize(one) == tokenize(one) != tokenize(two)
    assert tokenize(Plain(a=one)) == tokenize(Plain(a=one)) != tokenize(Plain(a=two))
    with pytest.raises(TokenizationError, match=r"builtins\.object object cannot .*nothing but its identity"):
        tokenize(Plain(a=one), ensure_deterministic=True)


@pytest.mark.parametrize(
    "make", [threading.Lock, lambda: (i for i in "a"), lambda: open(__file__), lambda: memoryview(b"").release]
)
def test_unpicklable_objects(make):
    x = make()
    try:
        assert isinstance(tokenize(x), str)
    finally:
        getattr(x, "close", int)()


def test_identities_end_with_their_objects():
    class Local: ...

    from minidask.tokenize import objects

    x = Local()
    first = identity_of(x)
    before = len(objects._identities)
    del x
    gc.collect()
    assert len(objects._identities) < before
    assert all(identity_of(Local()) != first for _ in range(100))


def test_identity_of_what_cannot_be_referenced_weakly_is_new_each_time():
    class Slots:
        __slots__ = ()

    x = Slots()
    assert identity_of(x) != identity_of(x)


def test_reasons():
    class Raises:
        def __reduce_ex__(self, protocol):
            raise KeyError("why")

    class Odd:
        def __reduce_ex__(self, protocol):
            return 5

    class Named:
        def __reduce_ex__(self, protocol):
            return "no_such_name"

    assert "pickling it raises KeyError: 'why'" in reduced(Raises()).reason
    assert "returns int, not a str or a tuple" in reduced(Odd()).reason
    assert "can't be imported as" in reduced(Named()).reason
    assert type(reduced(object())) is Opaque


def test_importable_name():
    assert importable_name(math.sin) == ("math", "sin")
    assert importable_name(collections.OrderedDict) == ("collections", "OrderedDict")
    assert importable_name(lambda: 1) is None
    assert importable_name(5) is None
    fake = type("OrderedDict", (), {"__module__": "collections"})
    assert importable_name(fake) is None


@pytest.mark.parametrize(
    "pair",
    [
        (len, abs),
        (math.sin, math.cos),
        ("a".upper, "b".upper),
        ("a".upper, "a".lower),
        (str.upper, str.lower),
        (int.__add__, int.__sub__),
        ((1).__add__, (2).__add__),
        (operator.itemgetter(1), operator.itemgetter(2)),
        (operator.itemgetter(1), operator.itemgetter(1, 1)),
        (operator.attrgetter("a"), operator.attrgetter("b")),
        (operator.methodcaller("a", 1), operator.methodcaller("a", k=1)),
        (NotImplemented, ...),
        (ValueError("a"), ValueError("b")),
        (ValueError("a"), TypeError("a")),
    ],
    # Names without addresses: runs in several processes must agree on them.
    ids=lambda pair: re.sub(" at 0x[0-9a-f]+", "", str(pair)),
)
def test_pairs_that_differ(pair):
    one, two = pair
    assert tokenize(one, ensure_deterministic=True) == tokenize(one)
    assert tokenize(one) != tokenize(two)
