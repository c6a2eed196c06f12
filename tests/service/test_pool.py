"""Workers that can be ended: what one task does to its worker, no other task feels."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from refractory.service.settings import Settings
from refractory.service.work import pool
from refractory.service.work.messages import Task
from refractory.service.work.pool import BusyError, Lane, OutOfTimeError, Pool, WorkerLostError

ECHO = Task("echo", b"said", {})


@pytest.fixture(autouse=True)
def _ill_behaved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WORKER", "tests.service.ill_behaved_worker")


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test that waits."""
    asyncio.run(work)


def lane(workers: int = 1, **told: Any) -> Lane:
    """Return a lane of workers that behave ill when they are asked to."""
    return Lane(Settings(**{"seconds": 1.0, **told}), workers)


def test_a_task_that_takes_too_long_is_ended_and_the_next_is_done() -> None:
    """The worker goes with it, and another takes its place."""

    async def work() -> None:
        one = lane()
        await one.start()
        try:
            with pytest.raises(OutOfTimeError):
                await one.perform(Task("endless", b"", {}))
            reply = await one.perform(ECHO)
        finally:
            await one.close()

        assert b"said" == reply.body

    run(work())


@pytest.mark.parametrize("name", ["crash", "abort"])
def test_a_worker_that_crashes_takes_one_task_with_it(name: str) -> None:
    """Its task is told so; the next has a new worker."""

    async def work() -> None:
        one = lane(seconds=20.0)
        await one.start()
        try:
            with pytest.raises(WorkerLostError):
                await one.perform(Task(name, b"", {}))
            reply = await one.perform(ECHO)
        finally:
            await one.close()

        assert b"said" == reply.body

    run(work())


def test_memory_has_a_limit() -> None:
    """A task that wants more is told so, and the worker lives."""

    async def work() -> None:
        one = lane(seconds=20.0, memory=600_000_000)
        await one.start()
        try:
            reply = await one.perform(Task("hoard", b"", {}))
        finally:
            await one.close()

        assert 413 == reply.status

    run(work())


def test_others_are_answered_while_one_hangs() -> None:
    """With two workers, an endless task holds one of them, and the other answers meanwhile."""

    async def work() -> None:
        both = lane(2, seconds=5.0)
        await both.start()
        try:
            endless = asyncio.create_task(both.perform(Task("endless", b"", {})))
            await asyncio.sleep(0)
            replies = [await both.perform(ECHO) for _ in range(20)]
            hanging = not endless.done()
            endless.cancel()
        finally:
            await both.close()

        assert ([b"said"] * 20, True) == ([reply.body for reply in replies], hanging)

    run(work())


def test_what_is_large_goes_its_own_way() -> None:
    """While the lane for what may take long hangs, what is quick is answered."""

    async def work() -> None:
        both = Pool(Settings(workers=1, seconds=5.0))
        await both.start()
        try:
            endless = asyncio.create_task(both.perform(Task("endless", b" " * 1_048_577, {})))
            await asyncio.sleep(0)
            reply = await both.perform(ECHO)
            hanging = not endless.done()
            endless.cancel()
        finally:
            await both.close()

        assert (b"said", True) == (reply.body, hanging)

    run(work())


def test_too_many_that_wait_are_turned_away() -> None:
    """Who comes when the queue is full hears so at once."""

    async def work() -> None:
        one = lane(seconds=5.0, waiting=2)
        await one.start()
        try:
            endless = [asyncio.create_task(one.perform(Task("endless", b"", {}))) for _ in range(3)]
            await asyncio.sleep(0.05)
            with pytest.raises(BusyError):
                await one.perform(ECHO)
        finally:
            for task in endless:
                task.cancel()
            await one.close()

    run(work())


def test_a_caller_who_goes_away_leaves_no_answer_to_the_next() -> None:
    """A task that is given up takes its worker with it: the next reply belongs to the next task."""

    async def work() -> None:
        one = lane(seconds=20.0)
        await one.start()
        try:
            given_up = asyncio.create_task(one.perform(Task("slow", b"other", {})))
            await asyncio.sleep(0.1)
            given_up.cancel()
            reply = await one.perform(ECHO)
        finally:
            await one.close()

        assert b"said" == reply.body

    run(work())


def test_a_lane_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Knowledge that cannot be loaded is told when the service starts, not when somebody asks."""
    monkeypatch.setattr(pool, "WORKER", "tests.service.no_such_worker")

    async def work() -> None:
        with pytest.raises(WorkerLostError):
            await lane().start()

    run(work())
