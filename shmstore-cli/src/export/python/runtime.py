import ctypes
import enum
import errno
import os
import platform

import numpy as np

if platform.machine() != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
    raise ImportError("this module reads shared memory by the ordering of x86-64, which this machine does not give")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
_libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
_libc.shmat.restype = ctypes.c_void_p
_libc.shmdt.argtypes = [ctypes.c_void_p]
_libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
_SHM_RDONLY, _IPC_STAT, _SHM_DEST = 0o10000, 2, 0o1000
_FAILED = ctypes.c_void_p(-1).value


class AttachError(Exception):
    """There is no object, or none that can be believed. The message says why; `retry`: that it may be there soon."""

    def __init__(self, message, retry=False):
        super().__init__(message)
        self.retry = retry


class Torn(Exception):
    """Writers overtook every attempt to copy a version."""


# Types. Each has the `dtype` of its bytes; makes a view, by which the bytes are read in the segment; and makes Python
# values of copies.


class _Type:
    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self.size = self.dtype.itemsize

    def view(self, segment, offset):
        return _Plain(segment, offset, self)

    def python(self, copy):
        return copy.item() if isinstance(copy, np.generic) and not isinstance(copy, np.void) else copy

    def read(self, data):
        """A copy, of bytes that are a value of this type."""
        if self.size == 0:
            return np.zeros(1, self.dtype)[0]
        return np.frombuffer(data, self.dtype, 1)[0]


def _parts(size, parts):
    """The dtype of parts at their offsets; those without bytes are left out."""
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
        """The variant; or the number, if no variant has it."""
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
        return {name: kind.python(copy[name]) if kind.size else None for name, (_, kind) in self.fields.items()}


class _Array(_Type):
    def __init__(self, element, length):
        self.element, self.length = element, length
        super().__init__((element.dtype, (length,)) if element.size else [])

    def view(self, segment, offset):
        return _ArrayView(segment, offset, self)

    def python(self, copy):
        if isinstance(self.element, _Number):
            return np.array(copy)
        return [self.element.python(copy[at]) for at in range(self.length)] if self.size else []


class _String(_Type):
    def __init__(self, capacity):
        self.capacity = capacity
        super().__init__(_parts(4 + capacity, {"len": (0, _u32), "text": (4, _Array(_u8, capacity) if capacity else _none)}))

    def python(self, copy):
        length = min(int(copy["len"]), self.capacity)
        return bytes(copy["text"][:length]).decode("utf-8", "replace") if length else ""


class _Vec(_Type):
    def __init__(self, element, capacity):
        self.element, self.capacity = element, capacity
        elements = _Array(element, capacity) if capacity else _none
        super().__init__(_parts(8 + elements.size, {"len": (0, _u64), "elements": (8, elements)}))

    def python(self, copy):
        length = min(int(copy["len"]), self.capacity)
        if self.element.size == 0:
            return []
        return [self.element.python(copy["elements"][at]) for at in range(length)]


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


# Views. They read the segment, and are of no use once it is detached.


class _View:
    def __init__(self, segment, offset, kind):
        self._segment, self._offset, self._kind = segment, offset, kind

    def __repr__(self):
        return f"<{type(self).__name__[1:]} of {self._kind.size} bytes at {self._offset}>"


class _Plain(_View):
    def load(self):
        """A copy, as Python value. Whoever writes meanwhile may tear it."""
        return self._kind.python(self._kind.read(self._segment._bytes(self._offset, self._kind.size)))


class _StructView(_View):
    """The fields, as attributes; or, if a name is taken or none of Python's, by `view["name"]`."""

    def __getitem__(self, name):
        offset, kind = self._kind.fields[name]
        return kind.view(self._segment, self._offset + offset)

    def __getattr__(self, name):
        kind = self.__dict__.get("_kind")
        if kind is None or name not in kind.fields:
            raise AttributeError(name)
        return self[name]

    def __dir__(self):
        return [*super().__dir__(), *self._kind.fields]


class _ArrayView(_View):
    def __len__(self):
        return self._kind.length

    def __getitem__(self, at):
        if not -len(self) <= at < len(self):
            raise IndexError(f"element {at} of {len(self)}")
        element = self._kind.element
        return element.view(self._segment, self._offset + at % len(self) * element.size)


class _AtomicView(_View):
    def load(self):
        """The number. Aligned loads of up to 8 bytes are whole on x86-64."""
        return int(self._kind.read(self._segment._word(self._offset, self._kind.size)))


class _CellView(_View):
    def load(self):
        """The value, as Python value."""
        value = self._kind.value
        return value.python(value.read(self._segment._word(self._offset, 8)[:value.size]))


class _LockView(_View):
    @property
    def is_held(self):
        return int.from_bytes(self._segment._word(self._offset, 4), "little") & 0x1FFFFFFF != 0

    @property
    def is_inconsistent(self):
        return int.from_bytes(self._segment._word(self._offset + 4, 4), "little") & 1 != 0


