"""A program that type checkers understand: `mypy --strict` has to accept it, and pytest runs it."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import Literal

import numpy as np

import shmstore
from shmstore import (
    Atomic, AtomicValue, FixedString, Frames, Map, Pad, Queue, Record, Versioned, f32, f64, u8, u32, u64,
)  # fmt: skip


@shmstore.enum(u8)
class Mode(IntEnum):
    Idle = 0
    Fast = 1


@shmstore.value
class Position(Record):
    x: f64
    y: f64


@shmstore.value
class Named(Record):
    name: FixedString[Literal[12]]
    mode: Mode
    _pad: Pad[Literal[3]]

    def shout(self) -> str:
        return self.name.upper()


@shmstore.object(id="Y")
class Typed(shmstore.Object):
    frames: Atomic[u64]
    rate: AtomicValue[f32]
    position: Versioned[Position]
    named: Versioned[Named]
    jobs: Queue[Named, Literal[4]]
    quotes: Map[FixedString[Literal[8]], Position, Literal[4]]
    images: Frames[u8, Literal[64], Literal[3], Position]
    load: Versioned[u32]


async def follow(rover: Typed) -> float:
    version, position = await rover.position.newer(0)
    async for version, position in rover.position.changes(0):
        return position.x + version
    return 0.0


def main(store: shmstore.Store) -> None:
    rover = store.create(Typed)
    total: int = rover.frames.fetch_add(1) + rover.frames.load()
    assert total == 1
    rover.position.store(Position(1.0, y=2.0))
    position: Position = rover.position.load()
    x: float = position.x
    assert x == 1.0 and position["y"] == 2.0
    rover.named.store(Named("a", mode=Mode.Fast))
    text: str = rover.named.load().shout()
    assert text == "A" and rover.named.load().mode is Mode.Fast
    rover.jobs.push(("b", "Idle"))
    with rover.jobs.take() as job:
        name: str = job.value.name
    assert name == "b"
    rover.quotes["EURUSD"] = (1.0, 2.0)
    keys: list[str] = rover.quotes.keys()
    assert keys == ["EURUSD"]
    with rover.images.loan() as frame:
        frame.array[:4] = 1
        frame.len = 4
        frame.meta = (1.0, 2.0)
    with rover.images.pin() as pixels:
        assert pixels.sum() == 4
    assert rover.images.pin().meta.y == 2.0
    out = np.zeros((), rover.position.dtype)
    assert rover.position.load(out=out)["x"] == 1.0
    assert asyncio.run(follow(rover)) == 2.0
    assert rover["load"].load() == 0
    ready = shmstore.wait_any(rover.position.newer(0), rover.jobs.not_full(), timeout=1)
    assert len(ready) == 2
