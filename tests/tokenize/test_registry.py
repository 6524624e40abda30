"""`normalize_token`: who decides about an object, and bad registrations."""

import subprocess
import sys
from decimal import Decimal

import pytest

from minidask.tokenize import TokenizationError, normalize_token, tokenize
from minidask.tokenize.registry import qualified_name


class Thing:
    def __init__(self, x, ignored=None):
        self.x, self.ignored = x, ignored


class WithProtocol(Thing):
    def __dask_tokenize__(self):
        return self.x


def test_registered_normalizer_decides():
    class Local(Thing): ...

    assert tokenize(Local(1, 1)) != tokenize(Local(1, 2))

    @normalize_token.register(Local)
    def normalize(x):
        return x.x

    assert tokenize(Local(1, 1)) == tokenize(Local(1, 2))
    assert tokenize(Local(1)) != tokenize(Local(2))
    assert tokenize(Local(1)) != tokenize(1)


def test_the_type_counts_beside_what_a_normalizer_returns():
    class One(WithProtocol): ...

    class Two(WithProtocol): ...

    assert tokenize(One(1)) != tokenize(Two(1))
    assert tokenize(One([1])) == tokenize(One([1]))


def test_protocol():
    assert tokenize(WithProtocol(1, object()), ensure_deterministic=True) == tokenize(WithProtocol(1))
    assert tokenize(WithProtocol({1})) != tokenize(WithProtocol({2}))
    assert tokenize(WithProtocol) != tokenize(WithProtocol(1))


def test_protocol_of_a_derived_class_goes_before_the_rule_of_its_base():
    class MyDict(dict):
        def __dask_tokenize__(self):
            return "always"

    class MyDecimal(Decimal):
        def __dask_tokenize__(self):
            return "always"

    assert tokenize(MyDict(a=1)) == tokenize(MyDict(a=2))
    assert tokenize(MyDecimal(1)) == tokenize(MyDecimal(2))


def test_registration_goes_before_the_protocol_of_the_same_class():
    class Local(WithProtocol): ...

    class Own:
        def __dask_tokenize__(self):
            return id(self)

    normalize_token.register(Own, lambda x: "own")
    normalize_token.register(Local, lambda x: "local")
    assert tokenize(Own()) == tokenize(Own())
    assert tokenize(Local(1)) == tokenize(Local(2))


def test_a_normalizer_that_returns_the_object_says_nothing():
    class Local(Thing): ...

    normalize_token.register(Local, lambda x: x)
    assert tokenize(Local(1)) == tokenize(Local(1))
    assert tokenize(Local(1)) != tokenize(Local(2))


def test_normalizers_may_return_anything_that_has_a_token():
    class Local(Thing):
        def __dask_tokenize__(self):
            return {"x": {self.x}, "more": [WithProtocol(self.x), slice(self.x)]}

    assert tokenize(Local(1)) == tokenize(Local(1))
    assert tokenize(Local(1)) != tokenize(Local(2))


def test_calling_normalize_token():
    assert normalize_token(5) == 5
    assert normalize_token({"a": [1]}) == {"a": [1]}
    name, value = normalize_token(WithProtocol(3))
    assert name.endswith("WithProtocol")
    assert value == 3
    assert normalize_token(Decimal(1))[0] == "decimal.Decimal"
    one, two = object(), object()
    assert normalize_token(one) == normalize_token(one) != normalize_token(two)


@pytest.mark.parametrize("type_", [int, str, list, dict, (Thing, tuple), object])
def test_the_tokens_of_plain_types_are_fixed(type_):
    with pytest.raises(TypeError, match="are fixed; register a normalizer for a type of your own"):
        normalize_token.register(type_, lambda x: x)


def test_register_what_is_no_type():
    with pytest.raises(TypeError, match=r"normalize_token\.register takes a type"):
        normalize_token.register("Thing", lambda x: x)


def test_error_is_importable_from_the_package():
    assert TokenizationError.__module__ == "minidask.tokenize.registry"


def test_qualified_name_of_a_spawned_main_module():
    cls = type("C", (), {"__module__": "__mp_main__"})
    assert qualified_name(cls) == "__main__.C"


@pytest.mark.slow
def test_lazy_registration_for_a_library_imported_later():
    code = (
        "import sys\n"
        "from minidask.tokenize import tokenize, normalize_token\n"
        "@normalize_token.register_lazy('fractions')\n"
        "def load():\n"
        "    import fractions\n"
        "    normalize_token.register(fractions.Fraction, lambda x: 'any')\n"
        "tokenize(1, [2], {3: 4}, len, lambda: 1)\n"
        "assert 'fractions' not in sys.modules and 'numpy' not in sys.modules\n"
        "from fractions import Fraction\n"
        "assert tokenize(Fraction(1)) == tokenize(Fraction(2))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_methods_that_need_dask_give_way_to_what_an_object_holds():
    class Library:
        def __init__(self, value, needs):
            self.value = value
            self.needs = needs

        def __dask_tokenize__(self):
            raise ModuleNotFoundError(f"No module named {self.needs!r}", name=self.needs)

    assert tokenize(Library(1, "dask.base")) == tokenize(Library(1, "dask.base"))
    assert tokenize(Library(1, "dask.base")) != tokenize(Library(2, "dask.base"))
    with pytest.raises(ModuleNotFoundError, match="other"):
        tokenize(Library(1, "other"))
