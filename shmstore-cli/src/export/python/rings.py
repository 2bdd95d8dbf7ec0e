class _RingView(_View):
    @property
    def capacity(self):
        """The number of slots."""
        return self._kind.capacity

    def _u64(self, offset):
        return int.from_bytes(self._segment._word(self._offset + offset, 8), "little")

    def _slot(self, position):
        return self._kind.slots + position % self._kind.capacity * self._kind.stride

    def _copy(self, position, wanted):
        """Returns a copy of a slot's value, or None if the slot's word is not `wanted` before and after the copy.

        `_VersionedView.load` says why the order of these three steps is kept.
        """
        slot = self._slot(position)
        if self._u64(slot) != wanted:
            return None
        data = self._segment._bytes(self._offset + slot + self._kind.value_at, self._kind.value.size)
        return data if self._u64(slot) == wanted else None


class _QueueView(_RingView):
    """A queue, whose items can be seen, but not taken."""

    def __len__(self):
        """The number of items that wait."""
        return sum(word & 0x1FFFFFFF == 0 for _, word in self._words())

    def __bool__(self):
        return True

    def _word(self, position):
        """Returns the word of an unfinished item, or None if there is none at a position."""
        word = self._u64(self._slot(position))
        return word if word >> 32 == position // self.capacity % 2**31 << 1 | 1 else None

    def _words(self):
        """Yields the positions and words of all unfinished items, oldest first."""
        head = self._u64(160)
        tail = self._u64(16)
        # A producer may have died before it moved the tail.
        tail += self._word(tail) is not None
        for back in range(min((tail - head) % 2**64, self.capacity), 0, -1):
            position = (tail - back) % 2**64
            word = self._word(position)
            if word is not None:
                yield position, word

    @property
    def outstanding(self):
        """The number of items that processes have taken and not finished."""
        return sum(word & 0x1FFFFFFF != 0 for _, word in self._words())

    def _items(self):
        for position, word in self._words():
            data = self._copy(position, word) if word & 0x1FFFFFFF == 0 else None
            if data is not None:
                yield self._kind.value.read(data)

    def items(self):
        """Returns copies of the items that wait, oldest first: a list of numpy values."""
        return list(self._items())

    def items_python(self):
        """Returns copies of the items that wait, oldest first, in Python's own types."""
        return [self._kind.value.python(copy) for copy in self._items()]


class _BroadcastView(_RingView):
    """A broadcast. `subscribe()` receives its items."""

    def _since(self, position):
        """Negative before the item of a position is there, 0 while it is there, positive once it is overwritten."""
        if position >> 62:  # negative, or so great that no item ever gets there
            return -1
        return _signed(self._u64(self._slot(position)) - (2 * position + 2))

    @property
    def sent(self):
        """The number of items that were sent so far."""
        position = self._u64(16)
        for _ in range(self.capacity):
            if self._since(position) < 0:
                break
            position = (position + 1) % 2**64
        return position

    @property
    def oldest(self):
        """The position of the oldest item that is still there."""
        sent = self.sent
        if sent < self.capacity:
            return 0
        return sent - self.capacity + (self._since(sent - self.capacity) != 0)

    def newest(self):
        """Returns the position and a copy of the newest item, or None if there is none."""
        for _ in range(1000):
            sent = self.sent
            data = self._copy(sent - 1, 2 * sent) if sent else None
            if data is not None:
                return sent - 1, self._kind.value.read(data)
            if self.sent == sent:
                return None
        raise Torn("senders overtook every attempt to copy the newest item")

    def subscribe(self):
        """Returns a subscriber that receives the items from now on."""
        return Subscriber(self, self.sent)

    def subscribe_oldest(self):
        """Returns a subscriber that begins with the oldest item that is still there."""
        return Subscriber(self, self.oldest)

    def subscribe_from(self, position):
        """Returns a subscriber that begins with the item of a position."""
        return Subscriber(self, position)


class Subscriber:
    """A reader of a broadcast. `position` is the next item that it receives, counted from 0. It can be set."""

    def __init__(self, broadcast, position):
        self._broadcast, self.position = broadcast, position

    def receive(self):
        """Returns a copy of the next item, or None if it is not there yet. It never waits.

        Raises `Lagged` if the item was overwritten. Its `missed` is the exact number of missed items. The next call
        goes on after them.
        """
        of, at = self._broadcast, self.position
        if of._since(at) < 0:
            return None
        data = of._copy(at, (2 * at + 2) % 2**64)
        if data is not None:
            self.position = (at + 1) % 2**64
            return of._kind.value.read(data)
        if of._since(at) <= 0:
            return None
        # The oldest items are overwritten next. So the reader goes on a quarter of the capacity after the oldest one.
        missed = max(_signed(of.sent - of.capacity + min(max(of.capacity // 4, 2), of.capacity - 1) - at), 1)
        self.position = (at + missed) % 2**64
        raise Lagged(missed)

    def receive_python(self):
        """Returns the next item as `receive` does, but in Python's own types."""
        copy = self.receive()
        return None if copy is None else self._broadcast._kind.value.python(copy)


def _signed(number):
    """Returns a number modulo 2^64, as one from -2^63 to 2^63 - 1."""
    return (number + 2**63) % 2**64 - 2**63


