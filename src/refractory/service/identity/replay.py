"""Remembers the tokens that were used, as long as they could be used again and no longer."""

from __future__ import annotations

from enum import Enum, auto
from hashlib import sha256
from heapq import heappop, heappush
from threading import Lock
from typing import Final

MAX_REMEMBERED: Final = 100_000
"""Tokens of one issuer that are remembered at once: over 250 a second, each valid for as long as it may be."""


class Use(Enum):
    """What became of a token's identifier."""

    FIRST = auto()
    AGAIN = auto()
    EXPIRED = auto()
    FULL = auto()


class Used:
    """The identifiers of one issuer's tokens that were used, for as long as one process lives.

    A full memory takes no new token; it never forgets one that could still be used.
    """

    __slots__ = ("_forgotten", "_known", "_limit", "_lock", "_queue")

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._known: set[bytes] = set()
        self._queue: list[tuple[float, bytes]] = []
        # The latest end among what was forgotten. A clock that was put back does not make these tokens new.
        self._forgotten = float("-inf")
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def use(self, identifier: str, until: float, now: float) -> Use:
        """Say whether a token may be used, and remember it if so.

        Args:
            identifier: The token's `jti`.
            until: The second from which the token is refused anyway.
            now: The second it is.
        """
        digest = sha256(identifier.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            self._forget(now)
            if digest in self._known:
                return Use.AGAIN
            if until <= max(now, self._forgotten):
                return Use.EXPIRED
            if len(self._known) >= self._limit:
                return Use.FULL
            self._known.add(digest)
            heappush(self._queue, (until, digest))
            return Use.FIRST

    def seconds_until_free(self, now: float) -> float:
        """Return after how many seconds a place is free, if none is taken meanwhile."""
        with self._lock:
            return max(0.0, self._queue[0][0] - now) if len(self._queue) >= self._limit else 0.0

    def _forget(self, now: float) -> None:
        while self._queue and self._queue[0][0] <= now:
            self._forgotten, digest = heappop(self._queue)
            self._known.discard(digest)
