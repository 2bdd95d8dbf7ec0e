"""A program that knows only the module of the object."""

import sys

from book import ReadOnlyError, Segment, Torn


def attempt(look):
    try:
        return look()
    except Torn:
        return "torn"


def look_up(quotes, symbol):
    try:
        found = quotes.get_versioned(symbol)
        assert (symbol in quotes) == (found is not None)
    except ValueError:
        found = "File name too long"
    except Torn:
        found = "Resource temporarily unavailable"
    if isinstance(found, tuple):
        found = f"version {found[0]}, {found[1]['bid']:g} {found[1]['ask']:g}"
    print(f"{symbol}: {found or 'absent'}")


def show_quotes(quotes):
    print(f"{len(quotes)} of {quotes.capacity}, {quotes.changes} changes")
    try:
        for symbol, quote in quotes.items():
            if sys.argv[2] != "hostile":
                print(f"{symbol}: version {quotes.get_versioned(symbol)[0]}, {quote['bid']:g} {quote['ask']:g}")
        print("end")
    except Torn:
        print("Resource temporarily unavailable")


def refuses(error, look):
    try:
        look()
    except error:
        return
    raise SystemExit(f"no {error}")


def look_up_others(book):
    sessions, positions, moves, cells = book.sessions, book.positions, book.moves, book.cells
    user = sessions.get(17)
    print(f"17: {int(user is not None)} {user}")
    print(f"most: {int(2**64 - 1 in sessions)} {sessions[2**64 - 1]}, {int(18 in sessions)}")
    print(f"1111{int((4, 3) in cells)}: {moves[-3]} {book.flags[True]} {book.letters['ß']} {cells[3, 4]}")
    print(f"{int('Ask' in book.books)}: {book.books['Ask']}, {int(9 in book.seen)}")


def check(book):
    """Keys of every kind, and what they refuse."""
    books, ask = book.books, next(iter(book.books))
    assert ask.name == "Ask" and books[ask] == books[5] == 500 and "Bid" not in books
    assert list(book.moves) == [-3] and list(book.flags) == [True] and list(book.letters) == ["ß"]
    assert list(book.cells.items()) == [((3, 4), 34)] and list(book.sessions) == [17, 2**64 - 1]
    places = dict(book.positions.items())
    assert [place.symbol for place in places] == ["EURUSD", "EURUSD"] and places[8, "EURUSD"] == 800
    assert all(place in book.positions for place in places)
    assert book.positions[{"symbol": "EURUSD", "account": 7}] == 700
    assert book.quotes.get_python("USDJPY") == {"bid": 150.5, "ask": 150.75} and book.quotes.get_python("no", 5) == 5
    assert dict(book.quotes.items_python())['é "quoted"']["bid"] == 1.0 and list(book.quotes.keys())[0] == "EURUSD"
    assert book.quotes and bool(book.seen) and list(book.seen) == [9]
    refuses(KeyError, lambda: book.quotes["no"])
    refuses(TypeError, lambda: book.quotes[7])
    refuses(TypeError, lambda: True in book.sessions)
    refuses(TypeError, lambda: 1 in book.flags)
    refuses(TypeError, lambda: "ab" in book.letters)
    refuses(TypeError, lambda: 1.5 in book.sessions)
    refuses(ValueError, lambda: 2**64 in book.sessions)
    refuses(ValueError, lambda: 128 in book.moves)
    refuses(ValueError, lambda: "Middle" in book.books)
    refuses(ValueError, lambda: (1, 2, 3) in book.cells)
    refuses(TypeError, lambda: 7 in book.positions)
    refuses(ValueError, lambda: {"account": 7} in book.positions)
    refuses(ReadOnlyError, lambda: book.quotes.__setitem__("EURUSD", 1))
    refuses(ReadOnlyError, lambda: book.quotes.__delitem__("EURUSD"))


SYMBOLS = ["EURUSD", "gone", "USDJPY", "GBPUSD", "EURUS", "", "twelve bytes", "thirteen byte"]

with Segment(sys.argv[1]) as segment:
    book = segment.object
    show_quotes(book.quotes)
    for symbol in SYMBOLS:
        look_up(book.quotes, symbol)
    for account in (7, 8, 9):
        print(f"{account} EURUSD: {attempt(lambda: book.positions.get((account, 'EURUSD'), 'absent'))}")
    if sys.argv[2] != "hostile":
        look_up_others(book)
    if sys.argv[2] == "look":
        check(book)
    if sys.argv[2] == "hostile":
        for name in ("sessions", "positions", "moves", "flags", "letters", "books", "cells", "seen"):
            attempt(lambda: list(getattr(book, name).items()))
