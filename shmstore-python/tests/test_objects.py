"""Stores, objects and their parts."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robots
import shmstore
from conftest import DEADLINE
from shmstore import Atomic, Versioned, f64, u64


def test_store_opens_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(shmstore.NotFound, match="no"):
        shmstore.Store(tmp_path / "missing")
    with pytest.raises(LookupError):
        shmstore.Store(tmp_path / "missing", timeout=0.01)
    store = shmstore.Store(tmp_path / "made" / "here", create=True)
    assert store.path == tmp_path / "made" / "here" and store.name is None and store.warnings == []
    assert repr(store) == f"<Store {store.path}>"
    assert store == shmstore.Store(store.path) and hash(store) == hash(shmstore.Store(store.path))
    assert pickle.loads(pickle.dumps(store)) == store
    with pytest.raises(ValueError):
        shmstore.Store(tmp_path, mode=0o777)
    with pytest.raises(ValueError, match="timeout=-1"):
        shmstore.Store(tmp_path, timeout=-1)
    with pytest.raises(TypeError, match="a number of seconds"):
        shmstore.Store(tmp_path, timeout="1")  # type: ignore[arg-type]


def test_objects_are_created_attached_and_removed(store: shmstore.Store) -> None:
    with pytest.raises(shmstore.NotFound):
        store.attach("R")
    with pytest.raises(shmstore.NotFound):
        store.attach(robots.Robot, timeout=0.02)
    robot = store.create(robots.Robot)
    with pytest.raises(shmstore.AlreadyExists):
        store.create(robots.Robot)
    robot.frames.store(3)
    assert store.attach_or_create(robots.Robot).frames.load() == 3
    assert [(found["id"], found["type"], found["state"]) for found in store.list()] == [("R", "Robot", "ready")]
    assert not robot.is_removed
    store.remove("R")
    assert robot.is_removed and robot.frames.load() == 3
    with pytest.raises(shmstore.Removed):
        robot.position.wait_newer(timeout=5)
    with pytest.raises(shmstore.NotFound):
        store.remove(robots.Robot)
    for wrong in (7, "RR", robots.Arm, object):
        with pytest.raises((TypeError, ValueError)):
            store.attach(wrong)
    with pytest.raises(KeyError, match="a new object has a class"):
        store.create("R")


def test_names_have_objects_of_their_own(store: shmstore.Store) -> None:
    with pytest.raises(shmstore.NotFound):
        store.named("left")
    left = store.named("left", create=True)
    assert left.name == "left" and store.names() == ["left"]
    left.create(robots.Robot).frames.store(1)
    again = pickle.loads(pickle.dumps(left))
    assert again == left and again.name == "left" and again.attach("R").frames.load() == 1
    left.remove("R")
    assert store.remove_name("left") and not store.remove_name("left")
    with pytest.raises(ValueError):
        store.named("a/b", create=True)


def test_fields_are_attributes_and_items(robot: Any) -> None:
    assert robot["frames"].load() == 7 and robot["arms[1].angle"].load() == 0.5
    assert robot["load"].load() == 200 and robot["arms"][1]["angle"] == robot.arms[-1].angle
    assert robot["reading.position.y"].load() == 2.0 and robot["grid[1][2]"].load() == 6.0
    assert {"position", "load", "arms", "schema"} <= set(dir(robot)) and "angle" in dir(robot.arms[0])
    assert "x" in dir(robot.position) and "wait_newer" in dir(robot.position)
    assert robot.position is robot.position and len(robot.arms) == 2
    for missing in ("speed", "", "arms[2]", "arms[x]", "position.w", "position..x", "arms]"):
        with pytest.raises((KeyError, IndexError)):
            robot[missing]
    with pytest.raises(AttributeError, match="`Robot` has no field `speed`"):
        robot.speed
    with pytest.raises(AttributeError):
        robot.position.speed
    with pytest.raises(AttributeError):
        robot.arms[0].speed


def test_parts_are_shown_compared_and_pickled(robot: Any, store: shmstore.Store) -> None:
    assert repr(robot.position) == "<Versioned<Position> position>"
    assert repr(robot.arms[1].angle) == "<Versioned<f32> arms[1].angle>"
    assert repr(robot) == f"<Robot 'R' at {store.path}>"
    assert str(robot).startswith("{ frames: 7, level: -3, rate: 2.5, mode: Fast, ")
    for path in ("position", "arms[1].angle", "reading.position.x", "frames", "quotes", "images", "guard", "arms[0]"):
        part = robot[path]
        again = pickle.loads(pickle.dumps(part))
        assert (again.path, again) == (path, part) and hash(again) == hash(part)
        assert again.schema == part.schema and isinstance(part, shmstore.Part)
    assert robot.position != robot.reading and robot.position != 7
    again = pickle.loads(pickle.dumps(robot))
    assert again.schema.hash == robot.schema.hash and again.id == "R" and again.store == store
    assert robot.position.object.frames.load() == 7


def test_class_of_an_object_is_pickled(store: shmstore.Store) -> None:
    robot = store.create(robots.Robot)
    assert type(pickle.loads(pickle.dumps(robot))) is robots.Robot


def test_fields_of_values_are_loaded_and_stored(robot: Any, peer: Any) -> None:
    robot.position.x.store(9)
    robot.reading.position.z.store(7.0)
    robot.grid[0][1].store(0.25)
    robot.reading.mode.store("Broken")
    assert peer("position") == "(2, Position { x: 9.0, y: 2.0, z: 3.0 })"
    assert "mode: Broken" in peer("reading") and "z: 7.0" in peer("reading")
    assert robot.reading.mode.load().name == "Broken" and robot.reading.mode.enums[""]
    assert robot.grid.load().tolist() == [[1, 0.25, 3], [4, 5, 6]]
    assert np.asarray(robot.grid[1]).tolist() == [4, 5, 6] and robot.grid[1].shape == (3,)
    with pytest.raises(TypeError):
        robot.position.x.store("9")
    assert robot.position.version == 2


def test_atomics_change_in_one_step(robot: Any) -> None:
    assert robot.frames.fetch_add(5) == 7 and robot.frames.load() == 12
    assert robot.level.fetch_add(-4) == -3 and robot.level.load() == -7
    assert robot.frames.fetch_add(-13) == 12 and robot.frames.load() == 2**64 - 1
    assert robot.rate.update(lambda rate: rate * 2) == 5.0 and robot.rate.load() == 5.0
    assert robot.mode.swap("Idle") == 1
    with pytest.raises(TypeError, match="only integers"):
        robot.rate.fetch_add(1)
    with pytest.raises(ZeroDivisionError):
        robot.rate.update(lambda rate: rate / 0)
    with pytest.raises(TypeError):
        robot.rate.update(lambda rate: "x")
    assert robot.rate.load() == 5.0


def test_transactions_change_all_or_nothing(robot: Any, peer: Any) -> None:
    with robot.accounts.transaction() as accounts:
        accounts[0] -= 30
        accounts[1] += 30
    assert peer("accounts") == "(2, [70, 30, 0, 0])"
    with pytest.raises(RuntimeError), robot.accounts.transaction() as accounts:
        accounts[0] = 0
        raise RuntimeError
    assert robot.accounts.load_versioned()[0] == 2
    with robot.position.transaction() as position:
        position.x += 1
    assert robot.position.load().x == 2.0
    with robot.name.transaction() as transaction:
        assert (transaction.value, transaction.version) == ("rover", 1)
        transaction.value = "other"
    assert robot.name.load() == "other"
    with pytest.raises(RuntimeError, match="has not begun"):
        transaction.value
    with robot.reading.transaction() as reading, pytest.raises(ValueError):
        reading.side = 9
    assert robot.accounts.update(lambda all_: all_ * 2).tolist() == [140, 60, 0, 0]
    with pytest.raises(ZeroDivisionError):
        robot.accounts.update(lambda all_: 1 / 0)
    assert robot.accounts.load().tolist() == [140, 60, 0, 0]


def test_invalid_bytes_in_a_transaction_are_not_published(robot: Any) -> None:
    with pytest.raises(shmstore.InvalidValue), robot.reading.transaction() as reading:
        # Past the checks of a record.
        np.void.__setitem__(reading, "mode", 7)
    assert robot.reading.load().mode.name == "Fast"


def test_writers_of_this_thread_do_not_wait_for_themselves(robot: Any) -> None:
    with robot.accounts.transaction(), pytest.raises(shmstore.Busy, match="this very thread"):
        robot.accounts.store([0, 0, 0, 0])


def test_locks_let_one_in(robot: Any) -> None:
    with robot.guard.lock() as guard:
        assert robot.guard.is_locked and not guard.is_inconsistent
        with pytest.raises(shmstore.Error, match="this thread holds"):
            robot.guard.lock(timeout=0)
    assert not robot.guard.is_locked and not robot.guard.is_inconsistent
    guard = robot.guard.lock_to_repair()
    guard.mark_consistent()
    guard.unlock()
    with pytest.raises(RuntimeError, match="freed already"):
        guard.mark_consistent()


def test_object_stays_attached_while_a_part_is_referenced(store: shmstore.Store) -> None:
    with store.create(robots.Robot) as robot:
        position = robot.position
    del robot
    gc.collect()
    assert store.list()[0]["attached"] > 0
    assert position.store((1, 2, 3)) == 1
    del position
    gc.collect()
    assert store.list()[0]["attached"] == 0


def test_objects_are_read_without_permission_to_write(store: shmstore.Store) -> None:
    writer = store.create(robots.Robot)
    writer.position.store((1, 2, 3))
    reader = store.attach(robots.Robot, read_only=True)
    assert reader.position.load() == (1, 2, 3) and reader.position.load_versioned()[0] == 1
    assert reader.arms[1].angle.load() == 0.0 and reader.mode.load() is robots.Mode.Idle
    assert reader.position.wait_newer(0) == (1, (1, 2, 3))
    with pytest.raises(shmstore.Timeout):
        reader.position.wait_newer(1, timeout=0.01)
    with pytest.raises(shmstore.AccessDenied, match="attached for reading only"):
        reader.jobs.load()
    assert str(reader.jobs) == "[]" and not hasattr(reader.position, "store")
    for call in (lambda: reader.frames.wait_newer(0), lambda: reader.mode.wait_newer(0), reader.frames.load_versioned):
        with pytest.raises(TypeError, match="atomics have no versions"):
            call()
    assert type(pickle.loads(pickle.dumps(reader.position))) is shmstore.View


def test_reader_notices_that_the_object_was_removed(store: shmstore.Store) -> None:
    writer = store.create(robots.Robot)
    reader = store.attach("R", read_only=True)
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            reader.position.wait_newer(1, timeout=DEADLINE)
        except shmstore.Error as error:
            ended.append(error)

    thread = threading.Thread(target=wait, daemon=True)
    writer.position.store((1, 2, 3))
    thread.start()
    store.remove("R")
    # What was stored before is there all the same.
    assert reader.position.wait_newer(0) == (1, (1, 2, 3))
    thread.join(DEADLINE)
    assert [type(error) for error in ended] == [shmstore.Removed], ended


def elsewhere(call: Callable[[], Any]) -> BaseException | None:
    """Runs a call in another thread, and returns what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    return raised[0] if raised else None


