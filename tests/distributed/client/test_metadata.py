"""Small values that clients share by name; the scheduler is a real one."""

import pytest

from minidask import config
from minidask_distributed.client.client import Client
from minidask_distributed.deploy.local import LocalCluster

pytestmark = pytest.mark.network


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=0, processes=False) as made:
        yield made


@pytest.fixture
def client(cluster):
    with Client(cluster) as made:
        yield made


def test_values_by_name(cluster, client):
    client.set_metadata("x", (1, {2}))
    assert client.get_metadata("x") == client.get_metadata(["x"]) == (1, {2})
    with Client(cluster, set_as_default=False) as other:
        assert other.get_metadata("x") == (1, {2})
        other.set_metadata("x", None)
    assert client.get_metadata("x", default=5) is None


def test_values_in_nested_dicts(client):
    client.set_metadata(["a", "b"], 1)
    client.set_metadata(["a", "c"], {"d": [2], "e": {}})
    assert client.get_metadata("a") == {"b": 1, "c": {"d": [2], "e": {}}}
    assert client.get_metadata(["a", "c", "d"]) == [2]
    with pytest.raises(ValueError, match=r"\['a', 'b'\] holds a value: nothing can be put below it"):
        client.set_metadata(["a", "b", "c"], 3)


def test_dicts_with_other_keys_are_values(client):
    client.set_metadata("numbers", {1: "one"})
    assert client.get_metadata("numbers") == {1: "one"}
    assert client.get_metadata(["numbers", "1"], None) is None


def test_nothing_there(client):
    with pytest.raises(KeyError, match="'nothing'"):
        client.get_metadata("nothing")
    with pytest.raises(KeyError, match=r"\('nothing', 'below'\)"):
        client.get_metadata(["nothing", "below"])
    assert client.get_metadata(["nothing", "below"], default=7) == 7


@pytest.mark.parametrize("wrong", [5, [], [1], None, ""])
def test_wrong_keys(client, wrong):
    if wrong == "":
        client.set_metadata(wrong, 1)  # a text like any other
        return
    with pytest.raises(TypeError, match="a key is a text, or a list of texts"):
        client.set_metadata(wrong, 1)


def test_values_that_cannot_be_sent(client):
    with pytest.raises(TypeError, match="lock"):
        client.set_metadata("x", __import__("threading").Lock())


def test_a_scheduler_that_runs_nothing():
    blocked = {"distributed.scheduler.blocked-handlers": ["run_on_scheduler"]}
    with config.set(blocked), LocalCluster(n_workers=0, processes=False) as cluster, Client(cluster) as client:
        with pytest.raises(PermissionError, match="this scheduler refuses 'run_on_scheduler'"):
            client.set_metadata("x", 1)
