"""A program that looks keys up while writers insert, change and remove them.

The keys s0 to s3 are always there, and c0 to c11 come and go. In a value, all words but the first are equal, and the
first one is the number of the key.
"""

import sys
import time

from busy import Segment, Torn

counts = {"found": 0, "absent": 0, "gave up": 0}


def name_of(key):
    return f"s{key}" if key < 4 else f"c{key - 4}"


def check(key, block):
    words = block["words"]
    assert words[0] == key and (words[1:] == words[1]).all(), (key, words)


def look_up(blocks, key, versions):
    try:
        found = blocks.get_versioned(name_of(key))
    except Torn:
        counts["gave up"] += 1
        return
    if found is None:
        assert key >= 4, "a key that is always there was missed"
        counts["absent"] += 1
        return
    version, block = found
    counts["found"] += 1
    assert version >= versions.get(key, 1), "a version went back"
    versions[key] = version
    check(key, block)


def iterate(blocks):
    seen = []
    try:
        for name, block in blocks.items():
            key = int(name[1:]) + (0 if name[0] == "s" else 4)
            check(key, block)
            seen.append(key)
    except Torn:
        counts["gave up"] += 1
        return
    assert all(seen.count(key) == 1 for key in range(4)), seen


def look_up_place(places, account):
    net = places.get((account, "EURUSD" if account % 2 else "USDJPY"))
    assert net is None or int(net) & 0xFF == account
    assert net is not None or account != 0


with Segment(sys.argv[1]) as segment:
    busy, rounds, versions = segment.object, int(sys.argv[2]), {}
    deadline, number = time.monotonic() + 60, 0
    while number < rounds or counts["absent"] < rounds // 10:
        assert time.monotonic() < deadline, counts
        look_up(busy.blocks, number % 16, versions)
        look_up_place(busy.places, number % 7)
        if number % 16 == 0:
            iterate(busy.blocks)
        number += 1
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    assert counts["gave up"] * 100 <= counts["found"], counts
