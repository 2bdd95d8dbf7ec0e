"""Segments whose bytes are not what they should be."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

import robots
import shmstore
from shmstore import Array, Frames, Versioned, u16

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


def test_key_that_is_no_utf8_is_bytes(rover: Any, store: shmstore.Store) -> None:
    rover.quotes["GBPUSD"], rover.quotes["XXXXXX"] = (1, 2), (3, 4)
    memory = Memory(store)
    memory.change(b"\x06\0\0\0XXXXXX", b"\x06\0\0\0XX\xffXXX")
    memory.detach()
    bad = b"XX\xffXXX"
    assert set(rover.quotes) == set(rover.quotes.keys()) == {"GBPUSD", bad}
    assert dict(rover.quotes.items()) == {"GBPUSD": (1, 2), bad: (3, 4)} and len(rover.quotes.values()) == 2
    # Its hash is that of the old text, so it is not found. A key of these bytes is another one.
    assert bad not in rover.quotes
    rover.quotes[bad] = (5, 6)
    assert bad in rover.quotes and rover.quotes[bad] == (5, 6) and rover.quotes.pop(bad) == (5, 6)
    assert b"GBPUSD" in rover.quotes and rover.quotes[b"GBPUSD"] == rover.quotes["GBPUSD"]
    with pytest.raises(ValueError, match="at most 8 bytes, not 9"):
        rover.quotes[b"123456789"]


def test_keys_and_values_that_are_none_are_named(store: shmstore.Store) -> None:
    everything = store.create(robots.Everything)
    clean = robots.Symbol(0x11223344, "Left", "x")
    everything.sides[clean] = robots.Side.Right
    everything.sides[(2, "Right", "y")] = robots.Side.Left
    memory = Memory(store)
    memory.change(clean.tobytes()[:6], clean.tobytes()[:4] + b"\x07\x07")
    memory.detach()
    found = everything.sides.keys()
    assert sorted(type(key).__name__ for key in found) == ["Symbol", "bytes"]
    assert [key for key in found if type(key) is bytes] == [clean.tobytes()[:4] + b"\x07\x07" + clean.tobytes()[6:]]


def test_value_that_is_none_is_named_with_its_key(store: shmstore.Store) -> None:
    @shmstore.object(id="M")
    class Modes:
        modes: shmstore.Map[shmstore.u32, shmstore.Array[robots.Mode, 4], 4]

    modes = store.create(Modes).modes
    modes[7], modes[8] = [1, 1, 255, 1], [0, 0, 0, 0]
    memory = Memory(store)
    memory.change(b"\x01\x01\xff\x01", b"\x01\x01\x09\x01")
    memory.detach()
    assert sorted(modes) == [7, 8] and modes[8].tolist() == [0] * 4
    for call in (modes.items, modes.values):
        with pytest.raises(shmstore.InvalidValue, match=r"the value of 7: .*\[2\]"):
            call()


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


@shmstore.object(id="P")
class Plain:
    frames: Frames[u16, 100, 4]
    pairs: Frames[Array[u16, 2], 8, 4]
    board: Versioned[Array[u16, 100]]


class Liar(np.ndarray[Any, Any]):
    """An array with attributes that its memory does not have."""

    dtype = property(lambda self: np.dtype(np.uint16))  # type: ignore[assignment]
    shape = property(lambda self: (100,))  # type: ignore[assignment]


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.empty(25, object),
        lambda: np.empty(25, object).view(Liar),
        lambda: np.empty(100, ">u2"),
        lambda: np.empty(25, np.float64),
        lambda: np.empty(200, np.int8),
        lambda: bytearray(200),
        lambda: memoryview(bytearray(200)),
        lambda: [0] * 100,
    ],
)
def test_out_is_an_array_of_the_dtype_in_truth(store: shmstore.Store, make: Any) -> None:
    plain = store.create(Plain)
    plain.frames.publish(np.full(100, 0x4141, np.uint16))
    plain.board.store(np.full(100, 0x4141, np.uint16))
    for part in (plain.frames, plain.board):
        out = make()
        with pytest.raises(TypeError, match="`out` has to be an array of dtype uint16"):
            part.load(out=out)
        if isinstance(out, np.ndarray) and out.view(np.ndarray).dtype == object:
            assert all(item is None for item in out.view(np.ndarray))


@pytest.mark.parametrize("shape", [(), (10, 10), (100, 1), (0, 100)])
def test_out_of_elements_is_a_list_of_them(store: shmstore.Store, shape: tuple[int, ...]) -> None:
    plain = store.create(Plain)
    plain.frames.publish(np.full(1, 0x4141, np.uint16))
    out = np.zeros(shape, np.uint16)
    with pytest.raises(TypeError, match="`out` has to be an array of dtype uint16"):
        plain.frames.load(out=out)
    assert not out.any()


def test_out_of_elements_with_a_shape(store: shmstore.Store) -> None:
    plain = store.create(Plain)
    plain.pairs.publish(np.arange(6, dtype=np.uint16).reshape(3, 2))
    out = np.zeros((4, 2), np.uint16)
    assert plain.pairs.load(out=out).tolist() == [[0, 1], [2, 3], [4, 5]] and out[3].tolist() == [0, 0]
    with pytest.raises(TypeError, match="3 elements, 12 bytes, and `out` only 2 of them, 8 bytes"):
        plain.pairs.load(out=np.zeros((2, 2), np.uint16))
    with pytest.raises(TypeError, match="`out` has to be"):
        plain.pairs.load(out=np.zeros(8, np.uint16))
    named = np.zeros(4, np.uint16).view(type("Named", (np.ndarray,), {}))
    plain.frames.publish(np.arange(3, dtype=np.uint16))
    assert plain.frames.load(out=named).tolist() == [0, 1, 2] and type(plain.frames.load(out=named)) is type(named)
