"""The types of fields, as they are written in annotations: `u64`, `FixedString[16]`, `Versioned[Position]`."""

from __future__ import annotations

import builtins
import enum as _enum
import typing
from typing import Any

from ._shmstore import Schema

# Each kind of a schema that may stand in an object.
OBJECT_KINDS = frozenset(
    {"atomic", "atomic_cell", "versioned", "lock", "event", "queue", "broadcast", "map", "frames", "cache_aligned"}
)
# Each kind that may stand in a value. Structs and arrays are values if what is in them is.
VALUE_KINDS = frozenset({"primitive", "enum", "pad", "phantom", "fixed_string", "fixed_vec"})


class Type:
    """A type of a field. `schema` is its layout."""

    __slots__ = ("schema", "_text")

    def __init__(self, schema: Schema, text: str) -> None:
        self.schema = schema
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Type) and self.schema == other.schema

    def __hash__(self) -> int:
        return hash(self.schema)

    # `int` and `Mode | None` in annotations are for type checkers: they are refused by `schema_of`.
    def __call__(self, *_: object) -> typing.NoReturn:
        raise TypeError(f"{self._text} is the type of a field, and makes no values: store a number or text of Python")


def _primitive(name: str) -> Type:
    return Type(Schema.primitive(name), f"shmstore.{name}")


u8, u16, u32, u64 = map(_primitive, ("u8", "u16", "u32", "u64"))
i8, i16, i32, i64 = map(_primitive, ("i8", "i16", "i32", "i64"))
f32, f64, char = map(_primitive, ("f32", "f64", "char"))
Timestamp = Type(Schema.structure("Timestamp", [("nanoseconds", i64.schema)]), "shmstore.Timestamp")

_CURES: dict[object, str] = {
    int: "`int` has no fixed size: write `shmstore.u64`, `shmstore.i32`, …",
    float: "`float` has no fixed size: write `shmstore.f64` or `shmstore.f32`",
    str: "`str` has no fixed size: write `shmstore.FixedString[32]`, or `shmstore.char` for one character",
    bytes: "`bytes` has no fixed size: write `shmstore.FixedVec[shmstore.u8, 32]`",
    list: "`list` has no fixed size: write `shmstore.Array[…]` or `shmstore.FixedVec[…]`",
    dict: "`dict` has no fixed size: write `shmstore.Map[key, value, 1024]`",
}


def schema_of(annotation: object) -> Schema:
    """Returns the layout of a type in an annotation."""
    if isinstance(annotation, Schema):
        return annotation
    if isinstance(annotation, Type):
        return annotation.schema
    if annotation is bool:
        return Schema.primitive("bool")
    if annotation is None or annotation is type(None):
        return Schema.phantom()
    found = getattr(annotation, "__shm_schema__", None)
    if isinstance(found, Schema):
        return found
    if annotation in _PLAIN:
        return _PLAIN[annotation]()
    if isinstance(annotation, type) and annotation in _CURES:
        raise TypeError(_CURES[annotation])
    if isinstance(annotation, type) and issubclass(annotation, _enum.Enum):
        raise TypeError(f"`{annotation.__name__}` has no integer that stores it: write `@shmstore.enum(shmstore.u8)`")
    shown = getattr(annotation, "__name__", repr(annotation))
    raise TypeError(
        f"`{shown}` is no type of a field: use the types of shmstore, and classes with `@shmstore.value`, "
        "`@shmstore.object` or `@shmstore.enum`"
    )


# `Lock` and `Event` have no parameters. The package adds them here.
_PLAIN: dict[object, typing.Callable[[], Schema]] = {}


def _arguments(name: str, given: object, least: int, most: int, form: str) -> tuple[Any, ...]:
    items = given if isinstance(given, tuple) else (given,)
    if not least <= len(items) <= most:
        raise TypeError(f"{name}[…] has {len(items)} arguments: write {form}")
    return items


def _count(name: str, given: object, form: str) -> int:
    if typing.get_origin(given) is typing.Literal:
        (given,) = typing.get_args(given)
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise TypeError(f"{given!r} in {name}[…] is no number of items: write {form}")
    return given


def _text(name: str, given: object) -> str:
    items = given if isinstance(given, tuple) else (given,)
    return f"{name}[{', '.join(item.__name__ if isinstance(item, type) else repr(item) for item in items)}]"


def _value(of: object, name: str) -> Schema:
    schema = schema_of(of)
    if not is_value(schema):
        raise TypeError(f"`{schema}` in {name}[…] is an object, which cannot be copied: use a value there")
    return schema


def is_value(schema: Schema) -> bool:
    """Returns true if values of this type are copied through shared memory."""
    if schema.kind == "struct":
        return all(is_value(of) for _, _, of in schema.fields)
    if schema.kind == "array":
        return is_value(schema["element"])
    return schema.kind in VALUE_KINDS


def is_object(schema: Schema) -> bool:
    """Returns true if this type is used in place in shared memory."""
    if schema.kind == "struct":
        return any(is_object(of) for _, _, of in schema.fields)
    if schema.kind == "array":
        return is_object(schema["element"])
    return schema.kind in OBJECT_KINDS


