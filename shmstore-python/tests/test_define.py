"""Types that are defined in Python have the schemas and the hashes of Rust's."""

from __future__ import annotations

import json
import pickle
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import robots
import shmstore
from shmstore._records import class_of
from shmstore import (
    Array, Atomic, AtomicValue, CacheAligned, FixedString, FixedVec, Map, Pad, Queue, Schema, Timestamp, Versioned,
    char, f64, u8, u16, u32, u64,
)  # fmt: skip

GOLDEN = [line.split(" ", 2) for line in (Path(__file__).parent / "types.txt").read_text().splitlines()]


def schema_of(name: str) -> Schema:
    found = Timestamp if name == "Timestamp" else getattr(robots, name)
    return found if isinstance(found, Schema) else getattr(found, "__shm_schema__", getattr(found, "schema", None))


@pytest.mark.parametrize(("name", "hash", "schema"), GOLDEN, ids=[name for name, _, _ in GOLDEN])
def test_schema_and_hash_are_those_of_the_derive(name: str, hash: str, schema: str) -> None:
    assert schema_of(name).to_json() == schema
    assert schema_of(name).hash == hash
    assert Schema.from_json(json.dumps(json.loads(schema), indent=1)) == schema_of(name)


def test_text_annotations_may_name_types_of_the_function() -> None:
    # The annotations of this file are text.
    @shmstore.value
    class Inner:
        a: u32

    @shmstore.value(name="Outer")
    class Local:
        inner: Inner
        rest: u32

    assert str(Local.schema) == "Outer"
    assert [(name, offset) for name, offset, _ in Local.schema.fields] == [("inner", 0), ("rest", 4)]


def test_literals_are_numbers_for_type_checkers() -> None:
    assert FixedString[Literal[16]] == FixedString[16]
    assert Queue[u64, Literal[8]] == Queue[u64, 8]


def test_padding_of_a_value_is_refused_with_the_field_to_add() -> None:
    with pytest.raises(TypeError, match=r"`Gap` has 7 bytes of padding before `b`: add .* `_pad: shmstore.Pad\[7\]`"):

        @shmstore.value
        class Gap:
            a: u8
            b: u64

    with pytest.raises(TypeError, match=r"2 bytes of padding after its last field: .* `_pad2: shmstore.Pad\[2\]`"):

        @shmstore.value
        class Tail:
            _pad: u32
            b: u16


FIELDS: list[tuple[object, str]] = [
    (int, "`int` has no fixed size: write `shmstore.u64`"),
    (float, "write `shmstore.f64`"),
    (str, "write `shmstore.FixedString"),
    (dict, "write `shmstore.Map"),
    (IntEnum("Mode", {"Idle": 0}), "@shmstore.enum"),
    (Versioned[f64], "is an object, which cannot be copied"),
    (complex, "`complex` is no type of a field"),
    (7, "`7` is no type of a field"),
]


@pytest.mark.parametrize(("annotation", "says"), FIELDS)
def test_types_that_no_value_has_are_refused(annotation: object, says: str) -> None:
    with pytest.raises(TypeError, match=r"field `a` of `Bad`") as raised:
        shmstore.value(type("Bad", (), {"__annotations__": {"a": annotation}}))
    assert says in str(raised.value)


def test_values_are_refused_where_objects_stand() -> None:
    with pytest.raises(TypeError, match=r"`f64` is a value, .*Write `Versioned\[f64\]`, or `AtomicValue\[f64\]`"):
        shmstore.object(type("Bad", (), {"__annotations__": {"a": f64}}))
    with pytest.raises(TypeError, match="is an object, which cannot be copied"):
        Versioned[robots.Arm]
    with pytest.raises(TypeError, match=r"write `CacheAligned\[Versioned\[f64\]\]`"):
        CacheAligned[f64]
    with pytest.raises(TypeError, match=r"write `AtomicValue\[f64\]`"):
        Atomic[f64]


def test_arguments_in_brackets_are_checked() -> None:
    wrong: list[Any] = [
        lambda: Queue[u64],
        lambda: Queue[u64, "8"],
        lambda: Queue[u64, True],
        lambda: Map[u64, u64],
        lambda: FixedString[u8],
        lambda: Array[u8],
    ]
    for case in wrong:
        with pytest.raises(TypeError, match="write `"):
            case()
    none = (lambda: FixedString[0], lambda: Array[u8, 0], lambda: Queue[u64, 0], lambda: AtomicValue[Array[u8, 9]])
    for refused in none:
        with pytest.raises(ValueError):
            refused()


def test_ids_rooms_and_enums_are_checked() -> None:
    with pytest.raises(ValueError, match="one printable character"):
        shmstore.object(id="TT")(type("Bad", (), {"__annotations__": {"a": Atomic[u64]}}))
    with pytest.raises(ValueError, match="its room is 4"):
        shmstore.object(id="T", room=4)(type("Bad", (), {"__annotations__": {"a": Atomic[u64]}}))
    with pytest.raises(TypeError, match="no member of `Mode` is 0"):
        shmstore.enum(u8)(IntEnum("Mode", {"Fast": 1}))
    with pytest.raises(ValueError, match="300"):
        shmstore.enum(u8)(IntEnum("Mode", {"Idle": 0, "Fast": 300}))
    with pytest.raises(TypeError, match="has no fields"):
        shmstore.value(type("Empty", (), {}))
    with pytest.raises(TypeError, match="has a default value"):
        shmstore.value(type("Preset", (), {"__annotations__": {"a": u8}, "a": 7}))


