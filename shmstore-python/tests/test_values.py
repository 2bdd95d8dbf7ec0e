"""Values: what is stored and loaded, and what is refused."""

from __future__ import annotations

import copy
import datetime
import pickle
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import robots
import shmstore
from conftest import DEADLINE
from shmstore._records import class_of
from robots import Mode, Position, Reading, Side


def test_loads_have_the_types_of_python_and_numpy(robot: Any) -> None:
    assert (robot.frames.load(), robot.level.load(), robot.rate.load()) == (7, -3, 2.5)
    assert robot.position.load() == (1.0, 2.0, 3.0)
    assert robot.name.load() == "rover"
    assert robot.list.load().tolist() == [1, 2, 3] and robot.list.load().dtype == np.uint16
    assert robot.grid.load().tolist() == [[1, 2, 3], [4, 5, 6]] and robot.grid.shape == (2, 3)
    assert robot.mode.load().name == "Fast" and robot.mode.load() == 1
    reading = robot.reading.load()
    assert (reading.ok, reading.letter, reading.name) == (True, "é", "sensor")
    assert type(reading.ok) is bool and reading["side"].name == "Left"
    assert reading.at == np.datetime64(1_000_000_007, "ns")
    assert reading["values"].tolist() == [1.0, 0.5]
    assert reading.position.x == 1.0 and reading.grid.tolist() == [[1, -2], [3, -4]]
    assert "_pad" not in dir(reading) and len(reading) == 9


def test_numpy_sees_values(robot: Any) -> None:
    assert robot.position.dtype.names == ("x", "y", "z") and robot.position.dtype.itemsize == 24
    assert np.asarray(robot.grid).sum() == 21
    assert np.asarray(robot.grid, dtype=np.float64).dtype == np.float64
    assert robot.reading.enums.keys() == {"mode", "side"}
    assert robot.mode.enums[""](1).name == "Fast"
    assert robot.accounts.dtype == np.int64 and robot.accounts.shape == (4,)
    raw = np.zeros(2, robot.reading.dtype)
    raw[1] = robot.reading.load()
    assert raw["mode"].tolist() == [0, 1] and raw["name"]["text"][1] == b"sensor"
    assert raw[1] == robot.reading.load()


def test_out_is_filled_in_place(robot: Any) -> None:
    out = np.zeros((2, 3), np.float32)
    assert robot.grid.load(out=out) is out and out[1, 2] == 6
    many = np.zeros((4, 2, 3), np.float32)
    assert robot.grid.load_versioned(out=many[2])[0] == 1
    assert many[2, 0].tolist() == [1, 2, 3] and many[1].sum() == 0
    record = np.zeros((), robot.position.dtype)
    robot.position.load(out=record)
    assert record["z"] == 3
    for wrong in (np.zeros((2, 3)), np.zeros((3,), np.float32), [0.0] * 6):
        with pytest.raises(TypeError, match="`out` has to be an array of dtype float32"):
            robot.grid.load(out=wrong)
    frozen = np.zeros((2, 3), np.float32)
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        robot.grid.load(out=frozen)
    with pytest.raises((ValueError, BufferError)):
        robot.grid.load(out=np.zeros((3, 2), np.float32).T)


