# Maps. A key in Python is a number, a text, a bool, a variant of an enum, a tuple for an array, and a named tuple for a
# struct.

import collections
import operator

_XXH = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
_U64 = 2**64 - 1


def _rotated(word, bits):
    return (word << bits | word >> 64 - bits) & _U64


def _xxh_round(total, lane):
    return _rotated(total + lane * _XXH[1] & _U64, 31) * _XXH[0] & _U64


def _xxh64(data, seed):
    """XXH64, by the specification at https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md"""
    one, two, three, four, five = _XXH
    lanes = [int.from_bytes(data[at:at + 8], "little") for at in range(0, len(data) - 7, 8)]
    found, in_blocks = seed + five & _U64, len(data) // 32 * 4
    if in_blocks:
        sums = [seed + one + two & _U64, seed + two & _U64, seed, seed - one & _U64]
        for at in range(in_blocks):
            sums[at % 4] = _xxh_round(sums[at % 4], lanes[at])
        found = sum(map(_rotated, sums, (1, 7, 12, 18))) & _U64
        for total in sums:
            found = ((found ^ _xxh_round(0, total)) * one + four) & _U64
    found = found + len(data) & _U64
    for lane in lanes[in_blocks:]:
        found = (_rotated(found ^ _xxh_round(0, lane), 27) * one + four) & _U64
    rest = data[len(lanes) * 8:]
    if len(rest) >= 4:
        found = (_rotated(found ^ int.from_bytes(rest[:4], "little") * one & _U64, 23) * two + three) & _U64
        rest = rest[4:]
    for byte in rest:
        found = _rotated(found ^ byte * five & _U64, 11) * one & _U64
    found = (found ^ found >> 33) * two & _U64
    found = (found ^ found >> 29) * three & _U64
    return found ^ found >> 32


def _key_fields(kind):
    """Returns the names, offsets and types of the fields of a struct that a key shows."""
    fields = ((name, at, field) for name, (at, field) in kind.fields.items())
    return [(name, at, field) for name, at, field in fields if field.size and not isinstance(field, _Pad)]


def _key_bytes(kind, key):
    """Returns the bytes of a key. Raises TypeError if it is of another type, and ValueError if it does not fit."""
    if isinstance(kind, _String):
        if not isinstance(key, str):
            raise TypeError(f"a key is a str here, not {key!r}")
        text = key.encode()
        if len(text) > kind.capacity:
            raise ValueError(f"{key!r} has {len(text)} bytes, but the text of a key has at most {kind.capacity} here")
        return len(text).to_bytes(4, "little") + text.ljust(kind.capacity, b"\0")
    if isinstance(kind, _Struct):
        return _struct_bytes(kind, key)
    if isinstance(kind, _Array):
        if isinstance(key, str) or not isinstance(key, collections.abc.Iterable):
            raise TypeError(f"a key is {kind.length} elements here, not {key!r}")
        elements = list(key)
        if len(elements) != kind.length:
            raise ValueError(f"a key has {kind.length} elements here, not {len(elements)}")
        return b"".join(_key_bytes(kind.element, element) for element in elements)
    if kind.size == 0 or isinstance(kind, _Pad):
        return bytes(kind.size)
    return _number_bytes(kind, key)


def _struct_bytes(kind, key):
    fields = _key_fields(kind)
    names = [name for name, _, _ in fields]
    if isinstance(key, collections.abc.Mapping):
        if set(key) != set(names):
            raise ValueError(f"a key has the fields {', '.join(names)} here, not {', '.join(map(str, key))}")
        key = [key[name] for name in names]
    elif len(fields) == 1 and not isinstance(key, tuple):
        key = [key]
    elif isinstance(key, str) or not isinstance(key, collections.abc.Sequence) or len(key) != len(fields):
        raise TypeError(f"a key is a tuple or dict of {', '.join(names)} here, not {key!r}")
    found = bytearray(kind.size)
    for (_, at, field), part in zip(fields, key):
        found[at:at + field.size] = _key_bytes(field, part)
    return bytes(found)


