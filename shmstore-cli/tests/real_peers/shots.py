"""A program that copies frames of a busy writer. All elements and the metadata of frame n are n."""

import sys
import time

from shots import Segment, Torn

with Segment(sys.argv[1]) as segment:
    shots, wanted, seen, last = segment.object.shots, int(sys.argv[2]), 0, 0
    deadline = time.monotonic() + 60
    while seen < wanted:
        assert time.monotonic() < deadline, seen
        try:
            newest = shots.newest()
        except Torn:
            continue
        if newest is None:
            continue
        number, meta, elements = newest
        assert number >= last and meta == number and len(elements) == 8192 - number % 7, (number, last)
        assert (elements == number).all(), number
        seen, last = seen + (number != last), number
    print(f"{seen} frames, the last is {last}")
