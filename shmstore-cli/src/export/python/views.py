# Views. They read the segment until it is detached.


class _View(_ReadOnly):
    def __init__(self, segment, offset, kind):
        self.__dict__.update(_segment=segment, _offset=offset, _kind=kind)

    def __repr__(self):
        return f"<{type(self).__name__[1:]} of {self._kind.size} bytes at {self._offset}>"


class _Plain(_View):
    def load(self):
        """Returns a copy as a Python value. A writer may change it in the middle of the copy."""
        return self._kind.python(self._kind.read(self._segment._bytes(self._offset, self._kind.size)))


class _StructView(_View):
    """A struct. Its fields are attributes. A name that is not valid as an attribute works as `view["name"]`."""

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
        """Returns the number. On x86-64, an aligned load of up to 8 bytes is atomic."""
        return int(self._kind.read(self._segment._word(self._offset, self._kind.size)))


class _CellView(_View):
    def load(self):
        """Returns the value as a Python value."""
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
        """Returns the number of the newest version, and a copy of it: a numpy scalar, or a read-only record or array.

        The method `copy()` of a record or array makes a copy that can be changed.

        The load is repeated until no writer overtakes it. With `attempts`, it raises `Torn` after so many attempts.

        Details: the protocol needs the sequence number, then the bytes, then the sequence number, in this order. Python
        and ctypes do not promise an order. It follows from these facts:
        - The interpreter does one step after the other.
        - The copy is a call of `memcpy`, and the compiler cannot move a call past another call.
        - x86-64 does not reorder loads with loads. Within the copy, the order does not matter.
        By the rules of C, this is a data race. Where that matters, use the C header or Rust.
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
        """Does the same with a copy in Python's own types: dict, list, str, int, float and the enums of this module.

        The copy is read-only. `copy.deepcopy` makes a copy that can be changed.

        An `f32` becomes a float of 64 bits with the exact value: 0.800000011920929, where numpy and Rust show 0.8.
        """
        version, copy = self.load(attempts)
        return version, self._kind.value.python(copy)