def test_every_form_of_a_value_is_stored(store: shmstore.Store) -> None:
    robot = store.create(robots.Robot)
    forms: list[Any] = [
        (1, 2, 3),
        [1.0, 2.0, 3.0],
        {"z": 3, "y": 2, "x": 1},
        Position(1, 2, z=3),
        np.array((1, 2, 3), Position.dtype),
        np.array([(1, 2, 3)], Position.dtype)[0],
        np.array((1, 2, 3), [("x", "f4"), ("y", "f4"), ("z", "i4")])[()],
    ]
    for version, form in enumerate(forms, 1):
        assert robot.position.store(form) == version
        assert robot.position.load() == (1.0, 2.0, 3.0)
    for whole in ([[1, 2, 3], [4, 5, 6]], np.arange(6, dtype=np.float32).reshape(2, 3), ((1, 2, 3), [4, 5, 6])):
        robot.grid.store(whole)
        assert np.array_equal(robot.grid.load(), np.asarray(whole, np.float32))
    robot.grid.store(np.arange(6, dtype=np.float32).reshape(3, 2).T)
    assert robot.grid.load().tolist() == [[0, 2, 4], [1, 3, 5]]
    robot.list.store(np.array([5, 6], np.uint16))
    assert robot.list.load().tolist() == [5, 6]
    robot.list.store([])
    assert robot.list.load().size == 0
    for mode in (Mode.Broken, "Broken", 255, np.uint8(255)):
        robot.mode.store(Mode.Idle)
        robot.mode.store(mode)
        assert robot.mode.load() is Mode.Broken
    robot.level.store(np.int64(-5))
    assert robot.level.swap(-(2**31)) == -5 and robot.level.load() == -(2**31)


REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    ("frames", 3.9, TypeError, "expected an integer"),
    ("frames", -1, ValueError, "0 to 18446744073709551615"),
    ("frames", 2**64, ValueError, "64 bits"),
    ("level", 2**31, ValueError, "2147483648"),
    ("rate", "1", TypeError, "expected a number"),
    ("rate", 2**53 + 1, ValueError, "the nearest one is"),
    ("mode", 3, ValueError, "3"),
    ("mode", "Slow", TypeError, "a member of `Mode`"),
    ("position", (1, 2), TypeError, "3 fields of `Position`"),
    ("position", {"x": 1, "y": 2}, ValueError, "z"),
    ("position", {"x": 1, "y": 2, "z": 3, "w": 4}, TypeError, "none named \"w\""),
    ("position", (1, None, 3), TypeError, "`y`: expected a number"),
    ("position", 7, TypeError, "a tuple or a dict of its fields"),
    ("grid", [[1, 2, 3], [4, 5, 0.1]], ValueError, r"`numpy.float32\(…\)` rounds it"),
    ("grid", np.zeros((2, 3)), TypeError, r"`array.astype\(…\)` converts it"),
    ("grid", np.zeros((3, 2), np.float32), TypeError, r"shape \(3, 2\)"),
    ("grid", [[1, 2, 3]], ValueError, "2"),
    ("name", "x" * 17, ValueError, "16"),
    ("name", b"x", TypeError, r"a text \(`str`\)"),
    ("list", range(3), TypeError, "a list, a tuple or an array"),
    ("list", [1] * 9, ValueError, "8"),
    ("list", [1, 70_000], ValueError, r"\[1\]"),
    ("list", np.zeros(2, np.uint32), TypeError, "uint32"),
]


@pytest.mark.parametrize(("field", "value", "error", "says"), REFUSED)
def test_what_does_not_fit_is_refused(
    store: shmstore.Store, field: str, value: Any, error: type[Exception], says: str
) -> None:
    part = getattr(store.create(robots.Robot), field)
    before = part.load()
    with pytest.raises(error, match=says):
        part.store(value)
    assert np.array_equal(part.load(), before) if isinstance(before, np.ndarray) else part.load() == before


def test_value_of_a_transaction_is_set_as_a_whole(store: shmstore.Store) -> None:
    robot = store.create(robots.Robot)
    change = robot.position.transaction()
    with change as position:
        position.x = 7
        change.value = (1, 2, 3)
        assert position == (1, 2, 3) and change.value is position
        position.y = 5
    assert robot.position.load() == (1, 5, 3)
    change = robot.accounts.transaction()
    with pytest.raises(ValueError, match="has another size"), change as accounts:
        accounts.resize((9,), refcheck=False)
        change.value = [1, 2, 3, 4]
    assert robot.accounts.version == 0


def type_name(given: object) -> str:
    """The name of a case. Python shows no integer of more than 4300 digits."""
    return type(given).__name__


