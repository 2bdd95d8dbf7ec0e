"""Typed objects in shared memory, for the processes of one Linux machine.

Processes of Rust and of Python share an object by its path. Python attaches any live object by the layout in its
segment, or defines one of its own:

>>> import shmstore
>>> from shmstore import Atomic, Versioned, f64, u64
>>> @shmstore.value
... class Position:
...     x: f64
...     y: f64
>>> @shmstore.object(id="T")
... class Telemetry:
...     frames: Atomic[u64]
...     position: Versioned[Position]
>>> store = shmstore.Store(directory)
>>> with store.create(Telemetry) as rover:
...     rover.frames.fetch_add(1)
...     rover.position.store((1.5, 2.0))
...     print(rover.position.load())
0
1
Position(x=1.5, y=2.0)
>>> store.remove(Telemetry)

A `Store` is where processes meet. `Versioned` keeps the newest value, `Atomic` a number, and `Map` the newest value of
each key. A `Queue` gives each item to one process, and a `Broadcast` to all. `Frames` hold large arrays. A `Lock` lets
one process in at a time, and an `Event` wakes processes.

Calls that wait take `timeout=` in seconds. 0 does not wait, and `None`, the default of most, has no limit.
`Versioned.transaction`, `Frames.loan` and `Frames.publish` wait 5 s by default. `Store()` and `Store.attach` do not
wait, and raise `NotFound`. Other threads run meanwhile, and Ctrl-C ends a call within 50 ms. Methods such as `newer`
return awaitables for asyncio.

Several threads may use stores, objects, parts, jobs, subscribers and frames. A transaction and the guard of a lock
belong to the thread that began them.

Errors of stores, objects and waits are subclasses of `Error`. Wrong arguments raise the errors of Python: `TypeError`,
`ValueError`, `OverflowError`, `KeyError` or `AttributeError` for a field or key that does not exist, `RuntimeError` for
a job, guard, transaction or frame that has ended, or that belongs to another thread. """

from . import _aio, _types
from ._define import enum, object, value
from ._errors import (
    AccessDenied,
    AlreadyExists,
    Busy,
    BusyTimeout,
    Empty,
    Error,
    Full,
    InvalidValue,
    Lagged,
    LayoutError,
    Lost,
    Mirrored,
    NotFound,
    OwnerDied,
    Removed,
    Timeout,
)
from ._records import Record
from ._shmstore import (
    Atomic,
    Broadcast,
    Event,
    Field,
    Fields,
    FrameMut,
    Frames,
    Job,
    Lock,
    LockGuard,
    Map,
    Object,
    Part,
    Parts,
    Pinned,
    Queue,
    Schema,
    Store,
    Subscriber,
    Transaction,
    Versioned,
    View,
    Wait,
    wait_any,
)
from ._types import (
    Array,
    AtomicValue,
    CacheAligned,
    FixedString,
    FixedVec,
    Pad,
    Timestamp,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
)

_types._PLAIN.update({Lock: Schema.lock, Event: Schema.event})

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "Array",
    "Atomic",
    "AtomicValue",
    "Broadcast",
    "Busy",
    "BusyTimeout",
    "CacheAligned",
    "Empty",
    "Error",
    "Event",
    "Field",
    "Fields",
    "FixedString",
    "FixedVec",
    "FrameMut",
    "Frames",
    "Full",
    "InvalidValue",
    "Job",
    "Lagged",
    "LayoutError",
    "Lock",
    "LockGuard",
    "Lost",
    "Map",
    "Mirrored",
    "NotFound",
    "Object",
    "OwnerDied",
    "Pad",
    "Part",
    "Parts",
    "Pinned",
    "Queue",
    "Record",
    "Removed",
    "Schema",
    "Store",
    "Subscriber",
    "Timeout",
    "Timestamp",
    "Transaction",
    "Versioned",
    "View",
    "Wait",
    "char",
    "enum",
    "f32",
    "f64",
    "i16",
    "i32",
    "i64",
    "i8",
    "object",
    "u16",
    "u32",
    "u64",
    "u8",
    "value",
    "wait_any",
]
