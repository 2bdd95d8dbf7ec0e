"""The examples in Python do what they show."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import shmstore
from conftest import DEADLINE
from shmstore import AtomicValue, FixedString, Map, f64, u32, u64

PANEL = Path(__file__).parents[2] / "examples" / "python" / "panel.py"


@shmstore.value
class Quote:
    bid: f64
    ask: f64
    offered: u64


@shmstore.value
class PositionKey:
    account: u32
    symbol: FixedString[12]


@shmstore.value
class Position:
    lots: u64
    paid: f64


@shmstore.object(id="Q")
class Market:
    paused: AtomicValue[bool]
    quotes: Map[FixedString[12], Quote, 64]
    positions: Map[PositionKey, Position, 128]


def test_panel_shows_pauses_and_plots_a_market(store: shmstore.Store, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    market, image = store.create(Market), tmp_path / "quotes.png"
    market.positions[1, "EURUSD"] = (7, 700.0)
    ended, paused = threading.Event(), []

    def feed() -> None:
        offered = 0
        while not ended.wait(0.002):
            paused.append(market.paused.load())
            if not paused[-1]:
                offered += 1
                market.quotes["EURUSD"] = (100 + offered / 100, 100.01 + offered / 100, offered)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        command = [sys.executable, PANEL, store.path, "--image", image, "--seconds", "1", "--pause", "0.2"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=3 * DEADLINE, check=True).stdout
    finally:
        ended.set()
        thread.join()
    lines = shown.splitlines()
    assert lines[0].startswith("EURUSD 1") and lines[0].endswith(", 1 symbols, 7 lots bought")
    assert "paused" in lines and "resumed" in lines and "plotted" in lines[-1]
    assert True in paused and market.paused.load() is False
    assert image.read_bytes().startswith(b"\x89PNG")
