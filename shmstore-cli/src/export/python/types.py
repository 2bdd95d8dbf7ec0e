import ctypes
import enum
import errno
import os
import platform

import numpy as np

if platform.machine() != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
    raise ImportError("this module needs the memory ordering of x86-64, which this machine does not have")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_libc.shmat.restype = ctypes.c_void_p
_libc.shmdt.argtypes = [ctypes.c_void_p]
_libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
_SHM_RDONLY, _IPC_STAT, _SHM_DEST = 0o10000, 2, 0o1000
_FAILED = ctypes.c_void_p(-1).value


class AttachError(Exception):
    """The object does not exist or fails a check. If `retry` is True, it may exist soon."""

    def __init__(self, message, retry=False):
        super().__init__(message)
        self.retry = retry


class Torn(Exception):
    """Writers overtook every attempt to copy a version."""


class Lagged(Exception):
    """A subscriber was too slow. `missed` is the exact number of items that it has missed."""

    def __init__(self, missed):
        super().__init__(f"missed {missed} items: receive again")
        self.missed = missed


class ReadOnlyError(AttributeError, TypeError):
    """The program tried to change an object, a view or a value of this module."""


class _ReadOnly:
    """Refuses every change."""

    _REASON = ("this module only reads the object: change it with a Rust program, or with a C program and the header "
               "from `shmstore schema --c`")

    def _refuse(self, *_, **__):
        raise ReadOnlyError(self._REASON)

    __setattr__ = __delattr__ = __setitem__ = __delitem__ = _refuse
    __iadd__ = __isub__ = __imul__ = __imatmul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = _refuse
    __ilshift__ = __irshift__ = __iand__ = __ixor__ = __ior__ = _refuse


class _Value(_ReadOnly):
    """A copy in Python's own types. It refuses changes, because they would not reach the object."""

    _REASON = ("this value is a copy, so changing it would not change the object: `copy.deepcopy(value)` makes a copy "
               "that can be changed")
    pop = clear = _ReadOnly._refuse

    def __reduce_ex__(self, _):
        """Makes a deep copy a plain dict or list."""
        plain = type(self).__mro__[-2]
        return plain, (plain(self),)


class _Fields(_Value, dict):
    popitem = setdefault = update = _ReadOnly._refuse


class _Elements(_Value, list):
    append = extend = insert = remove = reverse = sort = _ReadOnly._refuse


class _Variants(enum.IntEnum):
    """The variants of an enum. A field may also hold any other number."""

    def __setattr__(self, name, value):
        # Python itself sets `_value_` and similar names of a new member.
        if not (name.startswith("_") and name.endswith("_")):
            raise ReadOnlyError(_ReadOnly._REASON)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        raise ReadOnlyError(_ReadOnly._REASON)


# Types. A type has the `dtype` of its bytes. It makes views, which read the segment, and converts copies into values of
# Python.


class _Type:
    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self.size = self.dtype.itemsize

    def view(self, segment, offset):
        return _Plain(segment, offset, self)

    def python(self, copy):
        return copy.item() if isinstance(copy, np.generic) and not isinstance(copy, np.void) else copy

    def read(self, data):
        """Makes a numpy value of the bytes of a copy."""
        if self.size == 0:
            return np.zeros(1, self.dtype)[0]
        return np.frombuffer(data, self.dtype, 1)[0]


def _parts(size, parts):
    """Returns the dtype of parts at their offsets, without empty parts."""
    parts = {name: (offset, kind) for name, (offset, kind) in parts.items() if kind.size > 0}
    return np.dtype({
        "names": list(parts),
        "formats": [kind.dtype for _, kind in parts.values()],
        "offsets": [offset for offset, _ in parts.values()],
        "itemsize": size,
    })


class _Number(_Type):
    pass


class _Char(_Type):
    def __init__(self):
        super().__init__("<u4")

    def python(self, copy):
        number = int(copy)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else number


class _Pad(_Type):
    def __init__(self, size):
        super().__init__(f"V{size}" if size else [])

    def python(self, copy):
        return None


class _Enum(_Type):
    def __init__(self, dtype, numbers):
        super().__init__(dtype)
        self.numbers = numbers

    def python(self, copy):
        """Returns the variant, or the number if no variant has it."""
        try:
            return self.numbers(int(copy))
        except ValueError:
            return int(copy)


class _Struct(_Type):
    def __init__(self, name, size, fields):
        self.name, self.fields = name, fields
        super().__init__(_parts(size, fields))

    def view(self, segment, offset):
        return _StructView(segment, offset, self)

    def python(self, copy):
        fields = self.fields.items()
        return _Fields({name: kind.python(copy[name]) if kind.size else None for name, (_, kind) in fields})