def _number_bytes(kind, key):
    if isinstance(kind, _Enum) and isinstance(key, str):
        if key not in kind.numbers.__members__:
            raise ValueError(f"{key!r} is no {kind.numbers.__name__}")
        key = kind.numbers[key]
    if isinstance(kind, _Char):
        if not isinstance(key, str) or len(key) != 1:
            raise TypeError(f"a key is a str of one character here, not {key!r}")
        key = ord(key)
    if kind.dtype.kind not in "biu":
        raise TypeError("a float is no key")
    if (kind.dtype.kind == "b") != isinstance(key, (bool, np.bool_)):
        raise TypeError(f"a key is {'a bool' if kind.dtype.kind == 'b' else 'an int'} here, not {key!r}")
    try:
        return operator.index(int(key) if isinstance(key, np.bool_) else key).to_bytes(
            kind.size, "little", signed=kind.dtype.kind == "i")
    except OverflowError:
        raise ValueError(f"{key} does not fit into {kind.size} bytes") from None


def _shown_key(kind, copy):
    """Returns a key as a value of Python that can be the key of a dict."""
    if isinstance(kind, _Struct):
        fields = _key_fields(kind)
        shown = collections.namedtuple("Key", [name for name, _, _ in fields], rename=True)
        return shown(*(_shown_key(field, copy[name]) for name, _, field in fields))
    if isinstance(kind, _Array):
        return tuple(_shown_key(kind.element, copy[at]) for at in range(kind.length if kind.size else 0))
    return kind.python(copy)


