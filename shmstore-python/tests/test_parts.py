"""Queues, broadcasts, maps, events and frames."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

import robots
import shmstore
from conftest import until


@pytest.fixture
def rover(store: shmstore.Store) -> Any:
    """A `Robot` of this process."""
    return store.create(robots.Robot)


def test_items_of_a_queue_go_both_ways(robot: Any, peer: Any) -> None:
    robot.jobs.push((1, "a"))
    robot.jobs.push({"name": "b", "number": 2})
    assert len(robot.jobs) == 2 and robot.jobs.capacity == 8
    assert peer("pop").startswith('Job { number: 1, name: "a"')
    assert peer("push 3") == "ok"
    assert robot.jobs.pop() == (2, "b")
    assert robot.jobs.pop(timeout=1) == (3, "job")
    with pytest.raises(shmstore.Empty):
        robot.jobs.pop(timeout=0)
    with pytest.raises(shmstore.Empty, match=r"empty after \d+ms"):
        robot.jobs.pop(timeout=0.06)
    peer.send("pop")
    robot.jobs.push((4, "c"))
    assert "number: 4" in peer.answer()


def test_queue_that_is_full_refuses(rover: Any) -> None:
    for number in range(8):
        rover.jobs.push((number, ""), timeout=0)
    with pytest.raises(shmstore.Full):
        rover.jobs.push((8, ""), timeout=0)
    with pytest.raises(TimeoutError):
        rover.jobs.push((8, ""), timeout=0.01)
    with pytest.raises(ValueError):
        rover.jobs.push((-1, ""))


def test_taken_items_return_unless_they_are_done(rover: Any) -> None:
    rover.jobs.push((1, "a"))
    with pytest.raises(ZeroDivisionError), rover.jobs.take() as job:
        assert (job.value, job.deliveries, len(rover.jobs), rover.jobs.outstanding) == ((1, "a"), 1, 0, 1)
        1 / 0
    with rover.jobs.take() as job:
        assert job.deliveries == 2
    assert len(rover.jobs) == 0 and rover.jobs.outstanding == 0
    rover.jobs.push((2, "b"))
    job = rover.jobs.take()
    job.done()
    with pytest.raises(RuntimeError, match="is done"):
        job.value
    rover.jobs.push((3, "c"))
    rover.jobs.take().give_back()
    job = rover.jobs.take()
    del job
    gc.collect()
    assert rover.jobs.pop() == (3, "c")


def test_broadcast_reaches_every_subscriber(robot: Any, peer: Any) -> None:
    first, second = robot.ticks.subscribe(), robot.ticks.subscribe()
    assert robot.ticks.newest() is None and first.position == 0
    assert robot.ticks.send(5) == 0 and peer("send 6") == "1"
    assert [first.recv(), first.recv(timeout=1)] == [5, 6] and next(second) == 5
    assert robot.ticks.newest() == (1, 6) and robot.ticks.sent == 2
    with pytest.raises(shmstore.Empty):
        first.recv(timeout=0)
    again = robot.ticks.subscribe(0)
    assert (again.recv(), again.position) == (5, 1)
    for number in range(40):
        robot.ticks.send(number)
    with pytest.raises(shmstore.Lagged) as lagged:
        second.recv()
    # Items 0 and 1, then 40 more. The next one is exactly the one after the missed ones.
    assert second.recv() == second.position - 1 - 2 == lagged.value.missed + 1 - 2


def test_map_is_used_as_a_dict(robot: Any, peer: Any) -> None:
    quotes = robot.quotes
    quotes["EURUSD"] = (1.0, 2.0)
    assert peer("get") == "Ok(Some(Quote { bid: 1.0, ask: 2.0 }))"
    assert "EURUSD" in quotes and "X" not in quotes and len(quotes) == 1 and quotes.capacity == 32
    assert quotes["EURUSD"] == (1.0, 2.0) and quotes.get_versioned("EURUSD")[0] == 1
    assert peer("insert 3") == "ok" and quotes["EURUSD"].bid == 3.0
    assert quotes.insert("GBPUSD", {"bid": 5, "ask": 6}) and not quotes.insert("GBPUSD", (7, 8))
    assert sorted(quotes) == sorted(quotes.keys()) == ["EURUSD", "GBPUSD"]
    assert dict(quotes.items()) == {"EURUSD": (3.0, 2.0), "GBPUSD": (7.0, 8.0)}
    assert sorted(value.bid for value in quotes.values()) == [3.0, 7.0]
    assert quotes.update("GBPUSD", lambda quote: (quote.bid + 1, quote.ask)) == (8.0, 8.0)
    assert quotes.pop("GBPUSD") == (8.0, 8.0) and quotes.pop("GBPUSD", None) is None
    del quotes["EURUSD"]
    assert quotes.get("EURUSD") is None and quotes.get("EURUSD", 7) == 7 and quotes.changes == 4
    for call in (lambda: quotes["X"], lambda: quotes.pop("X"), lambda: quotes.update("X", lambda quote: quote)):
        with pytest.raises(KeyError, match="X"):
            call()
    with pytest.raises(ValueError):
        quotes["a key that is too long"]
    with pytest.raises(TypeError):
        quotes[7]


def test_failed_change_of_a_key_changes_nothing(rover: Any) -> None:
    rover.quotes["A"] = (1, 2)
    with pytest.raises(ZeroDivisionError):
        rover.quotes.update("A", lambda quote: 1 / 0)
    with pytest.raises(TypeError):
        rover.quotes.update("A", lambda quote: "x")
    assert rover.quotes.get_versioned("A") == (1, (1, 2))


def test_full_map_refuses(rover: Any) -> None:
    for number in range(32):
        rover.quotes[str(number)] = (number, 0)
    with pytest.raises(shmstore.Full):
        rover.quotes["one more"] = (0, 0)


def test_keys_that_are_structs_and_enums(store: shmstore.Store) -> None:
    everything = store.create(robots.Everything)
    everything.sides[(7, robots.Side.Left, "x")] = robots.Side.Right
    key = robots.Symbol(7, "Left", "x")
    assert everything.sides[key] is robots.Side.Right and list(everything.sides) == [key]


def test_padding_and_the_bytes_after_a_text_do_not_count_in_a_key(store: shmstore.Store) -> None:
    sides = store.create(robots.Everything).sides
    clean = robots.Symbol(7, "Left", "x")
    noisy = np.frombuffer(bytearray(clean.tobytes()), np.uint8).copy()
    noisy[6:8] = 0xFF  # the padding
    noisy[13:] = 0xFF  # after the text
    key = noisy.view(robots.Symbol.dtype)[0]
    assert key.tobytes() != clean.tobytes()
    sides[key] = robots.Side.Right
    for same in (key, clean, (7, "Left", "x")):
        assert same in sides and sides[same] is robots.Side.Right and sides.get_versioned(same)[0] >= 1
        assert not sides.insert(same, robots.Side.Left) and sides.wait_newer(same, timeout=0)[1] is robots.Side.Left
        assert sides.update(same, lambda _: robots.Side.Right) is robots.Side.Right
        assert shmstore.wait_any(sides.newer(same), timeout=0)
    assert len(sides) == 1 and sides.pop(key) is robots.Side.Right and clean not in sides


def test_events_count_and_wake(robot: Any, peer: Any) -> None:
    assert robot.bell.count == 1 and robot.bell.notify_all() == 2 and robot.bell.notify_one() == 3
    assert robot.bell.wait_past(2) == 3
    peer.send("past 3")
    robot.bell.notify_all()
    assert peer.answer() == "4"
    with pytest.raises(shmstore.Timeout, match="`Robot.bell`"):
        robot.bell.wait_past(timeout=0.01)


def test_waits_end_with_the_change(rover: Any) -> None:
    def change() -> None:
        rover.position.store((4, 5, 6))
        rover.bell.notify_all()
        rover.quotes["A"] = (1, 2)
        rover.images.publish(np.zeros(3, np.uint8))

    waits = [
        lambda: rover.position.wait_newer(0),
        lambda: rover.bell.wait_past(0),
        lambda: rover.quotes.wait_newer("A"),
        lambda: rover.quotes.wait_changed(0),
        lambda: rover.images.wait_newer(0).number,
    ]
    found: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda at=at, wait=wait: found.update({at: wait()})) for at, wait in enumerate(waits)
    ]
    for thread in threads:
        thread.start()
    change()
    for thread in threads:
        thread.join(20)
    assert found == {0: (1, (4, 5, 6)), 1: 1, 2: (1, (1, 2)), 3: 1, 4: 1}


def test_one_thread_waits_for_several_changes(rover: Any) -> None:
    position, bell, item = rover.position.newer(0), rover.bell.past(0), rover.jobs.not_empty()
    tick, key, frame = rover.ticks.subscribe().not_empty(), rover.quotes.newer("A"), rover.images.newer(0)
    assert shmstore.wait_any(rover.jobs.not_full(), bell) != [bell]
    with pytest.raises(shmstore.Timeout, match=r"waited \d"):
        shmstore.wait_any(position, bell, item, tick, key, frame, timeout=0.01)
    thread = threading.Thread(target=rover.bell.notify_all)
    thread.start()
    assert shmstore.wait_any(position, bell, item, tick, key, frame) == [bell]
    thread.join()
    rover.quotes["A"] = (1, 2)
    rover.jobs.push((1, "a"))
    rover.ticks.send(1)
    rover.images.publish(np.zeros(1, np.uint8))
    assert shmstore.wait_any(position, bell, item, tick, key, frame, timeout=0) == [bell, item, tick, key, frame]
    with pytest.raises(ValueError, match="nothing to wait for"):
        shmstore.wait_any()
    with pytest.raises(TypeError):
        shmstore.wait_any(rover.position)


def test_frames_go_both_ways(robot: Any, peer: Any) -> None:
    images = robot.images
    assert images.newest == 0 and images.capacity == 65536 and images.dtype == np.uint8
    with pytest.raises(shmstore.NotFound, match="no frame yet"):
        images.pin()
    assert images.publish(np.arange(6, dtype=np.uint8), (3, 2)) == 1
    assert peer("newest") == "1 ImageInfo { width: 3, height: 2 } [0, 1, 2, 3, 4, 5]"
    assert peer("publish 2") == "2"
    with images.pin() as pixels:
        assert pixels.tolist() == [2] * 8 and not pixels.flags.writeable
        with pytest.raises(ValueError):
            pixels[0] = 1
    pinned = images.pin(1)
    assert (pinned.number, pinned.meta, len(pinned), pinned.missed) == (1, (3, 2), 6, 0)
    assert pinned.is_intact and pinned.copy().tolist() == [0, 1, 2, 3, 4, 5] and np.asarray(pinned)[5] == 5
    with pytest.raises(shmstore.NotFound, match="frame 9"):
        images.pin(9)
    out = np.zeros(10, np.uint8)
    assert images.load(out=out).tolist() == [2] * 8 and out[8] == 0 and images.load().size == 8
    with pytest.raises(TypeError, match="`out` only 4"):
        images.load(out=np.zeros(4, np.uint8))


def test_frame_is_filled_in_place(robot: Any, peer: Any) -> None:
    with robot.images.loan() as frame:
        assert frame.capacity == 65536 and frame.array.size == 65536
        frame.array[:4] = 9
        frame.meta = (2, 2)
        frame.len = 4
    assert peer("newest") == "1 ImageInfo { width: 2, height: 2 } [9, 9, 9, 9]"
    with pytest.raises(RuntimeError, match="is published"):
        frame.len = 1
    with pytest.raises(ZeroDivisionError), robot.images.loan() as frame:
        1 / 0
    assert robot.images.newest == 1
    frame = robot.images.loan(timeout=0)
    frame.write([1, 2, 3])
    frame.write(np.array([4, 5], np.uint8), 3)
    kept = frame.array
    assert frame.len == 5 and frame.publish() == 2 and not kept.flags.writeable
    assert robot.images.load().tolist() == [1, 2, 3, 4, 5]
    with pytest.raises(TypeError, match="uint16"):
        robot.images.publish(np.zeros(2, np.uint16))
    with pytest.raises(ValueError):
        robot.images.publish(np.zeros(65537, np.uint8))


def test_array_keeps_its_frame_pinned(rover: Any) -> None:
    rover.images.publish(np.full(4, 1, np.uint8))
    with rover.images.pin() as pixels:
        part = pixels[1:3]
    del pixels
    gc.collect()
    for number in range(2, 12):
        rover.images.publish(np.full(4, number, np.uint8))
    assert part.tolist() == [1, 1]
    held = [rover.images.pin()]
    for number in range(12, 14):
        rover.images.publish(np.full(4, number, np.uint8))
        held.append(rover.images.pin())
    with pytest.raises(shmstore.Full) as full:
        rover.images.publish(np.zeros(4, np.uint8), timeout=0.01)
    assert "pin" in str(full.value)
    del part
    gc.collect()
    assert rover.images.publish(np.full(4, 14, np.uint8)) == 14
    held[0].unpin()
    with pytest.raises(RuntimeError, match="no longer pinned"):
        held[0].meta
    assert until(lambda: rover.images.publish(np.zeros(4, np.uint8)) == 15)


def test_array_of_a_published_frame_outlives_its_object(store: shmstore.Store) -> None:
    rover = store.create(robots.Robot)
    frame = rover.images.loan()
    array = frame.array
    array[:] = 3
    frame.len = 4
    frame.publish()
    pixels = rover.images.pin().array
    del rover, frame
    gc.collect()
    assert array[:4].tolist() == [3] * 4 == pixels.tolist()


def test_elements_of_several_bytes(store: shmstore.Store) -> None:
    plain = store.create(robots.Everything).plain
    with plain.loan() as frame:
        frame.array[:] = np.arange(16)
        frame.len = 16
    assert plain.load().sum() == 120 and plain.load().dtype == np.float32 and plain.pin().meta is None
