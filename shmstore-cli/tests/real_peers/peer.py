"""A program that knows only the module of the object. The other process repeatedly stores blocks of equal words."""

import ctypes
import sys
import time

import everything
from everything import AttachError, Depth, Mode, Segment


def read_blocks(thing, times):
    """Reads until a writer has also overtaken it some times. Otherwise the test would not show that this is noticed."""
    version, overtaken, end = 0, 0, time.monotonic() + 60
    while times > 0 or overtaken < 3:
        times -= 1
        assert time.monotonic() < end, overtaken
        try:
            newer, block = thing.block.load(attempts=1)
        except everything.Torn:
            overtaken += 1
            newer, block = thing.block.load()
        assert newer >= version, (newer, version)
        version = newer
        assert (block["words"] == version).all(), (version, set(block["words"]))
    print(f"version {version}, overtaken {overtaken} times")


def read_all(thing):
    version, status = thing.status.load_python()
    assert version == 1 == thing.status.version
    assert status["at"] == 1.5 and status["small"] == -0.25 and status["letter"] == "ß" and status["class"] == -7
    assert status["depth"] is Depth.Lowest and status["mode"] is Mode.Fast and status["on"] is True
    assert status["name"] == "rover é" and [list(pair) for pair in status["pairs"]] == [[1, 2], [3, 4]]
    assert status["spare"] is None and status["unit"] is None
    record = thing.status.load()[1]
    assert record["class"] == -7 and record.dtype.fields["name"][1] == 24
    assert list(thing.triple.load()[1]) == [1, 2, 3] == list(thing["triple"].load_python()[1])
    assert thing.count.load() == 4096 and thing.tiny.load() == -5 and thing.hint.load() == 9
    assert thing.mode.load() is Mode.Fast
    assert list(thing.rows[-1].corner.load()) == [-1, -2, -3] and thing.wide_grid.cells[5].load() == 55
    assert len(thing.rows) == 3 and thing.lonely.load() == 77 and thing.rung.count == 3
    assert not thing.guarded.is_held and not thing.guarded.is_inconsistent
    assert everything.DTYPE.fields["block"][0]["slot 1"].itemsize == 4096


def damage(path, shmid):
    """Damages each field of the header that is checked, and repairs it."""
    base = everything._libc.shmat(shmid, None, 0)
    knows_birth = ctypes.c_uint32.from_address(base + 60).value == 1
    fields = 0, 4, 8, 12, 16, 20, 32, 40, 48, 56, 64, 72, 80, 124, 128, 136, 144, 152, 156, 160, 164, 168, 172, 176, 184, 256, 264
    for at in fields:
        field = ctypes.c_uint32.from_address(base + at)
        change = 4096 if at in (152, 160) else 1
        field.value ^= change
        try:
            if at not in (48, 56) or knows_birth:
                Segment(path)
                raise SystemExit(f"not seen at {at}")
        except AttachError:
            pass
        field.value ^= change
    # A reader must know the lower half of the flags, and ignores the upper half.
    flags = ctypes.c_uint32.from_address(base + 16)
    flags.value = 0xFFFF8000
    try:
        Segment(path)
        raise SystemExit("an unknown flag was accepted")
    except AttachError as error:
        assert "features that this module does not know (flags 0x8000)" in str(error), error
    flags.value = 0xFFFF0000
    Segment(path).close()
    flags.value = 0


def main():
    path, what = sys.argv[1:3]
    try:
        segment = Segment(path)
    except AttachError as error:
        print("retry:" if error.retry else "refused:", error)
        return what != "refused"
    assert what != "refused"
    with segment:
        thing = segment.object
        if what == "read":
            read_blocks(thing, int(sys.argv[3]))
        elif what == "damage":
            damage(path, segment._shmid)
        else:
            read_all(thing)
    try:
        thing.count.load()
    except ValueError:
        return 0
    return "read from a detached segment"


sys.exit(main())
