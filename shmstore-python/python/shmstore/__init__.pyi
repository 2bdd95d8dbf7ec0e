from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np
from typing_extensions import TypeAliasType, TypeVarTuple

from ._errors import (
    AccessDenied as AccessDenied,
    AlreadyExists as AlreadyExists,
    Busy as Busy,
    BusyTimeout as BusyTimeout,
    Empty as Empty,
    Error as Error,
    Full as Full,
    InvalidValue as InvalidValue,
    Lagged as Lagged,
    LayoutError as LayoutError,
    Lost as Lost,
    Mirrored as Mirrored,
    NotFound as NotFound,
    OwnerDied as OwnerDied,
    Removed as Removed,
    Timeout as Timeout,
)
from ._records import Record as Record
from ._shmstore import (
    Atomic as Atomic,
    Broadcast as Broadcast,
    Event as Event,
    Field as Field,
    Fields as Fields,
    FrameMut as FrameMut,
    Frames as Frames,
    Job as Job,
    Lock as Lock,
    LockGuard as LockGuard,
    Map as Map,
    Object as Object,
    Part as Part,
    Parts as Parts,
    Pinned as Pinned,
    Queue as Queue,
    Schema as Schema,
    Store as Store,
    Subscriber as Subscriber,
    Transaction as Transaction,
    Versioned as Versioned,
    View as View,
    Wait as Wait,
    wait_any as wait_any,
)

_C = TypeVar("_C", bound=type)
_V = TypeVar("_V")
_N = TypeVar("_N")
_Ns = TypeVarTuple("_Ns")

# A type checker sees what a load returns. Capacities are written as `Literal[16]` for it.
u8 = int
u16 = int
u32 = int
u64 = int
i8 = int
i16 = int
i32 = int
i64 = int
f32 = float
f64 = float
char = str
Timestamp = np.datetime64
AtomicValue = Atomic
FixedString = TypeAliasType("FixedString", str, type_params=(_N,))
FixedVec = TypeAliasType("FixedVec", Any, type_params=(_V, _N))
Pad = TypeAliasType("Pad", Any, type_params=(_N,))
Array = TypeAliasType("Array", Any, type_params=(_V, _Ns))
CacheAligned = TypeAliasType("CacheAligned", _V, type_params=(_V,))

@overload
def value(cls: _C, /) -> _C: ...
@overload
def value(
    *, name: str | None = None, align: int = 1, const_args: dict[str, int] | None = None
) -> Callable[[_C], _C]: ...
@overload
def object(cls: _C, /) -> _C: ...
@overload
def object(
    *,
    id: str | None = None,
    room: int | None = None,
    name: str | None = None,
    align: int = 1,
    const_args: dict[str, int] | None = None,
) -> Callable[[_C], _C]: ...
def enum(repr: type[int]) -> Callable[[_C], _C]: ...
