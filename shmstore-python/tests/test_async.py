"""Waits of asyncio."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import time
import weakref
from typing import Any

import numpy as np
import pytest

import robots
import shmstore
from shmstore import _aio


@pytest.fixture
def rover(store: shmstore.Store) -> Any:
    """A `Robot` of this process."""
    return store.create(robots.Robot)


def waits() -> int:
    """The number of waits of all event loops."""
    bridges = (known() for known in _aio._bridges.values())
    return sum(len(bridge) for bridge in bridges if bridge is not None)


def woken() -> None:
    """Waits until the running event loop has something to do for a wait, and leaves it undone."""
    _, bridge = _aio.bridge()
    assert select.select([bridge.fileno()], [], [], 20)[0]


async def until(condition: Any) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "the condition did not come"
        await asyncio.sleep(0.001)


def test_each_kind_of_wait_is_awaited(rover: Any) -> None:
    async def main() -> None:
        subscriber = rover.ticks.subscribe()
        waiting = [
            asyncio.ensure_future(wait)
            for wait in (
                rover.position.newer(),
                rover.bell.past(),
                rover.quotes.newer("A"),
                rover.quotes.changed(),
                rover.jobs.pop_async(),
                rover.jobs.take_async(),
                subscriber.recv_async(),
                rover.images.newer(),
            )
        ]
        await asyncio.sleep(0)
        assert waits() == 8 and len(_aio._bridges) == 1
        rover.position.store((1, 2, 3))
        rover.bell.notify_all()
        rover.quotes["A"] = (1, 2)
        rover.jobs.push((1, "a"))
        rover.jobs.push((2, "b"))
        rover.ticks.send(7)
        rover.images.publish(np.ones(3, np.uint8))
        version, notified, quote, changed, popped, job, tick, frame = await asyncio.wait_for(
            asyncio.gather(*waiting), 20
        )
        assert (version, notified, quote, changed, tick) == ((1, (1, 2, 3)), 1, (1, (1, 2)), 1, 7)
        with job:
            assert {popped.number, job.value.number} == {1, 2}
        assert frame.number == 1
        await until(lambda: waits() == 0)

    asyncio.run(main())


def test_what_is_there_is_returned_at_once(rover: Any) -> None:
    async def main() -> None:
        rover.position.store((1, 2, 3))
        newer = rover.position.newer(0)
        assert await newer == await newer == (1, (1, 2, 3))
        assert await rover.jobs.push_async((1, "a")) is None
        assert (await rover.jobs.pop_async()).number == 1

    asyncio.run(main())


def test_push_waits_for_a_slot(rover: Any) -> None:
    async def main() -> None:
        for number in range(8):
            await rover.jobs.push_async((number, ""))
        push = asyncio.ensure_future(rover.jobs.push_async((8, "")))
        await until(lambda: waits() == 1)
        assert rover.jobs.pop().number == 0
        await asyncio.wait_for(push, 20)
        assert [rover.jobs.pop().number for _ in range(8)] == list(range(1, 9))

    asyncio.run(main())


def test_calls_begin_at_await(rover: Any) -> None:
    async def main() -> None:
        rover.jobs.push((1, "a"))
        subscriber = rover.ticks.subscribe()
        rover.ticks.send(7)
        for call, name in (
            (rover.jobs.push_async((2, "b")), "Queue.push_async"),
            (rover.jobs.pop_async(), "Queue.pop_async"),
            (rover.jobs.take_async(), "Queue.take_async"),
            (subscriber.recv_async(), "Subscriber.recv_async"),
        ):
            await asyncio.sleep(0)
            assert call.__qualname__ == name
            call.close()
        assert len(rover.jobs) == 1 and rover.jobs.outstanding == 0 and subscriber.position == 0 and waits() == 0
        pop = asyncio.create_task(rover.jobs.pop_async())
        assert (await pop).number == 1

    asyncio.run(main())


def test_cancelling_drops_the_wait(rover: Any) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rover.position.newer(), 0.01)
        task = asyncio.create_task(asyncio.wait_for(rover.jobs.take_async(), 20))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: waits() == 0)
        rover.jobs.push((1, "a"))
        # No dropped wait has taken the item.
        assert (await rover.jobs.pop_async()).number == 1

    asyncio.run(main())


@pytest.mark.parametrize("is_handled", [False, True])
def test_cancelled_call_takes_and_pushes_nothing(rover: Any, is_handled: bool) -> None:
    async def cancelled(call: Any, change: Any) -> None:
        task = asyncio.ensure_future(call())
        await until(lambda: waits() == 1)
        change()
        woken()
        if is_handled:
            # The task runs in the next turn, and is cancelled before.
            _aio.bridge()[1].on_ready()
            task.cancel()
        else:
            # Runs before the wake-up is handled, in the same turn.
            asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await until(lambda: waits() == 0)

    async def main() -> None:
        for call in (rover.jobs.pop_async, rover.jobs.take_async):
            await cancelled(call, lambda: rover.jobs.push((1, "a")))
            assert len(rover.jobs) == 1 and rover.jobs.outstanding == 0 and rover.jobs.pop() == (1, "a")
        subscriber = rover.ticks.subscribe()
        await cancelled(subscriber.recv_async, lambda: rover.ticks.send(7))
        assert subscriber.position == 0 and subscriber.recv() == 7
        for number in range(8):
            rover.jobs.push((number, ""))
        await cancelled(lambda: rover.jobs.push_async((8, "")), rover.jobs.pop)
        assert len(rover.jobs) == 7

    asyncio.run(main())


def test_changes_are_the_newest_versions(rover: Any) -> None:
    async def main() -> None:
        seen = []

        async def follow() -> None:
            async for version, position in rover.position.changes():
                seen.append((version, position.x))
                if position.x == 9:
                    return

        task = asyncio.create_task(follow())
        await until(lambda: waits() == 1)
        for x in (1, 2, 3):
            rover.position.store((x, 0, 0))
        await until(lambda: seen and seen[-1] == (3, 3.0) and waits() == 1)
        rover.position.store((9, 0, 0))
        await asyncio.wait_for(task, 20)
        assert seen[-1] == (4, 9.0) and len(seen) <= 4

    asyncio.run(main())


def test_subscriber_is_an_asynchronous_iterator(rover: Any) -> None:
    async def main() -> None:
        received = []
        subscriber = rover.ticks.subscribe()
        for number in range(30):
            rover.ticks.send(number)
        with pytest.raises(shmstore.Lagged):
            async for _ in subscriber:
                pass
        async for number in subscriber:
            received.append(number)
            if number == 29:
                break
        assert received == list(range(received[0], 30))

    asyncio.run(main())


def test_removed_object_ends_its_waits(rover: Any, store: shmstore.Store) -> None:
    async def main() -> None:
        wait = asyncio.ensure_future(rover.position.newer())
        await until(lambda: waits() == 1)
        store.remove("R")
        with pytest.raises(shmstore.Removed):
            await asyncio.wait_for(wait, 20)

    asyncio.run(main())


def test_each_event_loop_has_its_own_bridge(rover: Any) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    async def once() -> None:
        wait = asyncio.ensure_future(rover.position.newer())
        await asyncio.sleep(0)
        rover.position.store((1, 2, 3))
        await asyncio.wait_for(wait, 20)

    asyncio.run(once())
    gc.collect()
    before = open_files()
    for _ in range(20):
        asyncio.run(once())
    gc.collect()
    assert open_files() <= before and len(_aio._bridges) == 0


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_event_loop_ends_with_its_pending_waits(rover: Any, closes: bool) -> None:
    async def begin() -> None:
        next(rover.position.newer().__await__())
        assert waits() >= 1

    def once() -> weakref.ref[asyncio.AbstractEventLoop]:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        if closes:
            loop.close()
        return weakref.ref(loop)

    loops = [once() for _ in range(10)]
    gc.collect()
    assert all(loop() is None for loop in loops) and waits() == 0
    before = len(os.listdir("/proc/self/fd"))
    once()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_wait_without_an_event_loop_is_refused(rover: Any) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        rover.position.newer().__await__()
    assert repr(rover.position.newer(3)).startswith("<a wait for a version of `Robot.position`")


def test_rust_wakes_a_task(robot: Any, peer: Any) -> None:
    async def main() -> None:
        for number in range(1, 100):
            wait = asyncio.ensure_future(robot.position.newer(number))
            await asyncio.sleep(0)
            peer.send(f"move {number}")
            assert (await asyncio.wait_for(wait, 20))[1].x == number
            assert peer.answer() == "ok"

    asyncio.run(main())
