"""The numpy types of values: the dtype of each schema, records with checked fields, and enums."""

from __future__ import annotations

import copyreg
import datetime
import enum
from typing import Any, Iterator

import numpy as np

from ._errors import LayoutError
from ._shmstore import Schema, decode, encode, forget_layouts

_PRIMITIVES = {
    "u8": "<u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "i8": "<i1", "i16": "<i2", "i32": "<i4", "i64": "<i8",
    "f32": "<f4", "f64": "<f8", "bool": "?", "char": "<u4",
}  # fmt: skip

# Each kind of a field for which numpy has something else than the value.
_DECODED = ("enum", "fixed_string", "fixed_vec")

# By layout hash, so that all objects with a type share its class and dtype.
_dtypes: dict[str, np.dtype[Any]] = {}
_classes: dict[str, type] = {}


class RecordType(type):
    """The type of the classes of values."""

    __shm_schema__: Schema
    __shm_fields__: dict[str, Schema]
    _dtype: np.dtype[Any]

    @property
    def schema(cls) -> Schema:
        """The layout."""
        return cls.__shm_schema__

    @property
    def dtype(cls) -> np.dtype[Any]:
        """The dtype of an array of these values."""
        return cls._dtype

    @property
    def enums(cls) -> dict[str, type[enum.IntEnum]]:
        """The enums of the fields, by path."""
        return enums_of(cls.__shm_schema__)


class Record(np.void, metaclass=RecordType):
    """A value with fields: a numpy scalar that checks what is stored in a field.

    Fields are items and attributes: `p["x"]`, `p.x`. An item works for every name. A field that is an enum is a member
    of an `IntEnum`, a `FixedString` is a `str`, and a `FixedVec` is an array of its elements. `p.tolist()` and arrays
    have the numbers as they are in memory.
    """

    __slots__ = ()

    def __new__(cls, /, *args: Any, **fields: Any) -> Record:
        names = list(cls.__shm_fields__)
        if len(args) > len(names):
            raise TypeError(f"`{cls.__name__}` has {len(names)} fields, not {len(args)}")
        given = dict(zip(names, args))
        for name, field in fields.items():
            if name in given:
                raise TypeError(f"field `{name}` of `{cls.__name__}` is given twice")
            given[name] = field
        record: Record = np.frombuffer(bytearray(encode(cls.__shm_schema__, given)), cls._dtype)[0]
        return record

    def _name(self, key: Any) -> str:
        fields = type(self).__shm_fields__
        name = list(fields)[key] if isinstance(key, int) else key
        if name in fields:
            return str(name)
        raise KeyError(f"`{type(self).__name__}` has no field {name!r}")

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, list):
            return np.void.__getitem__(self, key)
        name = self._name(key)
        found, of = np.void.__getitem__(self, name), type(self).__shm_fields__[name]
        return decode(of, found.tobytes()) if of.kind in _DECODED or of.name in ("bool", "char") else found

    def __setitem__(self, key: Any, value: Any) -> None:
        key = self._name(key)
        of = type(self).__shm_fields__[key]
        if of.kind == "array":
            whole = np.void.__getitem__(self, key)
            whole[...] = np.frombuffer(encode(of, value), whole.dtype).reshape(whole.shape)
        else:
            np.void.__setitem__(self, key, np.frombuffer(encode(of, value), dtype_of(of))[0])

    def __getattr__(self, name: str) -> Any:
        if name in type(self).__shm_fields__:
            return self[name]
        raise AttributeError(f"`{type(self).__name__}` has no field `{name}`")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in type(self).__shm_fields__:
            raise AttributeError(f"`{type(self).__name__}` has no field `{name}`")
        self[name] = value

    def __iter__(self) -> Iterator[Any]:
        return (self[name] for name in type(self).__shm_fields__)

    def __len__(self) -> int:
        return len(type(self).__shm_fields__)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *filter(str.isidentifier, type(self).__shm_fields__)]

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Record):
            same = type(other).__shm_schema__ == type(self).__shm_schema__
            return same and self.tobytes() == other.tobytes()
        if isinstance(other, dict):
            names = type(self).__shm_fields__
            return other.keys() == names.keys() and all(_same(self[name], other[name]) for name in names)
        if isinstance(other, (tuple, list)):
            return len(other) == len(self) and all(_same(mine, its) for mine, its in zip(self, other))
        return np.void.__eq__(self, other)

    def __ne__(self, other: object) -> Any:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (f"{name}={_plain(field)!r}" for name, field in zip(type(self).__shm_fields__, self))
        return f"{type(self).__name__}({', '.join(shown)})"

    __str__ = __repr__


