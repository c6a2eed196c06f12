"""How many assessments a second the service gives, and how late: `python -m benchmarks.load`.

Requests are sent at fixed moments, whether earlier ones are answered or not, and each is timed from the moment at which
it was due: a service that falls behind is not spared. The golden cases are asked in turn. Nothing is kept or reused
between requests but the connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from socket import socket
from typing import Any

CASES = Path(__file__).resolve().parent.parent / "tests" / "cases"
HOSTILE = {
    "deep nesting": b'{"a":' * 1_000_000,
    "a bomb of brackets": b'{"resourceType":"Bundle","entry":[' + b"[]," * 2_700_000 + b"[]]}",
    "a huge Bundle": b'{"resourceType":"Bundle","type":"collection","entry":['
    + b",".join(b'{"resource":{"resourceType":"Observation","id":"%d","status":"final"}}' % i for i in range(9_999))
    + b"]}",
}
"""Bodies that are as large or as deep as the service lets them come."""


class Connection:
    """One connection that is kept, and asked one thing after the other."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes) -> int:
        """Return the status of an answer, which is read whole."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        reader, writer = self._streams
        if reader.at_eof():
            # The service lets go of connections that nobody uses.
            reader, writer = self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(answer.partition("content-length:")[2].partition("\r\n")[0])
        await reader.readexactly(length)
        if "connection: close" in answer:
            writer.close()
            self._streams = None
        return int(answer.split()[1])


@contextmanager
def service(workers: int) -> Iterator[int]:
    """Run the service, and give its port."""
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    command = [sys.executable, "-m", "refractory", "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


async def load(port: int, path: str, bodies: Sequence[bytes], rate: float, seconds: float) -> tuple[list[float], Any]:
    """Send requests at a rate, and return how long each took from when it was due, in ms, and the statuses."""
    idle = [Connection(port) for _ in range(64)]
    late: list[float] = []
    statuses: Counter[int] = Counter()
    asked: set[asyncio.Task[None]] = set()

    async def ask(body: bytes, due: float) -> None:
        connection = idle.pop() if idle else Connection(port)
        statuses[await connection.post(path, body)] += 1
        late.append((time.perf_counter() - due) * 1000)
        idle.append(connection)

    start = time.perf_counter()
    for number, body in zip(range(int(rate * seconds)), cycle(bodies), strict=False):
        due = start + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(ask(body, due))
        asked.add(task)
        task.add_done_callback(asked.discard)
    await asyncio.gather(*asked)
    return late, statuses


async def attack(port: int) -> None:
    """Send hostile requests without an end, one after the other."""
    connection = Connection(port)
    for body in cycle(HOSTILE.values()):
        await connection.post("/assess", body)


async def measured(port: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one run, after a second to warm up."""
    bodies = [path.read_bytes() for path in sorted(CASES.glob("*/case.json"))]
    path = "/assess" + ("" if options.questions else "?questions=false")
    await load(port, path, bodies, 20, 1)
    hostile = asyncio.create_task(attack(port)) if options.hostile else None
    late, statuses = await load(port, path, bodies, options.rate, options.seconds)
    if hostile:
        hostile.cancel()
    late.sort()
    share = {name: round(late[min(len(late) - 1, int(len(late) * q))], 1) for name, q in QUANTILES.items()}
    return {"rate": options.rate, "requests": len(late), "statuses": dict(statuses), "ms": share}


QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


def main() -> None:
    """Run the service under load, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200, help="assessments a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--questions", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--hostile", action="store_true", help="send hostile requests beside them")
    options = parser.parse_args()
    with service(options.workers) as port:
        print(json.dumps(asyncio.run(measured(port, options))))


if __name__ == "__main__":
    main()