def test_guard_and_transaction_stay_in_their_thread(store: shmstore.Store) -> None:
    robot = store.create(robots.Robot)
    guard = robot.guard.lock()
    calls: list[Callable[[], Any]] = [
        guard.unlock, guard.mark_consistent, guard.__enter__, lambda: guard.is_inconsistent,
        lambda: guard.__exit__(None, None, None),
    ]  # fmt: skip
    for call in calls:
        error = elsewhere(call)
        assert type(error) is RuntimeError and "belongs to the thread that began it" in str(error)
    assert robot.guard.is_locked
    guard.unlock()
    assert not robot.guard.is_locked

    change = robot.accounts.transaction()
    with change as accounts:
        accounts[0] = 7
        calls = [
            lambda: change.version, lambda: change.value, lambda: setattr(change, "value", [1, 2, 3, 4]),
            lambda: change.__exit__(None, None, None),
        ]  # fmt: skip
        for call in calls:
            error = elsewhere(call)
            assert type(error) is RuntimeError and "belongs to the thread that began it" in str(error)
    assert robot.accounts.load()[0] == 7 and robot.accounts.version == 1
    # A thread may enter the transaction that another one has made.
    made = robot.accounts.transaction()

    def enter() -> None:
        with made as accounts:
            accounts[0] = 8

    assert elsewhere(enter) is None and robot.accounts.load()[0] == 8