def _same(mine: Any, its: Any) -> bool:
    if isinstance(mine, np.ndarray):
        return np.shape(its) == mine.shape and bool(np.all(mine == its))
    return bool(mine == its)


def _plain(field: Any) -> Any:
    if isinstance(field, Record) or isinstance(field, enum.Enum):
        return field
    return field.tolist() if isinstance(field, (np.ndarray, np.generic)) else field


class _EnumType(enum.EnumType):
    """The type of the enums that are made of a schema."""


class ShmEnum(enum.IntEnum, metaclass=_EnumType):
    """An enum that is made of the schema of an object."""


# A type that is made of a schema is pickled as its schema.
def _class_of_json(json: str) -> type:
    return class_of(Schema.from_json(json))


def _pickled(cls: Any) -> Any:
    if cls.__module__ == __name__ and "__shm_made__" in vars(cls):
        return (_class_of_json, (cls.__shm_schema__.to_json(),))
    return cls.__qualname__


copyreg.pickle(RecordType, _pickled)  # type: ignore[arg-type]
copyreg.pickle(_EnumType, _pickled)  # type: ignore[arg-type]


def is_timestamp(schema: Schema) -> bool:
    """Returns true for a `Timestamp`, which is a `datetime64[ns]` of numpy."""
    if schema.kind != "struct" or schema.name != "Timestamp" or len(schema.fields) != 1:
        return False
    ((name, offset, of),) = schema.fields
    return (name, offset, of.kind, of.name) == ("nanoseconds", 0, "primitive", "i64")


def fields_of(schema: Schema) -> dict[str, Schema]:
    """The fields of a struct that have a meaning: all but padding and `PhantomData`."""
    return {name: of for name, _, of in schema.fields if of.kind not in ("pad", "phantom")}


def register(schema: Schema, cls: type) -> None:
    """Makes `cls` the class of the values with this layout."""
    _classes[schema.hash] = cls
    _dtypes.clear()
    forget_layouts()


def define(cls: type, schema: Schema) -> type:
    """Makes a record of a class that a program has defined."""
    spaces = {key: what for key, what in vars(cls).items() if key not in ("__dict__", "__weakref__")}
    # Other values of fields than annotations would hide the fields.
    if hidden := sorted(fields_of(schema).keys() & spaces.keys()):
        raise TypeError(
            f"field `{hidden[0]}` of `{cls.__name__}` has a default value: a new object is zero, so remove it"
        )
    bases = tuple(base for base in cls.__bases__ if base not in (object, Record))
    made = _record(cls.__name__, schema, spaces, bases)
    register(schema, made)
    made._dtype = dtype_of(schema)
    return made


def _record(name: str, schema: Schema, spaces: dict[str, Any], bases: tuple[type, ...] = ()) -> RecordType:
    own = {"__slots__": (), **spaces, "__shm_schema__": schema, "__shm_fields__": fields_of(schema)}
    return RecordType(name, (*bases, Record), own)


