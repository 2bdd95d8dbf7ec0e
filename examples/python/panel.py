"""A control panel for the market of `cargo run --example quotes`: run it in the same directory, in another terminal.

It knows no type of the market. It shows the quotes as they come, and pauses the feed and lets it go on: keys p and r,
and q to quit. At the end it plots the bids and the lots of each account to a file.

    pip install ./shmstore-python matplotlib
    python3 examples/python/panel.py
"""

import argparse
import select
import sys
import time
from typing import Any

import shmstore

SYMBOL = "EURUSD"


class Panel:
    """What was seen of a market."""

    def __init__(self, market: Any) -> None:
        self.market = market
        self.started = time.monotonic()
        # The time and the bid.
        self.seen: list[tuple[float, float]] = []
        self.version = 0
        self.paused: list[float] = []

    def pause(self, paused: bool) -> None:
        """Stops the feed, or lets it go on."""
        if self.market.paused.swap(paused) != paused:
            self.paused.append(time.monotonic() - self.started)
            print("paused" if paused else "resumed", flush=True)

    def look(self) -> None:
        """Waits a moment for a newer quote, and shows it."""
        quotes = self.market.quotes
        try:
            self.version, quote = quotes.wait_newer(SYMBOL, self.version, timeout=0.1)
        except (shmstore.Timeout, shmstore.Removed):
            return
        self.seen.append((time.monotonic() - self.started, float(quote.bid)))
        if len(self.seen) % 20 == 1:
            lots = sum(int(position.lots) for position in self.market.positions.values())
            print(f"{SYMBOL} {quote.bid:.2f} to {quote.ask:.2f}, {len(quotes)} symbols, {lots} lots bought", flush=True)

    def plot(self, path: str) -> None:
        """Plots the bids, and the lots that each account has bought."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        figure, (above, below) = pyplot.subplots(2, 1, figsize=(8, 6), layout="constrained")
        above.plot([at for at, _ in self.seen], [bid for _, bid in self.seen], label=f"{SYMBOL}, bid")
        for start, end in zip(self.paused[::2], self.paused[1::2]):
            above.axvspan(start, end, alpha=0.2, label="paused")
        above.set_xlabel("seconds")
        above.legend()
        lots: dict[str, int] = {}
        for key, position in self.market.positions.items():
            account = f"account {key.account}"
            lots[account] = lots.get(account, 0) + int(position.lots)
        below.barh(list(lots), list(lots.values()))
        below.set_xlabel("lots bought")
        figure.savefig(path)
        print(f"plotted {len(self.seen)} quotes to {path}", flush=True)


def pressed_key() -> str:
    """The key that was pressed, and then return. Empty if there is none, or no terminal."""
    if sys.stdin.isatty() and select.select([sys.stdin], [], [], 0)[0]:
        return sys.stdin.readline().strip()
    return ""


def main() -> None:
    """Runs until the market is removed, the time is over, or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", nargs="?", default="./quotes-market", help="the path of the market")
    parser.add_argument("--image", default="quotes.png", help="the file of the plot")
    parser.add_argument("--seconds", type=float, default=60.0, help="the longest time to watch")
    parser.add_argument("--pause", type=float, default=0.0, help="pause the feed once, for so many seconds")
    given = parser.parse_args()

    store = shmstore.Store(given.path, timeout=30)
    with store.attach("Q", timeout=30) as market:
        panel, resumes = Panel(market), None
        try:
            while time.monotonic() < panel.started + given.seconds and not market.is_removed:
                panel.look()
                key = pressed_key()
                if key == "q":
                    break
                if key in ("p", "r"):
                    panel.pause(key == "p")
                if given.pause and resumes is None and len(panel.seen) >= 20:
                    resumes = time.monotonic() + given.pause
                    panel.pause(True)
                if resumes is not None and time.monotonic() > resumes:
                    panel.pause(False)
        except KeyboardInterrupt:
            pass
        finally:
            # A market that stays paused would wait forever.
            panel.pause(False)
        panel.plot(given.image)


if __name__ == "__main__":
    main()