def test_guard_that_another_thread_drops_keeps_its_lock(
    store: shmstore.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot = store.create(robots.Robot)
    said: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: said.append(str(unraisable.exc_value)))
    guards, changes = [robot.guard.lock()], [robot.accounts.transaction()]
    changes[0].__enter__()
    assert elsewhere(guards.clear) is None and elsewhere(changes.clear) is None
    assert len(said) == 2 and all("was dropped in another thread" in text for text in said), said
    assert robot.guard.is_locked
    for call in (lambda: robot.guard.lock_to_repair(timeout=0), lambda: robot.accounts.store([0] * 4, timeout=0)):
        error = elsewhere(call)
        assert isinstance(error, shmstore.BusyTimeout), error


def test_exception_in_the_block_of_a_lock_marks_it(store: shmstore.Store) -> None:
    robot = store.create(robots.Robot)
    with pytest.raises(ZeroDivisionError), robot.guard.lock():
        print(1 // 0)
    assert not robot.guard.is_locked and robot.guard.is_inconsistent
    with pytest.raises(shmstore.OwnerDied):
        robot.guard.lock()
    with pytest.raises(ZeroDivisionError), robot.guard.lock_to_repair():
        print(1 // 0)
    with robot.guard.lock_to_repair() as guard:
        assert guard.is_inconsistent
        guard.mark_consistent()
    with robot.guard.lock() as guard:
        assert not guard.is_inconsistent
    with pytest.raises(ZeroDivisionError), robot.guard.lock() as guard:
        guard.unlock()
        print(1 // 0)
    assert not robot.guard.is_inconsistent


def test_own_part_is_busy_and_that_of_another_thread_times_out(store: shmstore.Store) -> None:
    robot = store.create(robots.Robot)
    robot.quotes["A"] = (1, 2)
    calls: list[Callable[[], Any]] = [
        lambda: robot.guard.lock(timeout=1),
        lambda: robot.accounts.store([0] * 4, timeout=1),
        lambda: robot.accounts.transaction(timeout=1).__enter__(),
    ]
    with robot.guard.lock(), robot.accounts.transaction():
        for call in calls:
            with pytest.raises(shmstore.Busy) as raised:
                call()
            assert raised.type is shmstore.Busy
        for call in (lambda: robot.guard.lock(timeout=0), lambda: robot.accounts.store([0] * 4, timeout=0)):
            assert type(elsewhere(call)) is shmstore.BusyTimeout

    inner: list[Callable[[], Any]] = [
        lambda: robot.quotes.insert("A", (3, 4), timeout=1),
        lambda: robot.quotes.update("A", lambda old: old, timeout=1),
        lambda: robot.quotes.pop("A", timeout=1),
    ]
    for same in inner:

        def change(old: Any) -> Any:
            robot.quotes["B"] = (5, 6)  # another key
            same()
            return old

        with pytest.raises(shmstore.Busy) as raised:
            robot.quotes.update("A", change)
        assert raised.type is shmstore.Busy
    assert robot.quotes["A"] == (1, 2) and robot.quotes["B"] == (5, 6)


def test_errors_are_pickled() -> None:
    lagged = pickle.loads(pickle.dumps(shmstore.Lagged("late", 7)))
    assert (str(lagged), lagged.missed) == ("late", 7)
    assert issubclass(shmstore.BusyTimeout, TimeoutError) and issubclass(shmstore.BusyTimeout, shmstore.Busy)
    for error in (shmstore.Empty, shmstore.Full, shmstore.Timeout):
        assert issubclass(error, TimeoutError) and issubclass(error, shmstore.Error)


def test_room_lets_an_object_of_python_grow(store: shmstore.Store) -> None:
    @shmstore.object(id="G", room=1024)
    class Growing:
        frames: Atomic[u64]
        speed: Versioned[f64]

    assert store.create(Growing).schema.size < 1024


def test_path_may_be_of_bytes_and_nothing_else(tmp_path: Path) -> None:
    assert shmstore.Store(bytes(tmp_path)) == shmstore.Store(tmp_path)
    with pytest.raises(TypeError, match="expected str, bytes or os.PathLike object, not int"):
        shmstore.Store(7)  # type: ignore[arg-type]
