"""Segments whose bytes are not what they should be."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

import robots
import shmstore

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p


class Memory:
    """The bytes of a segment, for a peer that follows no protocol."""

    def __init__(self, store: shmstore.Store) -> None:
        (found,) = store.list()
        self._address = libc.shmat(found["shmid"], None, 0)
        assert self._address not in (None, ctypes.c_void_p(-1).value)
        self.bytes = np.ctypeslib.as_array((ctypes.c_uint8 * found["size"]).from_address(self._address))

    def change(self, old: bytes, new: bytes) -> None:
        """Changes each place with these bytes."""
        held, places = self.bytes.tobytes(), 0
        at = held.find(old)
        while at >= 0:
            self.bytes[at : at + len(new)] = np.frombuffer(new, np.uint8)
            at, places = held.find(old, at + 1), places + 1
        assert places > 0

    def detach(self) -> None:
        """Unmaps the bytes."""
        libc.shmdt(ctypes.c_void_p(self._address))


@pytest.fixture
def rover(store: shmstore.Store) -> Any:
    """A `Robot` whose `reading` has bytes that a test finds again."""
    rover = store.create(robots.Robot)
    grid = [[0, 0], [0, 0]]
    rover.reading.store(robots.Reading(0x1122334455667788, True, "Fast", "Left", "é", "sensor", [1.0], (1, 2, 3), grid))
    return rover


@pytest.mark.parametrize(
    ("offset", "bytes", "says"),
    [
        (8, b"\x02", "ok"),
        (9, b"\x07", "mode"),
        (10, b"\x09\x00", "side"),
        (12, b"\x00\x00\x11\x00", "letter"),
        (12, b"\x00\xd8\x00\x00", "letter"),
    ],
)
def test_bytes_that_are_no_value_are_an_error(
    rover: Any, store: shmstore.Store, offset: int, bytes: bytes, says: str
) -> None:
    start = (0x1122334455667788).to_bytes(8, "little")
    held = rover.reading.load().tobytes()
    memory = Memory(store)
    memory.change(start, held[:offset] + bytes)
    calls = [
        lambda: rover.reading.load(),
        lambda: rover.reading.load(out=np.zeros((), rover.reading.dtype)),
        lambda: np.asarray(rover.reading),
        lambda: rover.reading.ok.load(),
        lambda: rover.reading.position.x.store(1.0),
        lambda: rover.reading.update(lambda old: old),
        lambda: rover.reading.wait_newer(0),
        lambda: rover.reading.transaction().__enter__(),
        lambda: store.attach("R", read_only=True).reading.load(),
    ]
    for call in calls:
        with pytest.raises(shmstore.InvalidValue, match=says):
            call()
    with pytest.raises(ValueError):
        rover.reading.load()
    memory.detach()
    # A store of the whole value repairs it.
    rover.reading.store(robots.Reading(0, False, 0, 0, "x", "", [], (0, 0, 0), [[0, 0], [0, 0]]))
    assert rover.reading.load().letter == "x"


def test_text_that_is_no_utf8_and_lengths_that_are_too_long(rover: Any, store: shmstore.Store) -> None:
    rover.name.store("abcdefgh")
    rover.list.store([0x1234] * 8)
    memory = Memory(store)
    memory.change(b"\x08\0\0\0abcdefgh", b"\xff\xff\xff\xffabcdefgh")
    memory.change(b"\x08\0\0\0\0\0\0\0\x34\x12", b"\xff\xff\xff\xff\xff\xff\xff\xff\x34\x12")
    assert rover.name.load() == "abcdefgh" + "\0" * 8
    assert rover.list.load().tolist() == [0x1234] * 8
    memory.change(b"abcdefgh", b"abc\xffefgh")
    with pytest.raises(shmstore.InvalidValue, match="UTF-8"):
        rover.name.load()
    memory.detach()


def test_damaged_schema_and_header_are_refused(rover: Any, store: shmstore.Store) -> None:
    memory = Memory(store)
    json = b'{"kind":"struct","name":"Robot"'
    memory.change(json, b'{"kind":"struct","name":"Robot')
    memory.bytes[:] = np.frombuffer(memory.bytes.tobytes().replace(b'"kind":"event"', b'"kind":"ghost"'), np.uint8)
    for attach in (lambda: store.attach("R"), lambda: store.attach(robots.Robot)):
        with pytest.raises(shmstore.Error):
            attach()
    memory.detach()


def test_random_bytes_are_errors_or_values(store: shmstore.Store) -> None:
    rover = store.create(robots.Robot)
    memory = Memory(store)
    header = bytes(memory.bytes[:1024])
    random = np.random.default_rng(7)
    fields = ["position", "reading", "grid", "name", "list", "accounts", "mode", "rate", "level"]
    for _ in range(50):
        at = random.integers(4096, memory.bytes.size - 4096)
        memory.bytes[at : at + 2048] = random.integers(0, 256, 2048, np.uint8)
        memory.bytes[:1024] = np.frombuffer(header, np.uint8)
        for field in fields:
            try:
                getattr(rover, field).load()
            except shmstore.Error:
                pass
        calls = [
            lambda: rover.quotes.get("A"),
            lambda: list(rover.quotes.items()),
            lambda: rover.jobs.pop(timeout=0),
            lambda: rover.ticks.newest(),
            lambda: rover.images.load(),
            lambda: rover.images.publish(np.zeros(4, np.uint8), timeout=0),
            lambda: rover.jobs.push((1, "a"), timeout=0),
            lambda: rover.ticks.send(1, timeout=0),
            lambda: rover.quotes.insert("A", (1, 2), timeout=0),
            lambda: str(rover),
        ]
        for call in calls:
            try:
                call()
            except (shmstore.Error, ValueError):
                pass
    memory.detach()
