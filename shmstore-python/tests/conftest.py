"""What the tests share: a store of each test, a process of Rust, and waits with a deadline."""

from __future__ import annotations

import importlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import shmstore

DEADLINE = 20.0


def needs(module: str) -> None:
    """Skips a test without a module that is not the package's own. Where nothing may be skipped, it fails."""
    if "SHMSTORE_NO_SKIPS" in os.environ:
        importlib.import_module(module)
    pytest.importorskip(module)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[shmstore.Store]:
    """A store without objects. What the test leaves there is removed."""
    opened = shmstore.Store(tmp_path / "store", create=True)
    try:
        yield opened
    finally:
        for found in opened.list():
            at = opened if found["name"] is None else opened.named(found["name"])
            at.remove(found["id"])
        assert opened.list() == []


class Peer:
    """A process of Rust: see `tests/src/bin/python_peer.rs`."""

    def __init__(self, program: str, store: shmstore.Store) -> None:
        self._process = subprocess.Popen(
            [program, store.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def send(self, command: str) -> None:
        """Sends a command, of which `answer` gets the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        """The answer to a command."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __call__(self, command: str) -> str:
        self.send(command)
        return self.answer()

    def end(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(DEADLINE)


@pytest.fixture
def peer(store: shmstore.Store) -> Iterator[Peer]:
    """A process of Rust at the store of the test."""
    program = os.environ.get("SHMSTORE_PEER")
    if program is None:
        if "SHMSTORE_NO_SKIPS" in os.environ:
            pytest.fail("SHMSTORE_PEER is not set: it is the path of the program `python_peer`")
        pytest.skip("SHMSTORE_PEER is not set")
    started = Peer(program, store)
    try:
        yield started
    finally:
        started.end()


@pytest.fixture
def robot(peer: Peer, store: shmstore.Store) -> Any:
    """A `Robot` that a process of Rust has created, attached by its id."""
    assert peer("create") == "ok"
    return store.attach("R")


def until(condition: Callable[[], Any]) -> Any:
    """Waits until a condition holds, and returns what it returned."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, "the condition did not come"
        time.sleep(0.001)
    return found
