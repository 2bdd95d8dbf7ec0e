"""Several processes: fork, spawn, Ctrl-C, and processes that are killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robots
import shmstore
from conftest import DEADLINE, until
from shmstore import _aio

HERE = Path(__file__).parent


@pytest.fixture
def rover(store: shmstore.Store) -> Any:
    """A `Robot` of this process."""
    return store.create(robots.Robot)


def in_child(run: Callable[[], Any]) -> int:
    """Runs a function in a child of `fork`, and returns its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
            os._exit(0)
        except BaseException as error:
            os.write(2, f"in the child: {error!r}\n".encode())
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def script(code: str, *args: object) -> subprocess.Popen[str]:
    """Starts a program of Python that says `ready` when it is."""
    command = [sys.executable, "-c", "import robots, shmstore, sys, time\n" + code, *map(str, args)]
    started = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n", started.communicate()[1]
    return started


def add(frames: Any, position: Any, count: int) -> None:
    """What a process of `multiprocessing` does with the parts that it gets."""
    for _ in range(count):
        frames.fetch_add(1)
        position.update(lambda old: (old.x + 1, old.y, old.z))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_parts_are_passed_to_processes(rover: Any, method: str) -> None:
    context = multiprocessing.get_context(method)
    children = [context.Process(target=add, args=(rover.frames, rover.position, 250)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert rover.frames.load() == 1000 and rover.position.load().x == 1000


def test_waits_of_parent_and_child_end(rover: Any) -> None:
    def child() -> None:
        rover.position.store((1, 0, 0))
        assert rover.bell.wait_past(0, timeout=DEADLINE) == 1

    pid = os.fork()
    if pid == 0:
        child()
        os._exit(0)
    assert rover.position.wait_newer(0, timeout=DEADLINE)[0] == 1
    rover.bell.notify_all()
    assert os.waitpid(pid, 0)[1] == 0


def test_child_reads_no_wakeup_of_its_parent(rover: Any) -> None:
    """A child of a process with an event loop has its own eventfd, and the parent keeps all wake-ups."""

    async def main() -> None:
        waiting = asyncio.ensure_future(rover.position.newer())
        await asyncio.sleep(0)
        (bridge,) = (known() for known in _aio._bridges.values())
        assert bridge is not None and len(bridge) == 1

        async def in_child_loop() -> None:
            wait = asyncio.ensure_future(rover.bell.past())
            await asyncio.sleep(0)
            rover.bell.notify_all()
            await asyncio.wait_for(wait, DEADLINE)

        pid = os.fork()
        if pid == 0:
            try:
                asyncio.events._set_running_loop(None)
                asyncio.run(in_child_loop())
                # This wakes the parent, too: the child has the same futures in memory, and must not read its eventfd.
                rover.position.store((1, 0, 0))
                os._exit(0)
            except BaseException as error:
                os.write(2, f"in the child: {error!r}\n".encode())
                os._exit(1)
        version, _ = await asyncio.wait_for(waiting, DEADLINE)
        assert version == 1
        _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        assert status == 0
        for number in range(2, 50):
            wait = asyncio.ensure_future(rover.position.newer())
            await asyncio.sleep(0)
            rover.position.store((number, 0, 0))
            assert (await asyncio.wait_for(wait, DEADLINE))[0] == number

    asyncio.run(main())


def test_child_with_the_event_loop_of_its_parent_reads_no_wakeup(rover: Any) -> None:
    """Both have one epoll, which reports the eventfd of the parent to the child, too."""
    loop = asyncio.new_event_loop()

    async def begin() -> asyncio.Future[Any]:
        started = asyncio.ensure_future(rover.position.newer())
        await asyncio.sleep(0)
        return started

    async def turn() -> None:
        rover.bell.notify_all()
        while rover.position.version == 0:
            await asyncio.sleep(0.001)
        for _ in range(50):
            await asyncio.sleep(0.001)
        # A wait of its own has an eventfd of its own.
        wait = asyncio.ensure_future(rover.bell.past())
        await asyncio.sleep(0)
        rover.bell.notify_all()
        await asyncio.wait_for(wait, DEADLINE)

    waiting = loop.run_until_complete(begin())
    pid = os.fork()
    if pid == 0:
        try:
            loop.run_until_complete(turn())
            os._exit(0)
        except BaseException as error:
            os.write(2, f"in the child: {error!r}\n".encode())
            os._exit(1)
    rover.bell.wait_past(0, timeout=DEADLINE)
    rover.position.store((1, 0, 0))
    assert os.waitpid(pid, 0)[1] == 0
    assert loop.run_until_complete(asyncio.wait_for(waiting, DEADLINE))[0] == 1
    loop.close()


def test_handles_of_the_parent_do_no_harm_in_a_child(rover: Any) -> None:
    rover.images.publish(np.full(4, 1, np.uint8))
    rover.jobs.push((1, "a"))
    pinned, job, loan = rover.images.pin(), rover.jobs.take(), rover.images.loan()
    transaction = rover.accounts.transaction()
    accounts = transaction.__enter__()

    def child() -> None:
        calls: list[Callable[[], Any]] = [
            lambda: pinned.copy(),
            lambda: job.done(),
            lambda: loan.publish(),
            lambda: transaction.__exit__(None, None, None),
        ]
        for call in calls:
            with pytest.raises(shmstore.Error, match="parent"):
                call()

    assert in_child(child) == 0
    accounts[0] = 5
    transaction.__exit__(None, None, None)
    assert rover.accounts.load()[0] == 5
    job.done()
    assert pinned.is_intact and pinned.copy().tolist() == [1] * 4 and loan.publish() == 2


BLOCKED = {
    "wait_newer": "r.position.wait_newer()",
    "wait_past": "r.bell.wait_past(timeout=100)",
    "pop": "r.jobs.pop()",
    "take": "r.jobs.take()",
    "recv": "r.ticks.subscribe().recv()",
    "frame": "r.images.wait_newer()",
    "key": "r.quotes.wait_newer('A')",
    "lock": "r.guard.lock()",
    "begin": "r.accounts.transaction(timeout=None).__enter__()",
    "store": "r.accounts.store([1, 1, 1, 1])",
    "attach": "shmstore.Store(sys.argv[1]).attach('Z', timeout=100)",
}


@pytest.mark.parametrize("call", BLOCKED.values(), ids=BLOCKED)
def test_interrupt_ends_every_call_that_waits(rover: Any, store: shmstore.Store, call: str) -> None:
    with rover.guard.lock(), rover.accounts.transaction():
        # A parent in the background may have ignored the signal.
        code = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        code += f"r = shmstore.Store(sys.argv[1]).attach('R')\nprint('ready', flush=True)\n{call}"
        started = script(code, store.path)
        # It is in the call, and not before it, when the main thread sleeps on a futex, or for a moment.
        until(lambda: "futex" in wchan(started.pid) or "nanosleep" in wchan(started.pid))
        before = time.monotonic()
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate(timeout=DEADLINE)
        took = time.monotonic() - before
    assert "KeyboardInterrupt" in errors
    # 50 ms, and the end of an interpreter on a machine with other work. The call itself waits for 100 s, or without end.
    assert took < 20.0, f"it took {took:.2f} s"


def wchan(pid: int) -> str:
    """Where the main thread of a process sleeps in the kernel."""
    return Path(f"/proc/{pid}/wchan").read_text()


def test_other_threads_run_while_one_waits(rover: Any) -> None:
    counted = 0

    def count() -> None:
        nonlocal counted
        while counted < 1000:
            counted += 1
            time.sleep(0)
        rover.position.store((1, 2, 3))

    threading.Thread(target=count).start()
    assert rover.position.wait_newer(0, timeout=DEADLINE)[0] == 1 and counted == 1000


def test_killed_writer_leaves_the_old_value(rover: Any, store: shmstore.Store) -> None:
    rover.accounts.store([100, 0, 0, 0])
    code = """
r = shmstore.Store(sys.argv[1]).attach('R')
with r.accounts.transaction() as accounts:
    accounts[0] = 0
    print('ready', flush=True)
    time.sleep(1000)
"""
    for _ in range(3):
        started = script(code, store.path)
        with pytest.raises(shmstore.Busy, match=f"pid {started.pid}"):
            rover.accounts.store([0, 0, 0, 0], timeout=0.01)
        started.kill()
        started.wait()
        before = time.monotonic()
        assert rover.accounts.update(lambda accounts: accounts + [0, 1, 0, 0])[0] == 100
        assert time.monotonic() - before < 2.0
    assert rover.accounts.load().tolist() == [100, 3, 0, 0]


def test_killed_process_gives_back_what_it_had(rover: Any, store: shmstore.Store) -> None:
    rover.jobs.push((1, "a"))
    rover.images.publish(np.full(4, 7, np.uint8))
    code = """
r = shmstore.Store(sys.argv[1]).attach('R')
job, lock, pins, loan = r.jobs.take(), r.guard.lock(), [r.images.pin(), r.images.pin()], r.images.loan()
loan.array[:] = 3
r.quotes['A'] = (1, 2)
print('ready', flush=True)
time.sleep(1000)
"""
    started = script(code, store.path)
    assert len(rover.jobs) == 0 and rover.guard.is_locked
    started.kill()
    started.wait()
    with rover.jobs.take(timeout=DEADLINE) as job:
        assert (job.value, job.deliveries) == ((1, "a"), 2)
    with pytest.raises(shmstore.OwnerDied):
        rover.guard.lock(timeout=DEADLINE)
    with rover.guard.lock_to_repair() as guard:
        assert guard.is_inconsistent
        guard.mark_consistent()
    with rover.guard.lock():
        pass
    assert rover.quotes["A"] == (1, 2) and rover.images.load().tolist() == [7] * 4
    for number in range(2, 20):
        assert rover.images.publish(np.full(4, number, np.uint8)) == number


def test_killed_processes_leave_no_object(store: shmstore.Store) -> None:
    code = """
store = shmstore.Store(sys.argv[1])
r = store.attach_or_create(robots.Robot)
print('ready', flush=True)
while True: r.position.store((1, 2, 3)); r.jobs.push((1, 'a'), timeout=None) if len(r.jobs) < 4 else r.jobs.pop()
"""
    started = [script(code, store.path) for _ in range(3)]
    robot = store.attach(robots.Robot)
    until(lambda: robot.position.version > 100)
    for process in started:
        process.kill()
        process.wait()
    assert robot.position.load() == (1, 2, 3) and robot.position.store((0, 0, 0), timeout=DEADLINE) > 100
    store.remove("R")
    assert store.list() == []


def test_process_that_is_forked_in_an_update_stores_nothing(rover: Any) -> None:
    rover.quotes["A"] = (1, 2)
    parent = os.getpid()
    children: list[int] = []

    def change(quote: Any) -> Any:
        children.append(os.fork())
        return (3, 4) if os.getpid() == parent else (5, 6)

    code = 1
    try:
        rover.quotes.update("A", change)
    except shmstore.Error as error:
        code = 0 if "belongs to the parent" in str(error) else 2
    finally:
        if os.getpid() != parent:
            os._exit(code)
    _, status = os.waitpid(children[0], 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert rover.quotes.get_versioned("A") == (2, (3, 4))


def in_time(run: Callable[[], Any]) -> None:
    """Ends this process unless a function returns before the deadline."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(DEADLINE))
    run()
    signal.alarm(0)


def test_subscriber_that_another_thread_waits_with_stalls_nobody(rover: Any) -> None:
    subscriber = rover.ticks.subscribe()
    received: list[int] = []
    thread = threading.Thread(target=lambda: received.append(subscriber.recv(timeout=DEADLINE)), daemon=True)
    thread.start()

    def use() -> None:
        assert subscriber.position == 0 and repr(subscriber.not_empty())
        with pytest.raises(shmstore.Empty):
            subscriber.recv(timeout=0)

    for _ in range(20):
        # The other thread goes on with its wait. What follows holds at any moment of it.
        time.sleep(0.001)
        assert in_child(lambda: in_time(use)) == 0
        time.sleep(0.001)
        use()
    rover.ticks.send(5)
    thread.join(DEADLINE)
    assert received == [5] and subscriber.position == 1


def test_frame_and_pin_of_a_parent_are_refused_in_a_child(rover: Any) -> None:
    rover.images.publish(np.ones(60_000, np.uint8))
    pin, frame = rover.images.pin(), rover.images.loan()
    many = np.ones(60_000, np.uint8)
    over = threading.Event()

    def busy() -> None:
        while not over.is_set():
            frame.write(many)
            pin.copy()

    thread = threading.Thread(target=busy, daemon=True)
    thread.start()

    def use() -> None:
        for call in (lambda: frame.len, lambda: frame.write([1]), frame.publish, lambda: pin.number):
            with pytest.raises(shmstore.Error, match="belongs to the parent"):
                call()
        pin.unpin()

    try:
        for _ in range(50):
            assert in_child(lambda: in_time(use)) == 0
    finally:
        over.set()
        thread.join(DEADLINE)
    assert pin.number == 1 and frame.publish() == 2


@pytest.mark.parametrize("read_only", [False, True])
def test_object_that_is_created_and_removed_all_the_time_is_attached(store: shmstore.Store, read_only: bool) -> None:
    code = """
store = shmstore.Store(sys.argv[1])
print("ready", flush=True)
while True:
    robot = store.attach_or_create(robots.Robot)
    del robot
    store.remove("R")
"""
    started = script(code, store.path)
    attached, end = 0, time.monotonic() + 2
    try:
        while time.monotonic() < end or attached < 20:
            assert time.monotonic() < end + DEADLINE
            robot = store.attach("R", timeout=DEADLINE, read_only=read_only)
            assert robot.id == "R" and robot.schema.name == "Robot"
            attached += 1
    finally:
        started.kill()
        started.communicate()