def part(name: str, given: object) -> Type:
    """Makes the type `name[given]`. The classes of parts call it."""
    return Type(_MAKERS[name](given), _text(name, given))


def _atomic(given: object) -> Schema:
    (of,) = _arguments("Atomic", given, 1, 1, "`Atomic[u64]`")
    schema = schema_of(of)
    if schema.kind != "primitive" or schema.name not in ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"):
        raise TypeError(f"`Atomic[…]` is an integer, not `{schema}`: write `AtomicValue[{schema}]`")
    return Schema.atomic(str(schema.name))


def _of_value(name: str, make: typing.Callable[[Schema], Schema]) -> typing.Callable[[object], Schema]:
    def made(given: object) -> Schema:
        (of,) = _arguments(name, given, 1, 1, f"`{name}[Position]`")
        return make(_value(of, name))

    return made


def _of_values(name: str, make: typing.Callable[[Schema, int], Schema]) -> typing.Callable[[object], Schema]:
    def made(given: object) -> Schema:
        form = f"`{name}[u32, 8]`"
        of, count = _arguments(name, given, 2, 2, form)
        return make(_value(of, name), _count(name, count, form))

    return made


def _of_bytes(name: str, make: typing.Callable[[int], Schema]) -> typing.Callable[[object], Schema]:
    def made(given: object) -> Schema:
        form = f"`{name}[16]`"
        (count,) = _arguments(name, given, 1, 1, form)
        return make(_count(name, count, form))

    return made


def _array(given: object) -> Schema:
    form = "`Array[f64, 4]`"
    of, *lens = _arguments("Array", given, 2, 40, form)
    schema = schema_of(of)
    # `Array[f64, 3, 4]` has three rows of four, as an array of numpy with the shape (3, 4).
    for len_ in reversed(lens):
        schema = Schema.array(schema, _count("Array", len_, form))
    return schema


def _map(given: object) -> Schema:
    form = "`Map[FixedString[16], Quote, 1024]`"
    key, value, count = _arguments("Map", given, 3, 3, form)
    return Schema.map(_value(key, "Map"), _value(value, "Map"), _count("Map", count, form))


def _frames(given: object) -> Schema:
    form = "`Frames[u8, 1048576, 4]` or `Frames[u8, 1048576, 4, Info]`: element, capacity, slots, metadata"
    element, capacity, slots, *meta = _arguments("Frames", given, 3, 4, form)
    meta_schema = _value(meta[0], "Frames") if meta else Schema.phantom()
    counts = (_count("Frames", capacity, form), _count("Frames", slots, form))
    return Schema.frames(_value(element, "Frames"), *counts, meta_schema)


def _cache_aligned(given: object) -> Schema:
    (of,) = _arguments("CacheAligned", given, 1, 1, "`CacheAligned[Atomic[u64]]`")
    schema = schema_of(of)
    if not is_object(schema):
        raise TypeError(f"`{schema}` in CacheAligned[…] is a value: write `CacheAligned[Versioned[{schema}]]`")
    return Schema.cache_aligned(schema)


_MAKERS: dict[str, typing.Callable[[object], Schema]] = {
    "Array": _array,
    "Atomic": _atomic,
    "AtomicValue": _of_value("AtomicValue", Schema.atomic_value),
    "Broadcast": _of_values("Broadcast", Schema.broadcast),
    "CacheAligned": _cache_aligned,
    "FixedString": _of_bytes("FixedString", Schema.fixed_string),
    "FixedVec": _of_values("FixedVec", Schema.fixed_vec),
    "Frames": _frames,
    "Map": _map,
    "Pad": _of_bytes("Pad", Schema.pad),
    "Queue": _of_values("Queue", Schema.queue),
    "Versioned": _of_value("Versioned", Schema.versioned),
}


class _Form:
    """A type with arguments in brackets that has no handle of its own."""

    def __init__(self, name: builtins.str, doc: builtins.str) -> None:
        self._name = name
        self.__doc__ = doc

    def __getitem__(self, given: builtins.object) -> Type:
        return part(self._name, given)

    def __repr__(self) -> builtins.str:
        return f"shmstore.{self._name}"


Array = _Form("Array", "`Array[f64, 4]`: four numbers, as a numpy array. `Array[Versioned[f64], 4]`: four parts.")
AtomicValue = _Form("AtomicValue", "`AtomicValue[f64]`: a value of at most eight bytes in one atomic word.")
CacheAligned = _Form("CacheAligned", "`CacheAligned[Atomic[u64]]`: an object on cache lines of its own.")
FixedString = _Form("FixedString", "`FixedString[16]`: a text of at most 16 bytes of UTF-8.")
FixedVec = _Form("FixedVec", "`FixedVec[u32, 8]`: a list of at most eight elements.")
Pad = _Form("Pad", "`Pad[4]`: four bytes that mean nothing. Values have no other padding.")