def class_of(schema: Schema) -> type:
    """The class of the values of a struct or enum: the one that the program has defined, or one that is made."""
    found = _classes.get(schema.hash)
    if found is not None:
        return found
    made: type
    name = schema.name or "Value"
    if schema.kind == "enum":
        refused = f"the enum `{schema}` of the object cannot be an enum in Python"
        # Some names of members mean something else to `enum`: they raise an error of any type there, or make no member.
        try:
            made = ShmEnum(name, schema.variants, module=__name__)  # type: ignore[assignment]
            names = set(made.__members__)  # type: ignore[attr-defined]
        except Exception as error:
            raise LayoutError(f"{refused}: {error}") from None
        if missing := [variant for variant, _ in schema.variants if variant not in names]:
            raise LayoutError(f"{refused}: no member can be named `{missing[0]}`")
        made.__shm_schema__ = schema  # type: ignore[attr-defined]
        made.__shm_made__ = True  # type: ignore[attr-defined]
    else:
        made = _record(name, schema, {"__module__": __name__, "__shm_made__": True})
    _classes[schema.hash] = made
    if isinstance(made, RecordType):
        made._dtype = dtype_of(schema)
    return made


def dtype_of(schema: Schema) -> np.dtype[Any]:
    """The dtype of values of this type. Arrays are its subarrays."""
    found = _dtypes.get(schema.hash)
    if found is None:
        found = _dtypes[schema.hash] = _new_dtype(schema)
    return found


def _new_dtype(schema: Schema) -> np.dtype[Any]:
    kind = schema.kind
    if kind in ("primitive", "atomic"):
        return np.dtype(_PRIMITIVES[str(schema.name)])
    if kind == "enum":
        return np.dtype(_PRIMITIVES[str(schema.repr)])
    if kind in ("pad", "phantom"):
        return np.dtype(f"V{schema.size}")
    if kind == "array":
        return np.dtype((dtype_of(schema["element"]), (schema.len,)))
    if kind == "fixed_string":
        return _struct({"len": ("<u4", 0), "text": (f"S{schema.len}", 4)}, schema.size)
    if kind == "fixed_vec":
        return _struct({"len": ("<u8", 0), "items": ((dtype_of(schema["element"]), (schema.len,)), 8)}, schema.size)
    if is_timestamp(schema):
        return np.dtype("<M8[ns]")
    if kind == "struct":
        cls = class_of(schema)
        if isinstance(cls, RecordType) and "_dtype" in vars(cls):
            return cls._dtype
        meant = fields_of(schema)
        fields = {name: (dtype_of(of), offset) for name, offset, of in schema.fields if name in meant}
        return np.dtype((cls, _struct(fields, schema.size)))
    raise LayoutError(f"`{schema}` is no value, so numpy has no type for it")


def _struct(fields: dict[str, Any], size: int) -> np.dtype[Any]:
    formats, offsets = [of for of, _ in fields.values()], [offset for _, offset in fields.values()]
    spec = {"names": list(fields), "formats": formats, "offsets": offsets, "itemsize": size}
    try:
        return np.dtype(spec)  # type: ignore[call-overload,no-any-return]
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise LayoutError(f"numpy has no type for the layout: {error}") from None


def shape_of(schema: Schema) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and the dtype of an array that holds one value of this type."""
    shape: list[int] = []
    while schema.kind == "array":
        shape.append(schema.len or 0)
        schema = schema["element"]
    return tuple(shape), dtype_of(schema)


def enums_of(schema: Schema, path: str = "") -> dict[str, type[enum.IntEnum]]:
    """The enums in a value, by the path of their field. Indices of arrays are left out."""
    if schema.kind == "enum":
        return {path: class_of(schema)}
    if schema.kind == "struct":
        below = [enums_of(of, f"{path}.{name}" if path else name) for name, _, of in schema.fields]
        return {path: cls for found in below for path, cls in found.items()}
    return enums_of(schema["element"], path) if schema.kind in ("array", "fixed_vec") else {}


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def nanoseconds(time: object) -> int | None:
    """The nanoseconds of a time since 1970. None if it is no time."""
    if isinstance(time, np.datetime64):
        unit, _ = np.datetime_data(time.dtype)
        exact = time.astype("datetime64[ns]")
        # A time out of range wraps in numpy.
        if unit != "generic" and exact.astype(time.dtype) == time or np.isnat(time):
            return int(exact.astype(np.int64))
        return None
    if isinstance(time, datetime.datetime) and time.tzinfo is not None:
        since = time - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    return time if isinstance(time, int) and not isinstance(time, bool) else None
