"""What a call costs, beside other ways to share data between processes: one run, as a table.

    pip install ./shmstore-python sysv_ipc iceoryx2 redis
    python3 shmstore-python/benches/compare.py

Rows of libraries that are not installed are left out. Redis needs a `redis-server` in the path. Each way is measured in
turns with all others, so that a busy moment of the machine slows all of them.
"""

from __future__ import annotations

import multiprocessing.shared_memory
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

import shmstore
from shmstore import Array, Atomic, Broadcast, Map, Queue, Versioned, f64, u8, u64

MIB4 = 4 << 20
ROUNDS = 30


@shmstore.object(id="B")
class Board:
    counter: Atomic[u64]
    small: Versioned[Array[f64, 8]]
    number: Versioned[f64]
    large: Versioned[Array[u8, MIB4]]
    quotes: Map[u64, Array[f64, 8], 64]
    jobs: Queue[Array[f64, 8], 64]
    ticks: Broadcast[Array[f64, 8], 64]


Row = tuple[str, str, Callable[[], Any], int]


def of_shmstore(stack: ExitStack) -> Iterator[Row]:
    store = shmstore.Store(stack.enter_context(tempfile.TemporaryDirectory()))
    board = store.create(Board)
    stack.callback(store.remove, "B")
    small, large, out, out4 = board.small, board.large, np.zeros(8), np.zeros(MIB4, np.uint8)
    value, values, filled = np.arange(8.0), [float(n) for n in range(8)], np.ones(MIB4, np.uint8)
    small.store(value), large.store(filled)
    board.quotes[7] = value
    yield "64 bytes, load", "shmstore load(out=)", lambda: small.load(out=out), 2000
    yield "64 bytes, load", "shmstore load()", small.load, 2000
    yield "64 bytes, store", "shmstore store(array)", lambda: small.store(value), 2000
    yield "64 bytes, store", "shmstore store(list)", lambda: small.store(values), 2000
    yield "4 MiB, load", "shmstore load(out=)", lambda: large.load(out=out4), 20
    yield "4 MiB, store", "shmstore store(array)", lambda: large.store(filled), 20
    yield "a number", "shmstore Versioned load()", board.number.load, 2000
    yield "a number", "shmstore Atomic load()", board.counter.load, 2000
    yield "a number", "shmstore Atomic fetch_add(1)", lambda: board.counter.fetch_add(1), 2000
    yield "a key", "shmstore quotes[7]", lambda: board.quotes[7], 2000
    yield "a key", "shmstore quotes[7] = value", lambda: board.quotes.insert(7, value), 2000

    def queued() -> None:
        board.jobs.push(value)
        board.jobs.pop()

    subscriber = board.ticks.subscribe()

    def sent() -> None:
        board.ticks.send(value)
        subscriber.recv()

    yield "an item, both ends", "shmstore queue push and pop", queued, 1000
    yield "an item, both ends", "shmstore broadcast send and recv", sent, 1000
    for name, call in (("attribute", lambda: board.small), ("an empty call", lambda: None)):
        yield "overhead", name, call, 2000


def of_copies(stack: ExitStack) -> Iterator[Row]:
    source, target = np.ones(MIB4, np.uint8), np.zeros(MIB4, np.uint8)
    yield "4 MiB, load", "numpy.copyto in private memory", lambda: np.copyto(target, source), 20


def of_shared_memory(stack: ExitStack) -> Iterator[Row]:
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=MIB4)
    stack.callback(memory.unlink)
    lock = multiprocessing.Lock()
    small, large = np.ndarray(8, np.float64, memory.buf), np.ndarray(MIB4, np.uint8, memory.buf)
    out, out4, value = np.zeros(8), np.zeros(MIB4, np.uint8), np.arange(8.0)
    large[:] = 1

    def copy(target: np.ndarray, source: np.ndarray) -> Callable[[], None]:
        def call() -> None:
            with lock:
                np.copyto(target, source)

        return call

    name = "multiprocessing.shared_memory and Lock"
    yield "64 bytes, load", name, copy(out, small), 2000
    yield "64 bytes, store", name, copy(small, value), 2000
    yield "4 MiB, load", name, copy(out4, large), 20
    yield "4 MiB, store", name, copy(large, out4), 20
    number = multiprocessing.Value("Q")

    def add() -> None:
        with number.get_lock():
            number.value += 1

    yield "a number", "multiprocessing.Value += 1", add, 1000
    queue = multiprocessing.SimpleQueue()

    def queued() -> None:
        queue.put(value)
        queue.get()

    yield "an item, both ends", "multiprocessing.SimpleQueue", queued, 300

    def ended() -> None:
        nonlocal small, large
        del small, large
        memory.close()

    stack.callback(ended)


