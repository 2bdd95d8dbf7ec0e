"""Types that are defined in Python: `@value`, `@object` and `@enum`."""

from __future__ import annotations

import builtins
import enum as _enum
import inspect
import sys
from typing import Any, Callable, TypeVar

from . import _records
from ._shmstore import Object, Schema
from ._types import Type, is_object, is_value, schema_of

_T = TypeVar("_T", bound=type)


def _fields(cls: type, names: dict[str, Any]) -> list[tuple[str, Schema]]:
    """The fields of a class with their types, in the order of the annotations.

    Annotations that are text may name types of the function that has the class, which has `names`.
    """
    annotations = inspect.get_annotations(cls, locals={**names, **vars(cls)}, eval_str=True)
    fields = []
    for name, annotation in annotations.items():
        try:
            fields.append((name, schema_of(annotation)))
        except TypeError as error:
            raise TypeError(f"field `{name}` of `{cls.__name__}`: {error}") from None
    if not fields:
        raise TypeError(f"`{cls.__name__}` has no fields: write them as annotations, such as `x: shmstore.f64`")
    return fields


def _no_gaps(cls: type, schema: Schema) -> None:
    """Refuses padding between or after the fields of a value, as the derive of Rust does."""
    names = {name for name, _, _ in schema.fields}
    pads = (name for count in range(1, 1000) if (name := "_pad" if count == 1 else f"_pad{count}") not in names)
    end = 0
    for name, offset, of in schema.fields:
        if offset > end:
            raise TypeError(
                f"`{cls.__name__}` has {offset - end} bytes of padding before `{name}`: add the field "
                f"`{next(pads)}: shmstore.Pad[{offset - end}]` there, or put the fields in another order"
            )
        end = offset + of.size
    if schema.size > end:
        raise TypeError(
            f"`{cls.__name__}` has {schema.size - end} bytes of padding after its last field: add the field "
            f"`{next(pads)}: shmstore.Pad[{schema.size - end}]` at its end, or put the fields in another order"
        )


def _checked(cls: type, schema: Schema) -> None:
    """Refuses a layout that no type of Rust has, before an object of it is created."""
    try:
        schema.check()
    except ValueError as error:
        raise TypeError(f"`{cls.__name__}` is the type of no object: {error}") from None


def value(
    cls: type | None = None, /, *, name: str | None = None, align: int = 1, const_args: dict[str, int] | None = None
) -> Any:
    """Makes a class a value, which is copied through shared memory.

    The fields are annotations. Size, offsets and layout hash are those of a `#[repr(C)]` struct of Rust with
    `#[derive(ShmValue)]` and the same fields. Padding is refused: it is a field such as `_pad: Pad[4]`, whose name
    counts as in Rust.

    `name` is the name in the layout, if it is not that of the class. `align` is that of `#[repr(align(N))]`.
    `const_args` are the const arguments of a struct with parameters.

    Loads return instances of the class: numpy scalars with the fields as attributes and as items.

    >>> @value
    ... class Position:
    ...     x: f64
    ...     y: f64
    >>> p = Position(x=1.0, y=2.0)
    >>> float(p.x), float(p["y"]), p == (1.0, 2.0)
    (1.0, 2.0, True)
    """

    names = sys._getframe(1).f_locals

    def make(cls: type) -> type:
        fields = _fields(cls, names)
        for field, of in fields:
            if not is_value(of):
                raise TypeError(
                    f"field `{field}` of `{cls.__name__}`: `{of}` is an object, which cannot be copied. Use values, "
                    "or write `@shmstore.object`"
                )
        schema = Schema.structure(name or cls.__name__, fields, align, list((const_args or {}).items()))
        _no_gaps(cls, schema)
        _checked(cls, schema)
        return _records.define(cls, schema)

    return make(cls) if cls is not None else make


def object(
    cls: type | None = None,
    /,
    *,
    id: str | None = None,
    room: int | None = None,
    name: str | None = None,
    align: int = 1,
    const_args: dict[str, int] | None = None,
) -> Any:
    """Makes a class an object, whose parts are used in place in shared memory.

    The fields are annotations: `Atomic[u64]`, `Versioned[Position]`, `Queue[Item, 64]`, other objects, … Size, offsets
    and layout hash are those of a `#[repr(C)]` struct of Rust with `#[derive(ShmObject)]` and the same fields. So
    programs of both languages share the object.

    `id` is the type-id-char of the object in a store. `room` is the total size in bytes to which a new object can grow,
    its present fields included. A room below the size of the class is a `ValueError`. Without `room` it cannot grow.
    `name`, `align` and `const_args` are as in `value`.
    """

    names = sys._getframe(1).f_locals

    def make(cls: type) -> type:
        fields = _fields(cls, names)
        for field, of in fields:
            if not is_object(of) and of.kind != "phantom":
                raise TypeError(
                    f"field `{field}` of `{cls.__name__}`: `{of}` is a value, which other processes may write during "
                    f"any use. Write `Versioned[{of}]`, or `AtomicValue[{of}]` if it has at most eight bytes"
                )
        schema = Schema.structure(name or cls.__name__, fields, align, list((const_args or {}).items()))
        _checked(cls, schema)
        if id is not None and (len(id) != 1 or not " " <= id <= "~"):
            raise ValueError(f"the id of `{cls.__name__}` is {id!r}: it is one printable character of ASCII")
        if room is not None and room < schema.size:
            raise ValueError(f"`{cls.__name__}` has {schema.size} bytes, and its room is {room}: make the room larger")
        spaces = {key: what for key, what in vars(cls).items() if key not in ("__dict__", "__weakref__")}
        spaces |= {"__shm_schema__": schema, "__shm_id__": id, "__shm_room__": room}
        bases = tuple(base for base in cls.__bases__ if base not in (builtins.object, Object))
        return type(cls.__name__, (*bases, Object), spaces)

    return make(cls) if cls is not None else make


def enum(repr: Type) -> Callable[[_T], _T]:
    """Makes an `enum.IntEnum` the type of a field. `repr` is the integer that stores it, such as `u8`.

    Names and numbers of the members count, as those of a Rust enum without fields do. One member is 0, because new
    objects are zero.

    >>> @enum(u8)
    ... class Mode(IntEnum):
    ...     Idle = 0
    ...     Fast = 1
    """
    number = schema_of(repr)

    def make(cls: _T) -> _T:
        if not issubclass(cls, _enum.IntEnum):
            raise TypeError(f"`{cls.__name__}` is no `enum.IntEnum`: write `class {cls.__name__}(IntEnum)`")
        variants = [(name, member.value) for name, member in cls.__members__.items()]
        schema = Schema.enumeration(cls.__name__, str(number.name), variants)
        if all(number != 0 for _, number in variants):
            raise TypeError(f"no member of `{cls.__name__}` is 0, which is what a new object has: add one")
        _checked(cls, schema)
        cls.__shm_schema__ = schema  # type: ignore[attr-defined]
        _records.register(schema, cls)
        return cls

    return make
