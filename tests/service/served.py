"""A service as a hospital would start it: the command, in a process of its own, asked over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_PATIENCE = 60.0


@dataclass(frozen=True)
class Served:
    """A running service.

    Attributes:
        url: Where it is.
        log: The file of what it says.
        process: The process.
        http: A client for it.
    """

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    http: httpx.Client

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """Tell it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def served(*options: str) -> Iterator[Served]:
    """Run `refractory serve` with options until the end of the block."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "refractory", "serve", "--port", str(port), "--workers", "1", *options]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | {"PYTHONUNBUFFERED": "1"})
        url = f"http://127.0.0.1:{port}"
        try:
            with httpx.Client(base_url=url, timeout=_PATIENCE, trust_env=False) as http:
                _wait(http, process, log)
                yield Served(url, log, process, http)
        finally:
            process.kill()
            process.wait()


def _wait(http: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if http.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the service did not come up: {log.read_text()}")
