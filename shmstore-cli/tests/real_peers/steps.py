"""Looks a key up while another program changes the map before the k-th read, for each k."""

import itertools
import struct

import shelf


class Memory:
    """A segment that changes before a read."""

    def __init__(self, kind):
        self.kind, self.bytes, self.left, self.change = kind, bytearray(kind.size), -1, None
        struct.pack_into("<Q", self.bytes, 128, 7)

    def step(self):
        self.left -= 1
        if self.left == -1:
            self.change(self)

    def _word(self, at, size):
        self.step()
        return bytes(self.bytes[at:at + size])

    def _bytes(self, at, size):
        # A writer can be at work in the middle of a copy.
        self.step()
        first = bytes(self.bytes[at:at + size // 2])
        self.step()
        return first + bytes(self.bytes[at + size // 2:at + size])

    def u32(self, at, value=None):
        if value is not None:
            struct.pack_into("<I", self.bytes, at, value)
        return struct.unpack_from("<I", self.bytes, at)[0]

    def entry(self, index):
        return self.kind.entries + index * self.kind.stride

    def insert(self, index, key, price):
        data, entry, head = shelf._key_bytes(self.kind.key, key), self.entry(index), head_of(self.kind, key)
        version = 1 + max(self.u32(entry + 32) // 2, self.u32(48))
        self.u32(entry + 8, hash_of(self.kind, key))
        self.u32(entry + 32, 2 * version)
        self.bytes[entry + self.kind.key_at:entry + self.kind.key_at + len(data)] = data
        self.store(index, price, version)
        self.u32(entry + 4, self.u32(head))
        self.u32(head, index + 1)
        self.u32(head + 4, self.u32(head + 4) | 1 << hash_of(self.kind, key) % 32)
        self.u32(entry, (self.u32(entry) >> 2) + 1 << 2 | 2)
        self.u32(28, max(self.u32(28), index + 1))

    def store(self, index, price, version=None):
        entry = self.entry(index)
        version = version or self.u32(entry + 32) // 2 + 1
        self.u32(entry + 32, 2 * version)
        struct.pack_into("<dd", self.bytes, entry + self.kind.slots + version % 2 * self.kind.slot_size, price, price)

    def erase(self, index, key):
        link, entry = head_of(self.kind, key), self.entry(index)
        while self.u32(link) != index + 1:
            link = self.entry(self.u32(link) - 1) + 4
        self.u32(link, self.u32(entry + 4))
        self.u32(48, self.u32(entry + 32) // 2)
        self.u32(entry, self.u32(entry) & ~3)
        self.u32(entry + 4, 0)


def hash_of(kind, key):
    return shelf._xxh64(shelf._key_bytes(kind.key, key), 7) & 0xFFFFFFFF


def head_of(kind, key):
    return 256 + 8 * (hash_of(kind, key) * 2 * kind.capacity >> 32)


kind = shelf._OBJECT.fields["quotes"][1]
wanted, names = "wanted", [str(number) for number in range(1000)]
beside = next(name for name in names if head_of(kind, name) == head_of(kind, wanted))
elsewhere = next(name for name in names if head_of(kind, name) != head_of(kind, wanted))
prices = {wanted: (1.0, 5.0), beside: (2.0,), elsewhere: (3.0,)}


def used_for(index, before, after):
    def change(memory):
        memory.erase(index, before)
        memory.insert(index, after, prices[after][0])
    return change


def stored(memory):
    memory.store(0, 4.0)
    memory.store(0, 5.0)


CHANGES = [used_for(0, wanted, beside), used_for(0, wanted, elsewhere), used_for(1, beside, elsewhere),
           used_for(1, beside, beside), lambda memory: memory.erase(1, beside), stored]


def check_get(view, stays):
    quote = view.get(wanted)
    assert quote is not None or not stays, "a key that stays was missed"
    assert quote is None or quote["bid"] == quote["ask"] and quote["bid"] in prices[wanted], quote


def check_items(view, stays):
    seen = []
    for key, quote in view.items():
        assert quote["bid"] == quote["ask"] and quote["bid"] in prices[key], (key, quote)
        seen.append(key)
    assert seen.count(wanted) == 1 or not stays, seen


steps = 0
for at_change, change in enumerate(CHANGES):
    for check in (check_get, check_items):
        for at in itertools.count():
            memory = Memory(kind)
            memory.insert(0, wanted, 1.0)
            memory.insert(1, beside, 2.0)
            memory.left, memory.change = at, change
            check(kind.view(memory, 0), at_change >= 2)
            if memory.left >= 0:
                break
            steps += 1
print(steps)
