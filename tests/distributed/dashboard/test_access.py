"""Who may look, as a table of requests and verdicts."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.dashboard.access import Access, Request, host_of, security_headers, view_token
from minidask_distributed.security.token import derived_token

CLUSTER = "c" * 64
VIEW = view_token(CLUSTER)


def access(hosts=(), secure=False):
    return Access(VIEW, "8787", hosts, secure)


def ask(path="status", **given):
    return Request(**{"method": "GET", "path": path, "host": "localhost:8787", **given})


def test_the_view_token_is_derived_and_is_not_the_clusters():
    assert derived_token(CLUSTER, "view") == VIEW != CLUSTER
    assert access().judge(ask(authorization=f"Bearer {CLUSTER}")).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "get", ""])
def test_other_methods_are_refused_even_with_the_token(method):
    verdict = access().judge(ask(method=method, authorization=f"Bearer {VIEW}"))
    assert verdict.status == 405
    assert "only show" in verdict.why


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_bearer_may_look(method):
    assert access().judge(ask(method=method, authorization=f"bearer {VIEW}")).status == 200


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", f"Bearer {VIEW}x", f"Bearer {VIEW[:-1]}", f"Basic {VIEW}", VIEW, "Bearer \u00e9"]
)
def test_a_wrong_bearer_may_not(authorization):
    verdict = access().judge(ask(authorization=authorization))
    assert (verdict.status, verdict.why) == (403, "the token in the Authorization header is wrong")


def test_a_wrong_bearer_is_not_saved_by_a_right_cookie():
    cookie = access().cookie().partition(";")[0]
    assert access().judge(ask(cookie=cookie, authorization="Bearer no")).status == 403


def test_nobody_may_look_without_a_token():
    verdict = access().judge(ask())
    assert (verdict.status, verdict.why) == (403, "these pages need the token of the cluster")


def test_what_has_no_data_of_the_cluster_is_open():
    assert access().judge(ask("health")).status == 200
    assert access().judge(ask("individual-plots.json")).status == 200
    for asset in ("icon.svg", "style.css"):
        assert access().judge(ask(f"static/{asset}")).status == 200
    assert access().judge(ask("static/app.js")).status == 403
    assert access().judge(ask("health/x")).status == 403


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("status", "token={}", "./status"),
        ("status", "theme=dark&token={}&x=%26", "./status?theme=dark&x=%26"),
        ("", "token={}", "./"),
        ("javascript:alert(1).html", "token={}", "./javascript:alert(1).html"),
    ],
)
def test_the_token_of_an_address_becomes_a_cookie_and_leaves_it(path, query, location):
    verdict = access().judge(ask(path, query=query.format(VIEW)))
    assert (verdict.status, verdict.location) == (302, location)
    assert VIEW not in verdict.cookie
    assert VIEW not in verdict.location
    name_and_value, *attributes = verdict.cookie.split("; ")
    assert "HttpOnly" in attributes
    assert "SameSite=Lax" in attributes
    assert "Secure" not in attributes
    assert access().judge(ask(path, cookie=f"other=1; {name_and_value}")).status == 200


def test_cookies_of_others_do_no_harm():
    own = access().cookie().partition(";")[0]
    for other in ('_x={"a": "b, c"}', 'y="', "z", "=", "é=é", 'q="a;b"'):
        assert access().judge(ask(cookie=f"{other}; {own}; {other}")).status == 200


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("info/main/workers.html", "token={}", "./info/main/workers.html"),
        ("info/worker/tcp%3A%2F%2Fa%3A1.html", "a=%26&token={}", "./info/worker/tcp%3A%2F%2Fa%3A1.html?a=%26"),
        ("info/task/%0D%0Ax:y.html", "token={}", "./info/task/%0D%0Ax:y.html"),
        ("/evil.example/", "token={}", ".//evil.example/"),
    ],
)
def test_a_cookie_is_for_the_folder_of_the_dashboard(path, query, location):
    # Of a page in a folder the browser would take that one: it is sent to the top, from where the cookie comes.
    verdict = access().judge(ask(path, query=query.format(VIEW)))
    assert (verdict.status, verdict.cookie) == (302, "")
    assert VIEW not in verdict.location
    up, _, way = verdict.location.rpartition("../")
    assert up.count("../") + 1 == path.count("/")
    page, _, query = way.partition("?")
    inside = access().judge(ask(page, query=query))
    assert (inside.status, inside.location) == (302, location)
    assert "path" not in inside.cookie.lower()
    assert access().judge(ask(path, cookie=inside.cookie.partition(";")[0])).status == 200


@pytest.mark.parametrize("query", ["", "page=x", "page=x&pass=", "page=//evil.example&pass={}", "page=status&pass=é"])
def test_the_entrance_leads_only_where_this_server_led(query):
    location = access().judge(ask("info/x", query=f"token={VIEW}")).location
    known = parse_qs(location.partition("?")[2])["pass"][0]
    verdict = access().judge(ask("enter", query=query.format(known)))
    assert (verdict.status, verdict.why, verdict.cookie) == (403, "these pages need the token of the cluster", "")


def test_a_cookie_travels_by_tls_alone_where_there_is_tls():
    assert access(secure=True).cookie().endswith("; Secure")


@pytest.mark.parametrize(
    "cookie", ["", "minidask-view-8787=", "minidask-view-8787=" + VIEW, "a=b", "\x00;;=", "minidask-view-1=x"]
)
def test_another_cookie_is_none(cookie):
    assert access().judge(ask(cookie=cookie)).status == 403


def test_a_wrong_token_in_the_address_is_refused_whatever_the_cookie():
    cookie = access().cookie().partition(";")[0]
    verdict = access().judge(ask(query="token=no", cookie=cookie))
    assert (verdict.status, verdict.why) == (403, "the token in the address is wrong")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8787", "127.9.9.9", "[::1]:8787", "[::1]"])
def test_loopback_is_known_by_its_names(host):
    assert access().judge(ask(host=host, authorization=f"Bearer {VIEW}")).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8787",
        "localhost.evil.example",
        "localhost@evil.example",
        "localhost:x",
        "[::1",
        "a b",
    ],
)
def test_another_host_is_refused_even_with_the_token(host):
    verdict = access().judge(ask(host=host, authorization=f"Bearer {VIEW}"))
    assert verdict.status == 403
    assert "distributed.dashboard.allowed-hosts" in verdict.why


@pytest.mark.parametrize(
    ("hosts", "host"),
    [(["Hub.example.org"], "hub.example.org:443"), (["*"], "any.example"), (["10.0.0.7"], "10.0.0.7:1")],
)
def test_hosts_can_be_allowed(hosts, host):
    assert access(hosts=hosts).judge(ask(host=host, authorization=f"Bearer {VIEW}")).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://localhost:8787", 200),
        ("https://localhost:8787", 200),
        ("http://LOCALHOST:8787", 200),
        ("http://localhost:8888", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("file://localhost:8787", 403),
        ("http://[", 403),
        ("", 403),
    ],
)
def test_a_websocket_must_come_from_a_page_of_this_server(origin, status):
    cookie = access().cookie().partition(";")[0]
    assert access().judge(ask("feeds/ws", is_websocket=True, origin=origin, cookie=cookie)).status == status


def test_where_it_listens_it_is_known_but_other_ports_there_are_strangers():
    own = Access(VIEW, "8787", [], False, own=["10.0.0.5", "127.0.0.1"])
    token = f"token={VIEW}"
    for host in ("10.0.0.5", "127.0.0.1"):
        mine = ask("feeds/ws", host=f"{host}:8787", is_websocket=True, origin=f"http://{host}:8787", query=token)
        other = ask("feeds/ws", host=f"{host}:8787", is_websocket=True, origin=f"http://{host}:9999", query=token)
        assert own.judge(mine).status == 200
        assert own.judge(other).status == 403


def test_a_websocket_may_come_from_an_allowed_host():
    request = ask("feeds/ws", is_websocket=True, origin="https://hub.example.org", query=f"token={VIEW}")
    assert access(hosts=["hub.example.org"]).judge(request).status == 200
    assert access().judge(request).status == 403


def test_without_a_token_everybody_may_look():
    open_ = Access(None, "1", [], False)
    assert open_.judge(ask()).status == 200
    assert open_.judge(ask(host="evil.example")).status == 403


@given(st.text(), st.text(), st.text(), st.text())
def test_no_header_makes_it_raise(host, cookie, authorization, query):
    verdict = access().judge(ask(host=host, cookie=cookie, authorization=authorization, query=query, origin=host))
    assert verdict.status in (302, 403)


@given(st.text(max_size=40))
def test_a_host_has_no_sign_of_an_address(text):
    found = host_of(text)
    assert found is None or not any(sign in found for sign in "/\\@?# \t")


def test_every_answer_says_what_browsers_may_do():
    headers = security_headers("'self' http://localhost:*")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self' http://localhost:*" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self';" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
