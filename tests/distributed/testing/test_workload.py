"""Keys that name their content, and the values that must come of them."""

from __future__ import annotations

import pytest

from minidask_distributed.testing.workload import KINDS, PACES, Catalogue, Doomed, combine, nbytes_of


@pytest.fixture
def catalogue():
    return Catalogue()


def test_equal_content_has_equal_keys(catalogue):
    one = catalogue.add("sum/fast", 1, ())
    assert catalogue.add("sum/fast", 1, ()) == one
    others = [catalogue.add("sum/fast", 2, ()), catalogue.add("sum/slow", 1, ()), catalogue.add("sum/fast", 1, (one,))]
    assert len({one, *others}) == 4


def test_values(catalogue):
    data = catalogue.add_data(9)
    leaf = catalogue.add("sum/even", 4, ())
    node = catalogue.add("flaky/even", 100, (data, leaf))
    assert [catalogue.value(key) for key in (data, leaf, node)] == [9, 4, 100 + 9 + 2 * 4]
    assert catalogue.made_of(node) == {data, leaf, node}


def test_what_raises_has_no_value(catalogue):
    boom = catalogue.add("boom/fast", 1, ())
    after = catalogue.add("sum/fast", 1, (boom,))
    with pytest.raises(Doomed, match=after):
        catalogue.value(after)


def test_dependencies_must_be_known(catalogue):
    with pytest.raises(KeyError, match="'x' isn't in the catalogue"):
        catalogue.add("sum/fast", 1, ("x",))


def test_order_and_place_matter():
    assert combine(0, [1, 2]) != combine(0, [2, 1])


def test_sizes_of_all_kinds_occur(catalogue):
    keys = [catalogue.add(f"{kind}/{pace}", 1, ()) for kind in KINDS for pace in PACES]
    assert {nbytes_of(key) for key in keys} == {16, 400, 2_000_000}