@pytest.mark.parametrize("number", [
    np.int64(2**53), np.uint8(3), np.float16(1.5), np.float32(0.1), np.longdouble(1.5), np.array(2.5), np.array(7),
    np.float64("nan"), np.longdouble("nan"), 2**60,
])  # fmt: skip
def test_numbers_that_a_float_has_are_stored(store: shmstore.Store, number: Any) -> None:
    rate = store.create(robots.Robot).rate
    rate.store(number)
    assert rate.load() == float(number) or np.isnan(number) and np.isnan(rate.load())


@pytest.mark.parametrize(("number", "error", "says"), [
    (np.int64(2**53 + 1), ValueError, "9007199254740993 is no `f64`: the nearest one is"),
    (np.uint64(2**64 - 1), ValueError, "the nearest one is"),
    (np.longdouble(1) / 3, ValueError, "the nearest one is"),
    (np.longdouble("1e400"), ValueError, "the nearest one is"),
    (np.complex128(1 + 2j), TypeError, "expected a number"),
    (np.bool_(True), TypeError, "expected a number"),
    (np.array([1.5]), TypeError, "expected a number"),
    (np.datetime64(7, "ns"), TypeError, "expected a number"),
    (10**400, ValueError, "an integer of 1329 bits is no `f64`: it is too large"),
    (10**5000, ValueError, "an integer of 16610 bits is no `f64`: it is too large"),
], ids=type_name)  # fmt: skip
def test_numbers_that_no_float_has_are_refused(
    store: shmstore.Store, number: Any, error: type[Exception], says: str
) -> None:
    rate = store.create(robots.Robot).rate
    rate.store(2.5)
    with pytest.raises(error, match=says):
        rate.store(number)
    assert rate.load() == 2.5


@pytest.mark.parametrize(("field", "value", "error", "says"), [
    ("frames", 10**5000, ValueError, "an integer of 16610 bits is no integer of 64 bits: expected an integer"),
    ("frames", np.array([7]), TypeError, "expected an integer"),
    ("frames", np.bool_(True), TypeError, "expected an integer"),
    ("frames", np.float64(7), TypeError, "expected an integer"),
    ("name", 10**5000, TypeError, r"expected a text \(`str`\), not a value of type `int`"),
    ("list", np.zeros((2, 3), np.uint16), TypeError, r"an array of shape \(2, 3\) is no list of `u16`"),
    ("list", np.uint16(7), TypeError, r"an array of shape \(\) is no list of `u16`"),
    ("list", np.ma.masked_equal(np.array([1, 2], np.uint16), 2), TypeError, "masked array is not stored"),
    ("grid", np.ma.masked_equal(np.ones((2, 3), np.float32), 1), TypeError, "masked array is not stored"),
], ids=type_name)  # fmt: skip
def test_texts_of_what_is_refused(
    store: shmstore.Store, field: str, value: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        getattr(store.create(robots.Robot), field).store(value)


def test_bool_is_told_by_its_dtype(store: shmstore.Store) -> None:
    class boolean:
        def __bool__(self) -> bool:
            return True

    flags = store.create(robots.Everything).flags
    flags.store([np.bool_(True), np.array(True), *[False] * 6])
    assert flags.load().tolist() == [True, True] + [False] * 6
    for wrong in (boolean(), np.uint8(1), np.array([True])):
        with pytest.raises(TypeError, match="expected `True` or `False`"):
            flags.store([wrong] + [False] * 7)


def test_array_that_another_thread_changes_is_stored_whole_or_not_at_all(store: shmstore.Store) -> None:
    @shmstore.object(id="A")
    class Flags:
        board: shmstore.Versioned[shmstore.Array[bool, 1 << 20]]
        small: shmstore.Versioned[shmstore.Array[bool, 64]]
        frames: shmstore.Frames[bool, 1 << 20, 3]

    flags = store.create(Flags)
    array = np.zeros(1 << 20, bool)
    over = threading.Event()

    def change() -> None:
        while not over.is_set():
            array.view(np.uint8)[:] = 2
            array.view(np.uint8)[:] = 0

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    stored = 0
    end = time.monotonic() + DEADLINE
    try:
        while stored < 50 and time.monotonic() < end:
            for store_it, load in ((flags.board.store, flags.board.load), (flags.frames.publish, flags.frames.load)):
                try:
                    store_it(array)
                except shmstore.InvalidValue:
                    continue
                load()
                stored += 1
    finally:
        over.set()
        thread.join(DEADLINE)


def reading() -> Reading:
    return Reading(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc), True, Mode.Fast, Side.Right, "x", "n",
                   [1.0], (1, 2, 3), [[0, 0], [0, 0]])  # fmt: skip


