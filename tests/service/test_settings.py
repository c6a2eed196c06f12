"""A service that others could reach is not started unguarded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from refractory.cli import main
from refractory.errors import UsageError
from refractory.service.settings import Settings

FILE = Path("file")
SAFE: dict[str, Any] = {"host": "0.0.0.0", "tokens": FILE, "certificate": FILE, "key": FILE, "hosts": ("cds.example",)}  # noqa: S104


def test_on_this_machine_alone_nothing_more_is_asked() -> None:
    """The defaults are those of a first try, and reach nobody else."""
    for host in ("127.0.0.1", "localhost", "::1", "127.8.9.10"):
        assert Settings(host=host).checked().on_loopback


def test_beyond_this_machine_all_guards_are_asked_for() -> None:
    """With all of them it may start; behind a proxy TLS may be the proxy's."""
    assert not Settings(**SAFE).checked().on_loopback
    assert Settings(**{**SAFE, "certificate": None, "key": None}, behind_proxy=True).checked()


@pytest.mark.parametrize(
    ("left_out", "told"),
    [(("tokens",), "--token-file"), (("certificate", "key"), "--tls-certificate"), (("hosts",), "--allow-host")],
)
def test_without_one_guard_it_does_not_start(left_out: tuple[str, ...], told: str) -> None:
    """The error names the option that mends it."""
    with pytest.raises(UsageError) as raised:
        Settings(**{name: value for name, value in SAFE.items() if name not in left_out}).checked()

    assert told in raised.value.fix


@pytest.mark.parametrize(
    "wrong",
    [{"certificate": None}, {"hosts": ("*",)}, {"origins": ("*",)}, {"origins": ("ward.example",)}],
)
def test_half_a_guard_is_none(wrong: dict[str, Any]) -> None:
    """A certificate without a key, and a wildcard, are refused."""
    with pytest.raises(UsageError):
        Settings(**{**SAFE, **wrong}).checked()


def test_hooks_are_served_to_signed_clients_or_on_loopback_alone() -> None:
    """Beyond this machine, without key sets there are no hooks."""
    assert Settings().with_hooks
    assert not Settings(**SAFE).with_hooks
    assert Settings(**SAFE, clients={"https://ehr.example": FILE}).with_hooks


def test_the_command_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is that of a wrong call, and nothing listens."""
    code = main(["serve", "--host", "0.0.0.0"])  # noqa: S104

    assert (2, True) == (code, "--token-file" in capsys.readouterr().err)
