"""What users say of dashboards, as services."""

import pickle

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.dashboards import takes_services, with_dashboard, worker_dashboard
from minidask_distributed.deploy.spec import SpecCluster
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker


class Closed(Worker):
    """A worker that takes no services."""

    def __init__(self, scheduler_address):
        super().__init__(scheduler_address)


def test_each_worker_has_its_own_and_it_travels():
    make = pickle.loads(pickle.dumps(worker_dashboard(":7", "x")))
    assert make() is not make()
    assert repr(make()) == "<Dashboard on 127.0.0.1:7/x, not started>"
    with pytest.raises(ValueError, match="dashboard_address"):
        worker_dashboard("::1")


def test_who_takes_services():
    assert takes_services(Worker)
    assert takes_services(Scheduler)
    assert takes_services(Nanny)
    assert takes_services(Nanny, Worker)
    assert takes_services(Nanny, Nanny)
    assert not takes_services(Nanny, Closed)
    assert not takes_services(Closed)
    assert not takes_services(object)


@pytest.mark.parametrize(
    ("cls", "options", "made"),
    [
        (Scheduler, {}, None),
        (Scheduler, {"dashboard": False, "dashboard_address": ":1"}, None),
        (Scheduler, {"dashboard_address": None}, None),
        (Scheduler, {"dashboard": True}, "127.0.0.1:8787"),
        (Scheduler, {"dashboard_address": "0.0.0.0:1", "dashboard_prefix": "p"}, "0.0.0.0:1/p"),
        (Worker, {"dashboard": True}, "127.0.0.1:0"),
        (Nanny, {"dashboard_address": ":5"}, "127.0.0.1:5"),
    ],
)
def test_options_become_a_service(cls, options, made):
    spec = with_dashboard({"cls": cls, "options": {**options, "name": "n"}, "group": ["-0"]})
    services = spec["options"].pop("services", [])
    assert spec == {"cls": cls, "options": {"name": "n"}, "group": ["-0"]}
    assert [repr(make()) for make in services] == ([] if made is None else [f"<Dashboard on {made}, not started>"])


def test_classes_of_others_are_left_alone():
    spec = {"cls": dict, "options": {"dashboard_address": ":1"}}
    assert with_dashboard(spec) is spec


@pytest.mark.network
def test_a_cluster_by_specification():
    security = Security(token=new_token())
    options = {"security": security, "dashboard_address": ":0"}
    scheduler = {"cls": Scheduler, "options": {"port": 0, **options}}
    worker = {"cls": Worker, "options": {"nthreads": 1, **options}}
    with SpecCluster({"a": worker}, scheduler, worker, security=security) as cluster, Client(cluster) as client:
        assert cluster.dashboard_link == client.dashboard_link != ""
        [found] = client.scheduler_info()["workers"].values()
        assert found["services"]["dashboard"] > 0
    with pytest.raises(ValueError, match="dashboard_address"):
        SpecCluster({}, {"cls": Scheduler, "options": {"dashboard_address": "::1"}})