class _EventView(_View):
    @property
    def count(self):
        return int.from_bytes(self._segment._word(self._offset, 8), "little") >> 1


class _VersionedView(_View):
    def _sequence(self):
        return int.from_bytes(self._segment._word(self._offset + 64, 8), "little")

    @property
    def version(self):
        """The number of the newest version."""
        return self._sequence() >> 1

    def load(self, attempts=None):
        """The number of the newest version, and a copy of it: a numpy scalar, record or array.

        Tries again as often as writers overtake it; or so many times, then `Torn` is raised.

        The protocol asks for the sequence number, then the bytes, then the sequence number, in this order. Neither
        Python nor ctypes promises any: what gives it is that the interpreter does one step after the other, that the
        copy is a call of the C library's `memcpy`, which the compiler can not move past another, and that x86-64 does not
        reorder loads with loads. `memcpy` itself may copy in any order and pieces, which the protocol allows. Formally,
        in the terms of C, it is a data race: where that counts, use the C header or Rust.
        """
        value = self._kind.value
        while attempts is None or attempts > 0:
            before = self._sequence()
            data = self._segment._bytes(self._offset + self._kind.slots[before >> 1 & 1], value.size)
            after = self._sequence()
            if (after - (before & ~1)) % 2**64 <= 2:
                return before >> 1, value.read(data)
            attempts = attempts and attempts - 1
        raise Torn("writers overtook every attempt to copy a version")

    def load_python(self, attempts=None):
        """The same, the copy made of Python's own: dict, list, str, int, float and the enums of this module.

        A float is of 64 bits: that of an `f32` has its very value, 0.800000011920929 where numpy and Rust show 0.8.
        """
        version, copy = self.load(attempts)
        return version, self._kind.value.python(copy)


def key(path):
    """The System V key of the object whose anchor is at the path: what `ftok(path, ID)` gives."""
    return _key(os.stat(path))


def _key(anchor):
    raw = anchor.st_ino & 0xFFFF | (anchor.st_dev & 0xFF) << 16 | ID << 24
    return ctypes.c_int(raw).value


def _identity_hash(anchor):
    """FNV-1a of 32 bits over device, inode and id."""
    found = 0x811C9DC5
    for byte in anchor.st_dev.to_bytes(8, "little") + anchor.st_ino.to_bytes(8, "little") + bytes([ID]):
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def _birth(path):
    """When the file at the path was made: None where that is not known, or proves nothing (on overlayfs)."""
    fs, found = ctypes.create_string_buffer(512), ctypes.create_string_buffer(512)
    name = os.fsencode(path)
    if not hasattr(_libc, "statx") or _libc.statfs(name, fs) != 0 or int.from_bytes(fs[:8], "little") == 0x794C7630:
        return None
    if _libc.statx(-100, name, 0, 0x800, found) != 0 or not int.from_bytes(found[:4], "little") & 0x800:
        return None
    return int.from_bytes(found[80:88], "little"), int.from_bytes(found[88:92], "little")


def _offsets(slot_count, schema_length):
    """Where slots, schema and payload are, and the size of the segment, by the lengths of the parts."""

    def up(number, multiple):
        return (number + multiple - 1) // multiple * multiple

    is_small = 1 <= SIZE <= 1024
    front = 1024 + (SIZE if is_small else 0)
    if front + schema_length <= 3072:
        schema_at, slots_at = front, up(front + schema_length, 128)
        end = slots_at + 32 * slot_count
    else:
        slots_at = up(front, 128)
        schema_at = slots_at + 32 * slot_count
        end = schema_at + schema_length
    payload_at = 1024 if is_small else up(end, 4096)
    size = up(end if is_small else payload_at + SIZE, 4096) + 1357
    return slots_at, schema_at, payload_at, size


