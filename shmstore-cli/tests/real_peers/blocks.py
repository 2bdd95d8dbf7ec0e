"""A program that receives the blocks of a busy sender. All words of block k are k."""

import sys
import time

from blocks import Lagged, Segment


def receive(blocks, end):
    """Receives until `end` positions are passed, and it was overtaken some times."""
    reader = blocks.subscribe()
    begin, received, missed, lags, deadline = reader.position, 0, 0, 0, time.monotonic() + 60
    while reader.position - begin < end or lags < 100 or received < 300:
        assert time.monotonic() < deadline, (received, missed, lags)
        before = reader.position
        try:
            block = reader.receive()
        except Lagged as lagged:
            lags, missed = lags + 1, missed + lagged.missed
            assert reader.position == before + lagged.missed > before
            continue
        if block is None:
            assert reader.position == before
        else:
            received += 1
            assert reader.position == before + 1
            assert (block["words"] == before).all(), (before, block)
    assert received + missed == reader.position - begin
    print(f"received {received}, missed {missed} in {lags} lags")


with Segment(sys.argv[1]) as segment:
    receive(segment.object.blocks, int(sys.argv[2]))
