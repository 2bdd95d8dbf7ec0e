"""Python that runs within a call of the package: by the garbage collector, by callbacks, and in other threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import shmstore
from conftest import DEADLINE

HERE = Path(__file__).parent

# A call that holds a lock while Python runs hangs with the interpreter, so each program is a process.
PRELUDE = """
import gc, os, sys, threading, weakref
import numpy as np
import robots, shmstore
rover = shmstore.Store(sys.argv[1]).create(robots.Robot)

class Garbage:
    def __init__(self, call):
        self.call, self.me = call, self
    def __del__(self):
        try:
            self.call()
        except RuntimeError as error:
            assert "is published" in str(error), error

def during(run, call):
    '''Has the garbage collector make a call at each step of another one.'''
    for threshold in range(1, 60):
        gc.set_threshold(threshold)
        Garbage(call)
        run()
        gc.set_threshold(0)
        gc.collect()
"""

PROGRAMS = {
    "the metadata of a pin": """
rover.images.publish(np.ones(4, np.uint8), (2, 2))
pin = rover.images.pin()
during(lambda: pin.meta, lambda: (pin.array, pin.number, pin.is_intact))
""",
    "the value of a job": """
rover.jobs.push((1, "a"))
job = rover.jobs.take()
during(lambda: job.value, lambda: job.deliveries)
""",
    "the value of a transaction": """
change = rover.list.transaction()
with change:
    during(lambda: change.value, lambda: (change.value, change.version))
""",
    "a new value in a transaction": """
change = rover.grid.transaction()
with change:
    during(lambda: setattr(change, "value", np.ones((2, 3), np.float32)), lambda: (change.value, change.version))
""",
    "the last reference to the array of a published frame": """
frame = rover.images.loan()
frame.len = 4
called = []
ref = weakref.ref(frame.array, lambda _: called.append(Garbage(lambda: frame.array).__del__()))
frame.publish()
assert called
""",
    "the last reference to the array of a frame that is not published": """
frame = rover.images.loan()
called = []
ref = weakref.ref(frame.array, lambda _: called.append(Garbage(lambda: frame.array).__del__()))
frame.give_back()
assert called
""",
    "an array of a frame while it is made": """
frame = rover.images.loan()
arrays = []
during(lambda: frame.array, lambda: arrays.append(frame.array))
assert all(array is frame.array for array in arrays)
""",
    "many objects, while others of their class are made": """
@shmstore.object(id="S")
class Small:
    a: shmstore.Atomic[shmstore.u64]

store = shmstore.Store(sys.argv[1])
stores = [store.named(f"s{number}", create=True) for number in range(200)]
gc.set_threshold(3)
kept = [named.create(Small) for named in stores]
for number, one in enumerate(kept):
    one.a.fetch_add(number)
assert [one.a.load() for one in kept] == list(range(200))
for named in stores:
    named.remove("S")
""",
    "a class whose object is garbage and whose part is in use": """
@shmstore.object(id="L")
class Local:
    a: shmstore.Atomic[shmstore.u64]

store = shmstore.Store(sys.argv[1])
object, part = store.create(Local), None
part = object.a
object.me = object
del object, Local
gc.collect()
again = part.object
assert type(again).__mro__[0] is type(again) and again.a.load() == 0
again.me = again
watched = weakref.ref(again)
del again, part
gc.collect()
assert watched() is None
""",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_python_may_run_at_any_time(store: shmstore.Store, program: str) -> None:
    command = [sys.executable, "-c", PRELUDE + program, str(store.path)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
