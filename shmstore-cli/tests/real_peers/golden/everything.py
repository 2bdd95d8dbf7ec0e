# The object.

TYPE = "Everything"
ID = 69
SIZE = 9344
ALIGN = 128
LAYOUT_HASH = 0x4676b0c087307c944c6a135d959863d9
FIELDS = 14
PREFIX_HASH = 0x16122ae52ff60ac82be2209e6dce3fdb

Block = _Struct("Block", 4096, {
    "words": (0, _Array(_u64, 512)),
})


class Depth(_Variants):
    """A field may hold other numbers, too."""
    Zero = 0
    Lowest = -9223372036854775808



class Mode(_Variants):
    """A field may hold other numbers, too."""
    Idle = 0
    Fast = 255


Status = _Struct("Status", 72, {
    "at": (0, _f64),
    "small": (8, _f32),
    "letter": (12, _char),
    "depth": (16, _Enum("<i8", Depth)),
    "name": (24, _String(12)),
    "pairs": (40, _Vec(_Array(_u16, 2), 3)),
    "mode": (60, _Enum("<u1", Mode)),
    "on": (61, _bool),
    "class": (62, _i16),
    "spare": (64, _Pad(8)),
    "unit": (72, _none),
})

Grid_4 = _Struct("Grid", 24, {
    "cells": (0, _Array(_Atomic("<u4"), 4)),
    "corner": (16, _Cell(_Array(_i16, 3))),
})

Grid_6 = _Struct("Grid", 32, {
    "cells": (0, _Array(_Atomic("<u4"), 6)),
    "corner": (24, _Cell(_Array(_i16, 3))),
})

Everything = _Struct("Everything", 9344, {
    "count": (0, _Atomic("<u8")),
    "tiny": (8, _Atomic("<i1")),
    "wide": (16, _Atomic("<i8")),
    "block": (64, _Versioned(8320, Block, 128, 4224)),
    "status": (8384, _Versioned(256, Status, 80, 160)),
    "triple": (8640, _Versioned(192, _Array(_f64, 3), 80, 112)),
    "mode": (8832, _Cell(_Enum("<u1", Mode))),
    "guarded": (8840, _lock),
    "rung": (8848, _event),
    "lonely": (8960, _CacheAligned(128, _Atomic("<u2"))),
    "grid": (9088, Grid_4),
    "wide_grid": (9112, Grid_6),
    "rows": (9144, _Array(Grid_4, 3)),
    "hint": (9216, _Atomic("<u1")),
})


_OBJECT = Everything
DTYPE = _OBJECT.dtype
assert DTYPE.itemsize == SIZE
