# Frames.


class _Frames(_Type):
    """A type with frames in slots, each with metadata and elements."""

    def __init__(self, size, element, meta, capacity, slots, pins, frames, stride, meta_at, elements_at):
        self.element, self.meta, self.capacity, self.slots, self.pins = element, meta, capacity, slots, pins
        self.frames, self.stride, self.meta_at, self.elements_at = frames, stride, meta_at, elements_at
        parts = {"length": (0, _u64), "meta": (meta_at, meta), "elements": (elements_at, _Array(element, capacity))}
        frame = _Type(_parts(stride, parts))
        words = {"lock": (0, _u32), "flags": (4, _u32), "bell": (8, _u32), "room": (16, _u64), "newest": (128, _u64)}
        slot_words, entries = _Array(_u64, slots), _Array(_u64, 64)
        super().__init__(_parts(size, {**words, "slots": (136, slot_words), "pins": (pins, entries),
                                       "frames": (frames, _Array(frame, slots))}))

    def view(self, segment, offset):
        return _FramesView(segment, offset, self)


class _FramesView(_View):
    """Frames. `view.newest()` copies the newest one. It pins nothing."""

    _PATIENCE = 1000

    @property
    def capacity(self):
        """The greatest number of elements of a frame."""
        return self._kind.capacity

    @property
    def newest_number(self):
        """The number of the newest frame, from 1. 0 if there is none yet."""
        return self._number(128) >> 4

    def _number(self, at):
        return int.from_bytes(self._segment._word(self._offset + at, 8), "little")

    def newest(self):
        """Returns the number of the newest frame, its metadata, and a read-only array of its elements.

        All of it is a copy of one frame. The metadata is a numpy value, or None if the frames have none. The method
        `copy()` of the array makes one that can be changed.

        Returns None if there is no frame yet. Raises `Torn` if writers reuse the slot in each of many attempts. For the
        order of the loads, see `load` of a `Versioned`.
        """
        kind = self._kind
        for _ in range(self._PATIENCE):
            newest = self._number(128)
            number, slot = newest >> 4, newest & 15
            if number == 0:
                return None
            word, frame = 1 << 63 | number, kind.frames + slot * kind.stride
            if slot >= kind.slots or self._number(136 + 8 * slot) != word:
                continue
            length = min(self._number(frame), kind.capacity)
            meta = self._segment._bytes(self._offset + frame + kind.meta_at, kind.meta.size)
            elements = self._segment._bytes(self._offset + frame + kind.elements_at, length * kind.element.size)
            if self._number(136 + 8 * slot) == word:
                array = np.frombuffer(elements, kind.element.dtype, length)
                return number, kind.meta.read(meta) if kind.meta.size else None, array
        raise Torn("writers reused the slot of the frame in every attempt to copy it")

    def newest_python(self):
        """Does the same with the metadata and the elements in Python's own types. The elements are a list."""
        newest = self.newest()
        if newest is None:
            return None
        number, meta, elements = newest
        kind = self._kind
        meta = kind.meta.python(meta) if kind.meta.size else None
        return number, meta, _Elements(kind.element.python(element) for element in elements)