class _Array(_Type):
    def __init__(self, element, length):
        self.element, self.length = element, length
        super().__init__((element.dtype, (length,)) if element.size else [])

    def view(self, segment, offset):
        return _ArrayView(segment, offset, self)

    def python(self, copy):
        if isinstance(self.element, _Number):
            found = np.array(copy)
            found.flags.writeable = False
            return found
        return _Elements(self.element.python(copy[at]) for at in range(self.length if self.size else 0))


class _String(_Type):
    def __init__(self, capacity):
        self.capacity = capacity
        text = _Array(_u8, capacity) if capacity else _none
        super().__init__(_parts(4 + capacity, {"len": (0, _u32), "text": (4, text)}))

    def python(self, copy):
        length = min(int(copy["len"]), self.capacity)
        return bytes(copy["text"][:length]).decode("utf-8", "replace") if length else ""


class _Vec(_Type):
    def __init__(self, element, capacity):
        self.element, self.capacity = element, capacity
        elements = _Array(element, capacity) if capacity else _none
        super().__init__(_parts(8 + elements.size, {"len": (0, _u64), "elements": (8, elements)}))

    def python(self, copy):
        length = min(int(copy["len"]), self.capacity) if self.element.size else 0
        return _Elements(self.element.python(copy["elements"][at]) for at in range(length))


class _Atomic(_Type):
    def view(self, segment, offset):
        return _AtomicView(segment, offset, self)


class _Cell(_Type):
    def __init__(self, value):
        self.value = value
        super().__init__("<u8")

    def view(self, segment, offset):
        return _CellView(segment, offset, self)


class _Versioned(_Type):
    def __init__(self, size, value, slot_0, slot_1):
        self.value, self.slots = value, (slot_0, slot_1)
        words = {"lock": (0, _u32), "flags": (4, _u32), "bell": (8, _u32), "sequence": (64, _u64)}
        super().__init__(_parts(size, {**words, "slot 0": (slot_0, value), "slot 1": (slot_1, value)}))

    def view(self, segment, offset):
        return _VersionedView(segment, offset, self)


class _Ring(_Type):
    """A type with slots: position p is in slot p modulo the capacity."""

    WORDS = {}

    def __init__(self, size, value, capacity, slots, stride, value_at):
        self.value, self.capacity, self.slots, self.stride, self.value_at = value, capacity, slots, stride, value_at
        slot = _Type(_parts(stride, {"word": (0, _u64), "value": (value_at, value)}))
        super().__init__(_parts(size, {**self.WORDS, "slots": (slots, _Array(slot, capacity))}))


class _Queue(_Ring):
    def __init__(self, *layout):
        self.WORDS = {
            "producers_lock": (0, _u32), "tail": (16, _u64), "consumers_lock": (128, _u32), "returned": (144, _u32),
            "scanned": (148, _u32), "cursor": (152, _u64), "head": (160, _u64),
        }
        super().__init__(*layout)

    def view(self, segment, offset):
        return _QueueView(segment, offset, self)


class _Broadcast(_Ring):
    def __init__(self, *layout):
        self.WORDS = {"lock": (0, _u32), "flags": (4, _u32), "bell": (8, _u32), "tail": (16, _u64)}
        super().__init__(*layout)

    def view(self, segment, offset):
        return _BroadcastView(segment, offset, self)


class _CacheAligned(_Type):
    def __init__(self, size, inner):
        self.inner = inner
        super().__init__(_parts(size, {"object": (0, inner)}))

    def view(self, segment, offset):
        return self.inner.view(segment, offset)


class _Lock(_Type):
    def __init__(self):
        super().__init__(_parts(8, {"word": (0, _u32), "state": (4, _u32)}))

    def view(self, segment, offset):
        return _LockView(segment, offset, self)


class _Event(_Type):
    def __init__(self):
        super().__init__(_parts(16, {"word": (0, _u64)}))

    def view(self, segment, offset):
        return _EventView(segment, offset, self)


_none = _Type([])
_u8, _u16, _u32, _u64 = _Number("<u1"), _Number("<u2"), _Number("<u4"), _Number("<u8")
_i8, _i16, _i32, _i64 = _Number("<i1"), _Number("<i2"), _Number("<i4"), _Number("<i8")
_f32, _f64, _bool, _char = _Number("<f4"), _Number("<f8"), _Number("?"), _Char()
_lock, _event = _Lock(), _Event()


