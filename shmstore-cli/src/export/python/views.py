# Views. They read the segment, and are of no use once it is detached.


class _View(_ReadOnly):
    def __init__(self, segment, offset, kind):
        self.__dict__.update(_segment=segment, _offset=offset, _kind=kind)

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
        """The number of the newest version, and a copy of it: a numpy scalar, or a record or array that is read-only.

        `copy()` of a record or array makes one that can be changed.

        Tries again as often as writers overtake it; or so many times, then `Torn` is raised.

        The protocol asks for the sequence number, then the bytes, then the sequence number, in this order. Neither
        Python nor ctypes promises any: what gives it is that the interpreter does one step after the other, that the
        copy is a call of the C library's `memcpy`, which the compiler cannot move past another, and that x86-64 does not
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
        """The same, the copy made of Python's own: dict, list, str, int, float and the enums of this module. It is read-only:
        `copy.deepcopy` of it makes one that can be changed.

        A float is of 64 bits: that of an `f32` has its very value, 0.800000011920929 where numpy and Rust show 0.8.
        """
        version, copy = self.load(attempts)
        return version, self._kind.value.python(copy)


