"""A program that knows the module of one of two versions of the object."""

import ctypes
import random
import sys

import rover
from rover import AttachError, Segment


def refusal(path):
    try:
        Segment(path).close()
    except AttachError as error:
        return str(error)
    return None


# Words of the header and of the newest record, with a change of their bits and the reason of the refusal.
HEADER = [
    (16, 1, "is about to be migrated"),
    (16, 2, "has the layout"),
    (16, 8, "is the journal"),
    (16, 16, "features that this module does not know (flags 0x0010)"),
    (152, 1, "schema_len"),
    (168, 4096, "in a segment of"),
    (188, 4, "has the layout"),
    (248, 1, "layout log"),
    (248, 0x1000, "damaged"),
    (248, 0x80000000, "layout is"),
    (252, 1, "layout is"),
    (252, 16, ""),
    (252, 0x80000000, "layout is"),
    (256, 128, "in a segment of"),
    (260, 1, "in a segment of"),
    (264, 1, "log_capacity"),
    (264, 4096, "in a segment of"),
    (268, 1, "in a segment of"),
]
RECORD = [
    (16, 0x10000, "layout log"),
    (20, 1, "layout log"),
    (24, 1, "layout log"),
    (24, 0x80000000, "layout log"),
    (28, 1, "layout log"),
    (28, 0x10000000, "layout log"),
    (48, 1, "has the layout"),
    (60, 1, "has the layout"),
]


def damage(path, shmid):
    """Damages each word that is checked, and repairs it."""
    base = rover._libc.shmat(shmid, None, 0)
    record = base + ctypes.c_uint32.from_address(base + 252).value
    for start, words in (base, HEADER), (record, RECORD):
        for at, change, why in words:
            field = ctypes.c_uint32.from_address(start + at)
            field.value ^= change
            said = refusal(path)
            assert said is not None and why in said, (at, change, why, said)
            field.value ^= change
    # A whole record is believed only within the log: not among the slots, and not in the object.
    layout, length = ctypes.c_uint64.from_address(base + 248), ctypes.c_uint32.from_address(base + 248).value
    before = layout.value
    for to in 1024 + 1024, ctypes.c_uint64.from_address(base + 160).value + 1024:
        ctypes.memmove(base + to, record, length)
        layout.value = to << 32 | length
        said = refusal(path)
        assert said is not None and "layout is" in said, (to, said)
        ctypes.memset(base + to, 0, length)
        layout.value = before
    # Any value of a word is refused, or does no harm.
    chance = random.Random(1)
    for _ in range(3000):
        at = chance.choice([base + 248 + 4 * chance.randrange(6), record + 4 * chance.randrange(16)])
        field = ctypes.c_uint32.from_address(at)
        before = field.value
        field.value = chance.choice([before ^ 1 << chance.randrange(32), chance.getrandbits(chance.randrange(1, 33))])
        refusal(path)
        field.value = before


path = sys.argv[1]
try:
    segment = Segment(path)
except AttachError as error:
    sys.exit(print("refused:", error))
with segment:
    frames = segment.object.frames.load()
    battery = getattr(segment.object, "battery", None)
    print(f"frames {frames}" if battery is None else f"frames {frames}, battery {battery.load()}")
    if len(sys.argv) > 2:
        damage(path, segment._shmid)
