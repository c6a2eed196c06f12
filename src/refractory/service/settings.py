"""What a service is told when it starts, and what it refuses to be told."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from refractory.case.fhir.limits import MAX_BUNDLE_BYTES
from refractory.errors import UsageError

LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
"""The names of this machine for itself."""


def _today() -> date:
    return datetime.now(tz=UTC).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a service is told.

    Attributes:
        host: The address it listens on.
        port: The port; 0 lets the system choose.
        workers: How many processes answer quick requests at once; two more answer those that may take long.
        seconds: How long one request may be worked on.
        waiting: How many requests may wait for a worker; more are turned away at once.
        memory: Bytes of memory that one worker may have.
        max_body: Bytes of the body of a request.
        tokens: The file of the callers' tokens; required beyond loopback.
        clients: The local key set of each issuer of CDS Hooks tokens; beyond loopback there are no hooks without.
        hosts: The names, in the `Host` header, by which it may be called; of loopback its own.
        origins: The web pages, by their origin, that may call it from a browser.
        audit: The file of the audit log.
        certificate: The file of the TLS certificate, with `key`.
        key: The file of its private key.
        behind_proxy: That something before it speaks TLS.
        base_url: The URL under which callers know it; by default that of host and port.
        knowledge: Folders of a whole knowledge or of modules; None: the shipped knowledge alone.
        guidance: Identifiers of the sources to use; None: all.
        today: The day of a live event; never that of a case.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    seconds: float = 10.0
    waiting: int = 64
    memory: int = 1_073_741_824
    max_body: int = MAX_BUNDLE_BYTES
    tokens: Path | None = None
    clients: Mapping[str, Path] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    audit: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    base_url: str | None = None
    knowledge: tuple[str, ...] | None = None
    guidance: tuple[str, ...] | None = None
    today: Callable[[], date] = _today

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """The URL under which callers know it, without a slash at its end."""
        scheme = "https" if self.certificate else "http"
        name = f"[{self.host}]" if ":" in self.host else self.host
        return (self.base_url or f"{scheme}://{name}:{self.port}").rstrip("/")

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The names by which it may be called, without a port, in small letters."""
        own = LOOPBACK_HOSTS if self.on_loopback else ()
        return frozenset(name.lower() for name in (*own, *self.hosts))

    @property
    def with_hooks(self) -> bool:
        """Whether it serves CDS Hooks: with key sets of clients, or on loopback."""
        return bool(self.clients) or self.on_loopback

    def checked(self) -> Settings:
        """Return these settings.

        Raises:
            UsageError: Others than this machine could reach it unknown, in clear text, or under any name.
        """
        if (self.certificate is None) != (self.key is None):
            raise UsageError("a certificate and its key go together.", fix="Give both, or neither.")
        if "*" in self.hosts or "*" in self.origins:
            raise UsageError("`*` is no name of a host or an origin.", fix="Name each one.")
        for origin in self.origins:
            if not origin.startswith(("https://", "http://")) or origin.count("/") != 2:
                raise UsageError(f"{origin!r} is no origin.", fix="Write it as https://name or https://name:port.")
        if self.on_loopback:
            return self
        where = f"the service would listen on {self.host}, which others can reach,"
        if self.tokens is None:
            raise UsageError(f"{where} and would answer anybody.", fix="Give --token-file, or stay on 127.0.0.1.")
        if self.certificate is None and not self.behind_proxy:
            raise UsageError(
                f"{where} and data of patients would go in clear text.",
                fix="Give --tls-certificate and --tls-key; or --behind-proxy where a proxy before it speaks TLS.",
            )
        if not self.hosts:
            raise UsageError(
                f"{where} and does not know by which name it is called.",
                why="A page elsewhere could have a browser call it under another name.",
                fix="Give --allow-host NAME.",
            )
        return self
