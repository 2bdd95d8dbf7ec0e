# The object.

TYPE = "Feeds"
ID = 70
SIZE = 1152
ALIGN = 64
LAYOUT_HASH = 0x5f56e36173e127e4298d7067459e8127
FIELDS = 2
PREFIX_HASH = 0xe0cadadbdee660397d6da8d2f6921331

Pair = _Struct("Pair", 16, {
    "a": (0, _u64),
    "b": (8, _u64),
})

Feeds = _Struct("Feeds", 1152, {
    "jobs": (0, _Queue(512, Pair, 4, 256, 64, 16)),
    "quotes": (512, _Broadcast(640, Pair, 8, 128, 64, 16)),
})


_OBJECT = Feeds
DTYPE = _OBJECT.dtype
assert DTYPE.itemsize == SIZE
