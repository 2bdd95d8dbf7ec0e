"""How handles are pickled: an object by its store and its id, a part by its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def store(cls: type, path: Path, name: str | None, given: dict[str, Any]) -> Any:
    """Opens a store again, in another process."""
    opened = cls(path, **given)
    return opened if name is None else opened.named(name)


def object(cls: type, store: Any, id: str, origin: int) -> Any:
    """Attaches an object again."""
    return cls(store, id, _origin=origin)


def part(object: Any, path: str) -> Any:
    """Finds a part again."""
    return object[path]