class Segment:
    """An object, attached for reading: `with Segment(path) as segment: segment.object…`

    `path` is the object's anchor: the directory or file, DIRECTORY/NAME.shm for a named object. `any_owner`: believe
    objects of all users, not those of this user and of root only.

    Raises `AttachError`, and nothing else if the path or the object is missing: with `retry` set, as it may come.

    Do not close it while another thread reads it.
    """

    def __init__(self, path, any_owner=False):
        self._base = None
        try:
            anchor = os.stat(path)
        except OSError as error:
            raise AttachError(f"looking at {path}: {error.strerror}", retry=error.errno == errno.ENOENT) from error
        self._shmid = _libc.shmget(_key(anchor), 0, 0)
        if self._shmid < 0:
            number = ctypes.get_errno()
            what = f"{TYPE} (id {chr(ID)!r}) at {path}, key {_key(anchor) & 0xFFFFFFFF:#x}"
            if number == errno.ENOENT:
                raise AttachError(f"there is no {what}: is its creator running, and in the same IPC namespace?", retry=True)
            raise AttachError(f"looking for the {what}: {os.strerror(number)}")
        base = _libc.shmat(self._shmid, None, _SHM_RDONLY)
        if base == _FAILED:
            raise AttachError(f"attaching segment {self._shmid} for {path}: {os.strerror(ctypes.get_errno())}")
        self._base = base
        try:
            self._size = self._check_status(_key(anchor), any_owner)
            self._check_identity(path, anchor)
            self._payload = self._check_layout(path)
        except BaseException:
            self.close()
            raise

    @property
    def object(self):
        """The object: its fields are attributes."""
        return _OBJECT.view(self, 0)

    def close(self):
        """Detaches: then nothing of the object can be read."""
        base, self._base = self._base, None
        if base is not None:
            _libc.shmdt(base)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_base", None) is not None:
            self.close()

    def _at(self, offset):
        if self._base is None:
            raise ValueError("the segment is detached")
        return self._base + self._payload + offset

    def _bytes(self, offset, size):
        return ctypes.string_at(self._at(offset), size)

    def _word(self, offset, size):
        """The bytes of an aligned word, loaded at once."""
        kind = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}[size]
        return kind.from_address(self._at(offset)).value.to_bytes(size, "little")

    def _u32(self, at):
        return ctypes.c_uint32.from_address(self._base + at).value

    def _u64(self, at):
        return ctypes.c_uint64.from_address(self._base + at).value

    def _check_status(self, wanted, any_owner):
        status = ctypes.create_string_buffer(256)  # a struct shmid_ds
        if _libc.shmctl(self._shmid, _IPC_STAT, status) != 0:
            raise AttachError(f"asking for the status of segment {self._shmid}: {os.strerror(ctypes.get_errno())}")
        found, uid, _, creator, _, mode = (int.from_bytes(status[at:at + 4], "little") for at in range(0, 24, 4))
        size = int.from_bytes(status[48:56], "little")
        if found != wanted & 0xFFFFFFFF or mode & _SHM_DEST:
            raise AttachError(f"segment {self._shmid} was removed meanwhile: attach again", retry=True)
        if not any_owner and not {uid, creator} <= {os.geteuid(), 0}:
            raise AttachError(f"segment {self._shmid} was made by user {creator} and belongs to user {uid}, and is believed "
                              "only of this user and of root: give any_owner=True to believe it")
        if size % 4096 != 1357 or size < 1024:
            raise AttachError(f"segment {self._shmid} has {size} bytes, as shmstore makes none: it is another program's")
        return size

    def _check_identity(self, path, anchor):
        first_word = self._u64(0)
        if first_word == 0:
            raise AttachError(f"segment {self._shmid} is being made: attach again", retry=True)
        if first_word & 0xFFFFFFFF != int.from_bytes(b"shmS", "little"):
            raise AttachError(f"segment {self._shmid} was not made by shmstore")
        if first_word >> 32 != _identity_hash(anchor):
            raise AttachError(f"segment {self._shmid} has the key of {path}, but was made for another file")
        version, state = self._u32(8), self._u32(12)
        if version == 0 or state in (0, 1):
            raise AttachError(f"the object at {path} is being made: attach again", retry=True)
        if version != 1:
            raise AttachError(f"the object at {path} is of format version {version}, expected 1")
        if state == 3:
            raise AttachError(f"the object at {path} was removed: attach again", retry=True)
        if state != 2:
            raise AttachError(f"the header of the object at {path} is damaged: state is {state}")
        if (self._u64(32), self._u64(40), self._u32(64)) != (anchor.st_dev, anchor.st_ino, ID):
            raise AttachError(f"segment {self._shmid} has the key of {path}, but was made for another file")
        birth = _birth(path) if self._u32(60) == 1 else None
        if birth is not None and birth != (self._u64(48), self._u32(56)):
            raise AttachError(f"segment {self._shmid} was made for a file on the inode of {path} that is gone")

    def _check_layout(self, path):
        layout = self._u64(72) | self._u64(80) << 64
        if layout != LAYOUT_HASH:
            raise AttachError(f"the object at {path} has the layout {layout:032x}, expected {LAYOUT_HASH:032x}: write this "
                              "module anew from its schema")
        if (self._u32(16), self._u32(20), self._u32(184)) != (0, 1024, 0x01020304):
            raise AttachError(f"the header of the object at {path} is damaged: flags, header_len or byte_order")
        slot_count, schema_length = self._u32(124), self._u64(152)
        expected = _, _, payload_at, size = _offsets(slot_count, schema_length)
        found = self._u64(128), self._u64(144), self._u64(160), self._u64(176)
        if found != expected or size != self._size or not 1 <= slot_count <= 65536:
            raise AttachError(f"the header of the object at {path} is damaged: slots, schema, payload and segment size are "
                              f"{found}, expected {expected} in a segment of {self._size} bytes")
        if (self._u64(136), self._u64(168)) != (32, SIZE):
            raise AttachError(f"the header of the object at {path} is damaged: slot_size or payload_len")
        return payload_at
