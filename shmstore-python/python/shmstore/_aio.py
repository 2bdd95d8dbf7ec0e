"""Waits of asyncio: one bridge for each event loop."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ._shmstore import Bridge, forked

# A bridge has waits, whose futures have the event loop. So only the loop has the bridge, as the reader of its eventfd.
_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Bridge]] = weakref.WeakKeyDictionary()


def bridge() -> tuple[asyncio.AbstractEventLoop, Bridge]:
    """The running event loop, and its bridge to the waits of the store."""
    loop = asyncio.get_running_loop()
    known = _bridges.get(loop)
    found = known() if known is not None else None
    if found is None:
        found = Bridge()
        loop.add_reader(found.fileno(), found.on_ready)
        _bridges[loop] = weakref.ref(found)
    return loop, found


async def _called(attempt: Callable[[], tuple[Any, Awaitable[None] | None]]) -> Any:
    while True:
        result, wait = attempt()
        if wait is None:
            return result
        await wait


def coroutine(name: str, attempt: Callable[[], tuple[Any, Awaitable[None] | None]]) -> Coroutine[Any, Any, Any]:
    """A coroutine with this name, which calls `attempt` until there is a result, from `await` on."""
    made = _called(attempt)
    setattr(made, "__qualname__", name)
    return made


def _after_fork_in_child() -> None:
    # A child that read the eventfd would take the wake-ups of its parent.
    _bridges.clear()
    forked()


os.register_at_fork(after_in_child=_after_fork_in_child)


class Changes:
    """Versions and values, one after another: what `Versioned.changes` returns."""

    def __init__(self, part: Any, seen: int) -> None:
        self._part = part
        self._seen = seen

    def __aiter__(self) -> Changes:
        return self

    async def __anext__(self) -> tuple[int, Any]:
        version, value = await self._part.newer(self._seen)
        self._seen = version
        return version, value