def test_classes_keep_their_methods_and_docs() -> None:
    @shmstore.value
    class Point:
        """A point."""

        x: f64
        y: f64

        def norm(self) -> float:
            return float(np.hypot(self.x, self.y))

    assert Point.__doc__ == "A point."
    assert Point(3.0, 4.0).norm() == 5.0
    assert np.zeros(2, Point.dtype)[1].norm() == 0.0


def test_object_of_python_is_attached_by_rust(store: shmstore.Store, peer: Any) -> None:
    with store.create(robots.Robot) as robot:
        assert isinstance(robot, robots.Robot)
        robot.position.store((1.0, 2.0, 3.0))
        robot.mode.store(robots.Mode.Broken)
        assert peer("position") == "(1, Position { x: 1.0, y: 2.0, z: 3.0 })"
        assert peer("cells") == "0.0 Broken"
        assert peer("fill") == "ok"
        assert robot.reading.load().side is robots.Side.Left
        reading = robots.Reading(
            at=np.datetime64(5, "ns"), ok=True, mode="Fast", side=1, letter="x", name="n", values=[0.5],
            position=(1, 2, 3), grid=[[1, 2], [3, 4]],
        )  # fmt: skip
        robot.reading.store(reading)
    shown = peer("reading")
    for part in ("00.000000005Z", "mode: Fast", "side: Right", "letter: 'x'", 'name: "n"', "values: [0.5]", "[3, 4]"):
        assert part in shown
    store.create(robots.Everything)
    assert peer("everything") == "ok"


def test_object_of_rust_is_attached_by_its_class(store: shmstore.Store, peer: Any) -> None:
    assert peer("create") == "ok"
    robot = store.attach(robots.Robot)
    assert type(robot) is robots.Robot
    assert robot.mode.load() is robots.Mode.Fast
    assert type(robot.position.load()) is robots.Position


def test_object_of_another_layout_is_refused_with_the_difference(store: shmstore.Store) -> None:
    store.create(robots.Robot)
    other = shmstore.object(id="R", name="Robot")(
        type("Robot", (), {"__annotations__": {"frames": Atomic[u64], "level": Atomic[u32]}})
    )
    with pytest.raises(shmstore.LayoutError) as raised:
        store.attach(other)
    assert "level" in str(raised.value) and "AtomicI32" in str(raised.value)


def test_class_with_the_first_fields_attaches_a_longer_object(store: shmstore.Store) -> None:
    def rover(**fields: object) -> Any:
        return shmstore.object(id="V", room=4096, name="Rover")(type("Rover", (), {"__annotations__": fields}))

    longer = store.create(rover(frames=Atomic[u64], speed=Versioned[f64]))
    longer.frames.store(7)
    shorter = store.attach(rover(frames=Atomic[u64]))
    assert shorter.frames.load() == 7
    with pytest.raises(shmstore.LayoutError):
        store.attach(rover(frames=Atomic[u64], speed=Versioned[f64], more=Atomic[u8]))


def test_letters_and_pads() -> None:
    @shmstore.value
    class Key:
        letter: char
        _pad: Pad[4]

    assert Key("x").tobytes() == b"x\0\0\0\0\0\0\0"
    assert FixedVec[char, 2].schema.size == 16


def test_fields_may_have_any_name_of_an_argument() -> None:
    @shmstore.value
    class Odd:
        cls: u32
        self: u32
        args: u32
        fields: u32

    odd = Odd(cls=1, self=2, args=3, fields=4)
    assert odd == (1, 2, 3, 4) and odd["cls"] == 1 and odd["self"] == 2


def test_names_of_foreign_types_may_be_those_of_python() -> None:
    names = ["__module__", "__shm_made__", "__class__", "__slots__", "_dtype", "mro", "dtype", "tolist"]
    schema = Schema.structure("Foreign", [(name, shmstore.u8.schema) for name in names])
    made = class_of(schema)
    record = made(**{name: number for number, name in enumerate(names)})
    assert [record[name] for name in names] == list(range(len(names)))
    assert pickle.loads(pickle.dumps(record)) == record


@pytest.mark.parametrize(
    "name", ["__class__", "__members__", "_missing_", "mro", "__init__", "_value_", "_Odd__x", "__new__", "_generate_"]
)
def test_variant_that_python_cannot_have_is_a_layout_error(store: shmstore.Store, name: str) -> None:
    schema = Schema.enumeration("Odd", "u8", [("Zero", 0), (name, 1)])
    try:
        assert class_of(schema)(1).name == name
    except shmstore.LayoutError as error:
        assert "the enum `Odd` of the object cannot be an enum in Python" in str(error)


def test_types_that_no_object_has_are_refused_where_they_are_defined() -> None:
    float_key = Map[FixedString[4], u64, 4], Map[f64, u64, 4]
    with pytest.raises(TypeError, match=r"`Keys` is the type of no object: .*fields\[1\].*`f64` cannot be a key"):
        shmstore.object(id="K")(type("Keys", (), {"__annotations__": {"good": float_key[0], "bad": float_key[1]}}))
    for name in ("a.b", "a\0b", "9", "a b", "__shm_x", ""):
        for make, of in ((shmstore.value, u64), (shmstore.object(id="K"), Atomic[u64])):
            with pytest.raises((TypeError, ValueError), match="identifier|is the type of no object|name"):
                make(type("Names", (), {"__annotations__": {name: of}}))
    with pytest.raises(TypeError, match="`Deep` is the type of no object"):
        shmstore.value(type("Deep", (), {"__annotations__": {"inner": Schema.structure("In", [("a.b", u64.schema)])}}))