class _MapView(_View):
    """A map. `view.get(key)` returns a copy of a value, `view.items()` yields copies of all keys and values.

    Each value is whole. A look-up repeats its steps while writers disturb it, and raises `Torn` after a great number.
    """

    _PATIENCE = 10_000

    @property
    def capacity(self):
        """The greatest number of keys."""
        return self._kind.capacity

    @property
    def changes(self):
        """How often keys were inserted and removed so far."""
        return self._number(40, 8)

    def __len__(self):
        """The number of keys.

        A process may have died in the middle of an insertion or a removal. Then the intent names the entry, and has the
        number of keys before.
        """
        kind, intent = self._kind, self._number(16, 8)
        index, before = intent % 2**32 - 1, intent >> 33
        if 0 <= index < kind.capacity:
            is_live = self._number(kind.entries + index * kind.stride, 4) & 3 == 2
            length = max(before - (not is_live), 0) if intent >> 32 & 1 else before + is_live
        else:
            length = self._number(24, 4)
        return min(length, kind.capacity)

    def __bool__(self):
        return True

    def __contains__(self, key):
        return self._find(key, False) is not None

    def __getitem__(self, key):
        """Returns a copy of the value of a key, as `get` does. Raises KeyError if the key is not in the map."""
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return self._kind.value.read(found[1])

    def get(self, key, default=None):
        """Returns a copy of the value of a key: a numpy scalar, or a read-only record or array."""
        found = self._find(key)
        return default if found is None else self._kind.value.read(found[1])

    def get_python(self, key, default=None):
        """Does the same with a copy in Python's own types."""
        found = self._find(key)
        return default if found is None else self._python(found[1])

    def get_versioned(self, key):
        """Returns the version and a copy of the value of a key, or None."""
        found = self._find(key)
        return None if found is None else (found[0], self._kind.value.read(found[1]))

    def __iter__(self):
        return (key for key, _ in self._all())

    keys = __iter__

    def items(self):
        """Yields the keys with copies of their values. Keys that are inserted or removed meanwhile may be missing."""
        return ((key, self._kind.value.read(data)) for key, data in self._all())

    def items_python(self):
        """Does the same with values in Python's own types."""
        return ((key, self._python(data)) for key, data in self._all())

    def _python(self, data):
        return self._kind.value.python(self._kind.value.read(data))

    def _number(self, offset, size):
        return int.from_bytes(self._segment._word(self._offset + offset, size), "little")

    def _stays(self, entry, before):
        """Returns True if an entry is what it was when its state was `before`."""
        after = self._number(entry, 4)
        return after & 3 != 0 and after >> 2 == before >> 2

    def _copy(self, entry, state, with_value=True):
        """Returns the version and a copy of the value of an entry, or None if a writer may have disturbed the copy.

        `_VersionedView.load` says why the order of the steps is kept.
        """
        kind = self._kind
        before = self._number(entry + 32, 8)
        slot = kind.slots + (before >> 1 & 1) * kind.slot_size
        data = self._segment._bytes(self._offset + entry + slot, kind.value.size) if with_value else b""
        after = self._number(entry + 32, 8)
        if (after - (before & ~1)) % 2**64 > 2 or not self._stays(entry, state):
            return None
        return before >> 1, data

    def _find(self, key, with_value=True):
        """Returns the version and the bytes of the value of a key, or None if the key is not in the map."""
        wanted = _key_bytes(self._kind.key, key)
        seed = self._number(128, 8)
        if seed == 0:
            return None
        hashed = _xxh64(wanted, seed) & 0xFFFFFFFF
        steps = [2 * self._kind.capacity + self._PATIENCE]
        while steps[0] > 0:
            steps[0] -= 1
            found = self._walk(wanted, hashed, steps, with_value)
            if found is not False:
                return found
        raise Torn("writers disturbed every attempt to look a key up, or the map is damaged")

    def _bucket(self, hashed):
        return hashed * 2 * self._kind.capacity >> 32

    def _walk(self, wanted, hashed, steps, with_value):
        """Follows the chain of a bucket. Returns what it finds, or None if the key is not in it.

        The upper half of its head is a filter of the hashes in it.

        Returns False if an entry was freed or used again meanwhile. Then it may lead into another bucket.
        """
        kind, bucket = self._kind, self._bucket(hashed)
        head = self._number(256 + 8 * bucket, 8)
        if not head >> 32 + hashed % 32 & 1:
            return None
        following = head % 2**32
        for _ in range(kind.capacity):
            if following == 0:
                return None
            if following > kind.capacity or steps[0] <= 0:
                return False
            steps[0] -= 1
            entry = kind.entries + (following - 1) * kind.stride
            state = self._number(entry, 4)
            if state & 3 == 0:
                return False
            found, is_key = self._number(entry + 8, 4), False
            if found == hashed:
                is_key = self._segment._bytes(self._offset + entry + kind.key_at, len(wanted)) == wanted
            following = self._number(entry + 4, 4)
            if not self._stays(entry, state) or self._bucket(found) != bucket:
                return False
            if is_key and state & 3 == 2:
                return self._copy(entry, state, with_value) or False
        return None if following == 0 else False

    def _all(self):
        """Yields the keys of all live entries, and the bytes of their values."""
        kind = self._kind
        for at in range(min(self._number(28, 4), kind.capacity)):
            entry = kind.entries + at * kind.stride
            for _ in range(self._PATIENCE):
                state = self._number(entry, 4)
                if state & 3 != 2:
                    break
                key = self._segment._bytes(self._offset + entry + kind.key_at, kind.key.size)
                found = self._copy(entry, state)
                if found is not None:
                    yield _shown_key(kind.key, kind.key.read(key)), found[1]
                    break
            else:
                raise Torn("writers disturbed every attempt to copy an entry")


class _Map(_Type):
    def __init__(self, size, key, value, capacity, entries, stride, key_at, slots, slot_size):
        self.key, self.value, self.capacity = key, value, capacity
        self.entries, self.stride, self.key_at, self.slots, self.slot_size = entries, stride, key_at, slots, slot_size
        words = {"state": (0, _u32), "next": (4, _u32), "hash": (8, _u32), "sequence": (32, _u64), "key": (key_at, key)}
        slots = {"slot 0": (slots, value), "slot 1": (slots + slot_size, value)}
        entry = _Type(_parts(stride, {**words, **slots}))
        super().__init__(_parts(size, {
            "lock": (0, _u32), "intent": (16, _u64), "len": (24, _u32), "high_water": (28, _u32), "free": (32, _u32),
            "changes": (40, _u64), "floor": (48, _u64), "seed": (128, _u64), "heads": (256, _Array(_u64, 2 * capacity)),
            "entries": (entries, _Array(entry, capacity)),
        }))

    def view(self, segment, offset):
        return _MapView(segment, offset, self)


