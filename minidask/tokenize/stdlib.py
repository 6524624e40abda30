"""Normalizers for types of the standard library that pickle takes apart badly or not at all.

Place in the flow: registers with `registry.normalize_token` when imported. Most of the standard library (dates,
decimals, fractions, UUIDs, paths, deques, ...) needs no rule: `objects.reduced` takes it apart.

Invariants: a rule here is for that very class (``subclasses=False``) wherever a derived class may hold more.
"""

from __future__ import annotations

import enum
import functools
import random
import re
import types
import weakref
import zoneinfo
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from pickle import PickleBuffer
from typing import Any

from minidask.tokenize.objects import Opaque, importable_name
from minidask.tokenize.registry import normalize_token

__all__: list[str] = []


def _exactly(*classes: type) -> Callable[[Any], Any]:
    return normalize_token.register(classes, subclasses=False)


@_exactly(bytearray)
def _bytearray(x: bytearray) -> bytes:
    return sha256(x).digest()


@_exactly(memoryview)
def _memoryview(x: memoryview) -> tuple[Any, ...]:
    return x.format, x.shape, sha256(x if x.c_contiguous else x.tobytes()).digest()


@_exactly(PickleBuffer)
def _pickle_buffer(x: PickleBuffer) -> Any:
    view = memoryview(x)
    # Of buffers of either order pickle writes the memory as it is; who makes one says the order beside it.
    data = x.raw() if view.c_contiguous or view.f_contiguous else view.tobytes()
    return view.format, view.shape, sha256(data).digest()


@_exactly(slice)
def _slice(x: slice) -> tuple[Any, Any, Any]:
    return x.start, x.stop, x.step


@_exactly(OrderedDict)
def _ordered_dict(x: OrderedDict[Any, Any]) -> list[tuple[Any, Any]]:
    return list(x.items())


@_exactly(types.MappingProxyType)
def _mapping_proxy(x: types.MappingProxyType[Any, Any]) -> dict[Any, Any]:
    return dict(x)


@_exactly(type({}.keys()), type({}.values()), type({}.items()))
def _dict_view(x: Any) -> list[Any]:
    return list(x)


@_exactly(weakref.WeakKeyDictionary, weakref.WeakValueDictionary)
def _weak_dict(x: Any) -> dict[Any, Any]:
    return dict(x)


@_exactly(weakref.WeakSet)
def _weak_set(x: weakref.WeakSet[Any]) -> frozenset[Any]:
    return frozenset(x)


@normalize_token.register(enum.Enum)
def _enum(x: enum.Enum) -> tuple[type, str | None, Any]:
    # Both: a combination of flags has a value and no name; members of one value may differ by name in no other way.
    return type(x), x._name_, x._value_


@_exactly(re.Pattern)
def _pattern(x: re.Pattern[Any]) -> tuple[Any, int]:
    return x.pattern, x.flags


@_exactly(zoneinfo.ZoneInfo)
def _zone_info(x: zoneinfo.ZoneInfo) -> Any:
    return x.key or Opaque("a time zone read from a file has no key")


@_exactly(random.Random)
def _random(x: random.Random) -> Any:
    return x.getstate()


@_exactly(types.ModuleType)
def _module(x: types.ModuleType) -> Any:
    import sys

    name = x.__name__
    return name if sys.modules.get(name) is x else Opaque("it isn't among the imported modules")


@normalize_token.register(functools.partial)
def _partial(x: functools.partial[Any]) -> tuple[Any, ...]:
    return type(x), x.func, x.args, x.keywords, x.__dict__


@_exactly(functools.cached_property)
def _cached_property(x: functools.cached_property[Any]) -> tuple[Any, ...]:
    return x.func, x.attrname


@_exactly(type(functools.lru_cache(lambda: None)))
def _lru_cache(x: Any) -> Any:
    return importable_name(x) or (x.cache_parameters(), x.__wrapped__)


@_exactly(staticmethod, classmethod)
def _wrapped_method(x: Any) -> Any:
    return x.__func__


@_exactly(types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType)
def _descriptor(x: Any) -> tuple[type, str]:
    return x.__objclass__, x.__name__


@_exactly(property)
def _property(x: property) -> tuple[Any, ...]:
    return x.fget, x.fset, x.fdel
