# The object.

TYPE = "Shelf"
ID = 83
SIZE = 2240
ALIGN = 64
LAYOUT_HASH = 0x66f9b42ba57200beadb970bed8dd8dd0
FIELDS = 2
PREFIX_HASH = 0x1fb0efef6cc925df0ac6d038b26673f2

Quote = _Struct("Quote", 16, {
    "bid": (0, _f64),
    "ask": (8, _f64),
})

Shelf = _Struct("Shelf", 2240, {
    "sizes": (0, _Map(832, _u64, _u8, 4, 320, 128, 48, 64, 16)),
    "quotes": (832, _Map(1408, _String(12), Quote, 8, 384, 128, 48, 64, 16)),
})


_OBJECT = Shelf
DTYPE = _OBJECT.dtype
assert DTYPE.itemsize == SIZE
