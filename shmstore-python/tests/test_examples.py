"""The examples in Python do what they show."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import shmstore
from conftest import DEADLINE, needs
from shmstore import Atomic, AtomicValue, FixedString, Map, Versioned, f64, u32, u64

PANEL = Path(__file__).parents[2] / "examples" / "python" / "panel.py"


@shmstore.value(name="Position")
class Place:
    x: f64
    y: f64


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


def test_programs_of_the_guide_run(tmp_path: Path) -> None:
    guide = (PANEL.parents[2] / "docs" / "guide" / "16-python.md").read_text()
    programs = [block.split("```")[0] for block in guide.split("```python\n")[1:]]
    assert len(programs) == 3
    rover = shmstore.object(id="T", name="Telemetry")(
        type("Telemetry", (), {"__annotations__": {"frames": Atomic[u64], "position": Versioned[Place]}})
    )
    store = shmstore.Store(tmp_path / "rover", create=True)
    store.create(rover)
    try:
        commands = [[sys.executable, "-c", program] for program in programs]
        shown = [subprocess.check_output(command, text=True, cwd=tmp_path) for command in commands]
    finally:
        store.remove("T")
    first = "1.5 2.0 1\nPosition(x=0.0, y=1.0)\n"
    assert shown == [first, "7 1.0 ['left']\n", "Position(x=3.0, y=4.0)\n4 3.0\n"]
    assert shmstore.Store(tmp_path / "fleet").list() == []


def test_panel_shows_pauses_and_plots_a_market(store: shmstore.Store, tmp_path: Path) -> None:
    needs("matplotlib")
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
