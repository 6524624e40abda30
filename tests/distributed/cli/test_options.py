"""Flags that the command lines share: what they mean, and what is said of those that make no sense."""

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import minidask
from minidask_distributed.cli import options as flags
from minidask_distributed.security import new_token


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", {}),
        ("GPU=1", {"GPU": 1.0}),
        ("GPU=1 MEM=10e9", {"GPU": 1.0, "MEM": 1e10}),
        ("GPU=1,MEM=10e9", {"GPU": 1.0, "MEM": 1e10}),
        (" A=0.5 ,  B=2 ", {"A": 0.5, "B": 2.0}),
    ],
)
def test_resources(text, expected):
    assert flags.parse_resources(text) == expected


@pytest.mark.parametrize("text", ["GPU", "GPU=", "=1", "GPU=many", "GPU 1"])
def test_what_is_no_resource(text):
    with pytest.raises(click.BadParameter, match="write NAME=NUMBER"):
        flags.parse_resources(text)


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        (None, 2, [None, None]),
        ("0", 3, [0, 0, 0]),
        ("3000", 1, [3000]),
        ("3000:3010", 3, [3000, 3001, 3002]),
        ("3000:3000", 1, [3000]),
    ],
)
def test_ports(text, count, expected):
    assert flags.parse_ports(text, count) == expected


@pytest.mark.parametrize(
    ("text", "count", "message"),
    [
        ("many", 1, "can't read 'many'"),
        ("3000:", 1, "can't read '3000:'"),
        ("3010:3000", 1, "can't read"),
        ("-1", 1, "can't read"),
        ("70000", 1, "can't read"),
        ("3000", 2, r"3000 is 1 port\(s\) for 2 workers: write a range as 3000:3001"),
    ],
)
def test_what_is_no_port(text, count, message):
    with pytest.raises(click.BadParameter, match=message):
        flags.parse_ports(text, count)


@given(st.integers(1, 65000), st.integers(1, 50))
def test_ranges_of_ports_are_used_from_the_front(low, count):
    ports = flags.parse_ports(f"{low}:{low + count + 3}", count)
    assert ports == list(range(low, low + count))


def test_credentials_from_flags(tmp_path):
    token = new_token()
    path = tmp_path / "token"
    path.write_text(token)
    path.chmod(0o600)
    assert flags.make_security("worker", str(path), None, None, None).token_for(False) == token
    other = new_token()
    assert flags.make_security("worker", None, None, None, None, other).token_for(False) == other
    # A file that was named wins over what a scheduler file says.
    assert flags.make_security("worker", str(path), None, None, None, other).token_for(False) == token
    security = flags.make_security("scheduler", None, "/ca.pem", "/cert.pem", "/key.pem")
    assert (security.tls_ca_file, security.tls_scheduler_cert, security.tls_scheduler_key) == (
        "/ca.pem",
        "/cert.pem",
        "/key.pem",
    )
    assert security.has_tls


def test_credentials_that_make_no_sense(tmp_path):
    with pytest.raises(click.UsageError, match="--tls-key needs --tls-cert"):
        flags.make_security("worker", None, "/ca.pem", None, "/key.pem")
    with pytest.raises(click.UsageError, match="--tls-cert needs --tls-ca-file"):
        flags.make_security("worker", None, None, "/cert.pem", None)
    with pytest.raises(click.UsageError, match="there is no token file"):
        flags.make_security("worker", str(tmp_path / "missing"), None, None, None)
    path = tmp_path / "token"
    path.write_text(new_token())
    path.chmod(0o644)
    with pytest.raises(click.UsageError, match="token file"):
        flags.make_security("worker", str(path), None, None, None)


@click.command()
@flags.security_options("worker")
@flags.preload_options("worker")
@flags.dashboard_options("worker")
@flags.common_options()
def command(**options):
    """Take all of them."""
    for name, value in sorted(options.items()):
        click.echo(f"{name}={value!r}")


def test_the_shared_flags():
    result = CliRunner().invoke(
        command,
        ["--preload", "a", "--preload", "b.py", "--preload-argv", "x", "--no-dashboard", "--log-level", "DEBUG"],
    )
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "preload=('a', 'b.py')" in lines
    assert "preload_argv=('x',)" in lines
    assert "dashboard=False" in lines
    assert "log_level='debug'" in lines
    assert "token_file=None" in lines


def test_help_and_version():
    result = CliRunner().invoke(command, ["-h"], prog_name="program")
    assert result.exit_code == 0
    for flag in ("--token-file", "--tls-ca-file", "--preload-argv", "--dashboard-address", "--pid-file", "--version"):
        assert flag in result.output
    assert CliRunner().invoke(command, ["--version"], prog_name="program").output == f"program {minidask.__version__}\n"


def test_every_flag_has_a_help_text():
    for parameter in command.params:
        assert len(parameter.help) > 10, parameter.name


@pytest.mark.parametrize(
    ("role", "address", "made"),
    [
        ("scheduler", None, "127.0.0.1:8787"),
        ("scheduler", "0.0.0.0:99", "0.0.0.0:99"),
        ("worker", None, "127.0.0.1:0"),
        ("worker", "9000", "127.0.0.1:9000"),
    ],
)
def test_dashboards_by_flags(role, address, made):
    [make] = flags.make_dashboard(role, address, True, "team")
    assert repr(make()) == f"<Dashboard on {made}/team, not started>"
    assert make() is not make()
    # What was asked for is insisted on, but for workers, of which a machine has several.
    assert make()._strict == (role == "scheduler" and address is not None)
    assert flags.make_dashboard(role, None, False, None) == []


@pytest.mark.parametrize(("address", "prefix"), [("::1", None), (":70000", None), (None, "a b"), ("x/y", None)])
def test_dashboards_that_make_no_sense(address, prefix):
    with pytest.raises(click.UsageError, match="dashboard"):
        flags.make_dashboard("scheduler", address, True, prefix)


@pytest.mark.parametrize(("address", "prefix"), [(":0", None), (None, "x")])
def test_no_dashboard_means_none(address, prefix):
    with pytest.raises(click.UsageError, match="--no-dashboard means none"):
        flags.make_dashboard("scheduler", address, False, prefix)


@pytest.mark.parametrize("flag", flags.UNBUILT)
def test_flags_of_the_field_that_are_not_built(flag):
    @click.command(cls=flags.Program)
    @flags.common_options()
    def program(**given):
        raise AssertionError("it ran")

    result = CliRunner().invoke(program, [flag, "1"])
    assert result.exit_code == 2
    assert f"{flag} isn't built; instead: {flags.UNBUILT[flag]}" in " ".join(result.output.split())
    assert "No such option" in CliRunner().invoke(program, ["--other"]).output


def test_places_and_spans():
    flags.check_place(None)
    flags.check_place("lo")
    with pytest.raises(click.BadParameter, match="there is no network interface 'none'; this host has: "):
        flags.check_place("none")
    assert flags.read_span("--x", "1.5 min") == 90
    with pytest.raises(click.BadParameter, match="can't read 'soon' as a span of time"):
        flags.read_span("--x", "soon")