def test_records_check_what_is_set(store: shmstore.Store) -> None:
    record = reading()
    record.mode, record.name, record["values"], record.grid = "Idle", "ü", [2.0, 3.0], [[1, 2], [3, 4]]
    record[0] = 7
    assert (record.mode, record.name, record.at) == (Mode.Idle, "ü", np.datetime64(7, "ns"))
    record.position.x = 9.0
    assert record.position == (9.0, 2.0, 3.0) and record[2] is Mode.Idle
    changes: list[Callable[[], Any]] = [
        lambda: setattr(record, "ok", 2),
        lambda: setattr(record, "letter", "ab"),
        lambda: setattr(record, "side", 5),
        lambda: setattr(record, "name", "x" * 13),
        lambda: setattr(record, "values", [0.0] * 4),
        lambda: record.__setitem__("grid", [[1, 2]]),
    ]
    for change in changes:
        with pytest.raises((TypeError, ValueError)):
            change()
    with pytest.raises(AttributeError, match="has no field `speed`"):
        record.speed = 1
    with pytest.raises(KeyError):
        record["_pad"]
    with pytest.raises(TypeError, match="given twice"):
        Position(1, 2, 3, x=1)
    with pytest.raises(ValueError, match="z"):
        Position(1, 2)


def test_records_compare_copy_and_pickle() -> None:
    record = reading()
    assert record == reading() and record != Position(1, 2, 3)
    assert record.position == {"x": 1, "y": 2, "z": 3} and record.position != (1, 2)
    assert pickle.loads(pickle.dumps(record)) == record
    assert copy.deepcopy(record) == record
    array = np.array([record, record], Reading.dtype)
    assert type(pickle.loads(pickle.dumps(array))[1]) is Reading
    assert repr(Position(1, 2, 3)) == "Position(x=1.0, y=2.0, z=3.0)"
    assert repr(record).startswith("Reading(at=1767225600000000000, ok=True, mode=<Mode.Fast: 1>")
    with pytest.raises(TypeError):
        hash(record)


def test_types_of_an_unknown_object_are_pickled() -> None:
    schema = shmstore.Schema.structure("Made", [("a", shmstore.u8.schema)])
    made = class_of(schema)(7)
    assert pickle.loads(pickle.dumps(made)) == made and type(pickle.loads(pickle.dumps(made))) is type(made)
    numbers = class_of(shmstore.Schema.enumeration("Even", "i32", [("Zero", 0), ("Two", 2)]))
    assert pickle.loads(pickle.dumps(numbers(2))) is numbers(2)
    with pytest.raises(shmstore.LayoutError, match="cannot be an enum in Python"):
        class_of(shmstore.Schema.enumeration("Odd", "i32", [("Zero", 0), ("mro", 1)]))


@pytest.mark.parametrize("time", [datetime.datetime(2026, 1, 1), np.datetime64("10000-01-01"), "2026", 1.5, None])
def test_times_without_a_meaning_are_refused(time: Any) -> None:
    with pytest.raises(TypeError, match="with a time zone"):
        reading().at = time
