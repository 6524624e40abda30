"""The address of the dashboard, as people click it."""

from __future__ import annotations

import pytest

from minidask import config
from minidask_distributed.client.dashboard_link import dashboard_link
from minidask_distributed.security import Security
from minidask_distributed.security.token import derived_token

PLACE = {"scheme": "http", "host": "", "port": 8787, "prefix": ""}
TOKEN = "t" * 64


@pytest.mark.parametrize(
    ("place", "address", "link"),
    [
        ({}, "tcp://10.0.0.7:8786", "http://10.0.0.7:8787/status"),
        ({}, "inproc://1/2", "http://127.0.0.1:8787/status"),
        ({}, "tcp://[fe80::1]:8786", "http://[fe80::1]:8787/status"),
        ({"host": "127.0.0.1"}, "tcp://10.0.0.7:8786", "http://127.0.0.1:8787/status"),
        ({"host": "::1", "prefix": "/a/b"}, "tcp://10.0.0.7:8786", "http://[::1]:8787/a/b/status"),
        ({"scheme": "https", "port": 1}, "tls://node7:8786", "https://node7:1/status"),
    ],
)
def test_links(place, address, link):
    assert dashboard_link(PLACE | place, address, None, token=False) == link


@pytest.mark.parametrize("place", [None, {}])
def test_no_dashboard_no_link(place):
    assert dashboard_link(place, "tcp://10.0.0.7:8786", None) == ""


def test_the_token_is_the_one_for_viewing():
    link = dashboard_link(PLACE, "tcp://10.0.0.7:8786", Security(token=TOKEN))
    assert link == f"http://10.0.0.7:8787/status?token={derived_token(TOKEN, 'view')}"
    assert TOKEN not in link


def test_the_users_token_without_credentials(monkeypatch):
    monkeypatch.setenv("MINIDASK_TOKEN", TOKEN)
    assert dashboard_link(PLACE, "tcp://a:1", None).endswith(derived_token(TOKEN, "view"))


def test_behind_a_hubs_proxy(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/alice/")
    with config.set({"distributed.dashboard.link": "{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status"}):
        assert dashboard_link(PLACE, "tcp://a:1", None, token=False) == "/user/alice/proxy/8787/status"
    with config.set({"distributed.dashboard.link": "https://gate/{host}?to=x"}):
        assert dashboard_link(PLACE, "tcp://a:1", Security(token=TOKEN)).startswith("https://gate/a?to=x&token=")


@pytest.mark.parametrize("template", ["{NOT_IN_THE_ENVIRONMENT}", "{}", "{port"])
def test_a_template_that_names_what_is_not_there(template):
    with config.set({"distributed.dashboard.link": template}):
        with pytest.raises(ValueError, match=r"the setting distributed\.dashboard\.link is"):
            dashboard_link(PLACE, "tcp://a:1", None, token=False)
