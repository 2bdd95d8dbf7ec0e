"""A program that knows only the module of the object."""

import sys

from feeds import Lagged, ReadOnlyError, Segment, Torn


def receive_from(quotes, position):
    reader, missed = quotes.subscribe_from(position), ""
    try:
        quote = reader.receive()
    except Lagged as lagged:
        missed = f" missed {lagged.missed}, then"
        try:
            quote = reader.receive()
        except Lagged:
            quote = None
    print(f"from {position}:{missed} {'none' if quote is None else quote['a']}")


def look(feeds):
    jobs, quotes = feeds.jobs, feeds.quotes
    items = "".join(f" {job['a']}" for job in jobs.items())
    print(f"{len(jobs)} of {jobs.capacity}, {jobs.outstanding} outstanding:{items}")
    assert [job["b"] for job in jobs.items_python()] == [job["a"] for job in jobs.items()] or sys.argv[2] == "hostile"
    reader = quotes.subscribe_oldest()
    oldest, items = reader.position, []
    try:
        while (quote := reader.receive()) is not None:
            items.append(f" {quote['a']}")
    except Lagged:
        pass
    end = "none" if reader.position == quotes.sent else "more"
    print(f"sent {quotes.sent} of {quotes.capacity}, from {oldest}:{''.join(items)}, then {end}")
    receive_from(quotes, 0)
    receive_from(quotes, 12)
    receive_from(quotes, 2**64 - 1)
    assert quotes.subscribe_from(-1).receive() is None
    try:
        newest = quotes.newest()
        assert sys.argv[2] == "hostile" or (newest is None) == (quotes.sent == 0)
        assert newest is None or newest[0] == quotes.sent - 1
    except Torn:
        assert sys.argv[2] == "hostile"
    try:
        quotes.sent = 1
        raise SystemExit("a view was changed")
    except ReadOnlyError:
        pass


with Segment(sys.argv[1]) as segment:
    look(segment.object)