def of_sysv(stack: ExitStack) -> Iterator[Row]:
    import sysv_ipc

    memory = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, size=MIB4)
    stack.callback(memory.remove)
    semaphore = sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX, initial_value=1)
    stack.callback(semaphore.remove)
    value, filled = np.arange(8.0).tobytes(), bytes(MIB4)

    def guarded(call: Callable[[], Any]) -> Callable[[], Any]:
        def with_lock() -> Any:
            with semaphore:
                return call()

        return with_lock

    name = "sysv_ipc memory and semaphore"
    yield "64 bytes, load", name, guarded(lambda: np.frombuffer(memory.read(64))), 1000
    yield "64 bytes, store", name, guarded(lambda: memory.write(value)), 1000
    yield "4 MiB, load", name, guarded(lambda: memory.read(MIB4)), 20
    yield "4 MiB, store", name, guarded(lambda: memory.write(filled)), 20


def of_iceoryx2(stack: ExitStack) -> Iterator[Row]:
    import ctypes

    import iceoryx2 as iox2

    iox2.set_log_level(iox2.LogLevel.Error)

    class Sample(ctypes.Structure):
        _fields_ = [("values", ctypes.c_double * 8)]

    node = iox2.NodeBuilder.new().create(iox2.ServiceType.Ipc)
    service = node.service_builder(iox2.ServiceName.new("shmstore/bench")).publish_subscribe(Sample).open_or_create()
    publisher, subscriber = service.publisher_builder().create(), service.subscriber_builder().create()
    value = Sample()

    def sent() -> None:
        publisher.send_copy(value)
        sample = subscriber.receive()
        sample.delete()

    yield "an item, both ends", "iceoryx2 send_copy and receive", sent, 500


def of_redis(stack: ExitStack) -> Iterator[Row]:
    import redis

    if not shutil.which("redis-server"):
        raise ImportError("there is no redis-server")
    directory = stack.enter_context(tempfile.TemporaryDirectory())
    path = f"{directory}/socket"
    command = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", directory]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.terminate)
    client = redis.Redis(unix_socket_path=path)
    end = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
    value, filled = np.arange(8.0).tobytes(), bytes(MIB4)
    client.set("small", value), client.set("large", filled)
    yield "64 bytes, load", "redis get", lambda: np.frombuffer(client.get("small")), 100
    yield "64 bytes, store", "redis set", lambda: client.set("small", value), 100
    yield "4 MiB, load", "redis get", lambda: client.get("large"), 3
    yield "4 MiB, store", "redis set", lambda: client.set("large", filled), 3
    yield "a number", "redis incr", lambda: client.incr("counter"), 100


@contextmanager
def rows() -> Iterator[list[Row]]:
    """The rows of all libraries that are there."""
    with ExitStack() as stack:
        found: list[Row] = []
        for source in (of_shmstore, of_copies, of_shared_memory, of_sysv, of_iceoryx2, of_redis):
            try:
                found += source(stack)
            except ImportError as missing:
                print(f"left out: {source.__name__[3:]} ({missing})", file=sys.stderr)
        yield found


def shown(nanoseconds: float) -> str:
    """A time with three digits."""
    return f"{nanoseconds:,.0f} ns" if nanoseconds < 100_000 else f"{nanoseconds / 1000:,.0f} µs"


def main() -> None:
    """Prints the table."""
    with rows() as all_rows:
        times: dict[tuple[str, str], list[float]] = {(topic, name): [] for topic, name, _, _ in all_rows}
        for _ in range(ROUNDS):
            for topic, name, call, count in all_rows:
                start = time.perf_counter_ns()
                for _ in range(count):
                    call()
                times[topic, name].append((time.perf_counter_ns() - start) / count)
    print("| what | by | median | 10th percentile |\n|---|---|---|---|")
    for topic in dict.fromkeys(topic for topic, _ in times):
        for name, found in ((name, found) for (of, name), found in times.items() if of == topic):
            tenth = statistics.quantiles(found, n=10)[0]
            print(f"| {topic} | {name} | {shown(statistics.median(found))} | {shown(tenth)} |")


if __name__ == "__main__":
    main()
