//! A schema of each kind, written by hand, for unit tests.

use super::{ConstArg, Field, Kind, Primitive, Schema, Variant};

const U32: Schema = Schema::of::<u32>(Kind::Primitive(Primitive::U32));
const F64: Schema = Schema::of::<f64>(Kind::Primitive(Primitive::F64));
const ATOMIC: Schema = Schema::new(8, 8, Kind::Atomic(Primitive::U64));
const ARRAY: Schema = Schema::new(32, 8, Kind::Array { len: 4, element: &F64 });
const POSITION: Schema = Schema::new(
    24,
    8,
    Kind::Struct {
        name: "Position",
        const_args: &[],
        fields: &[
            Field { name: "x", offset: 0, schema: &F64 },
            Field { name: "y", offset: 8, schema: &F64 },
            Field { name: "z", offset: 16, schema: &F64 },
        ],
    },
);
const GRID: Schema = Schema::new(
    32,
    8,
    Kind::Struct {
        name: "Grid",
        const_args: &[ConstArg { name: "W", value: 4 }, ConstArg { name: "H", value: -8 }],
        fields: &[Field { name: "0", offset: 0, schema: &ARRAY }],
    },
);
const MODE: Schema = Schema::new(
    1,
    1,
    Kind::Enum {
        name: "Mode",
        repr: Primitive::U8,
        variants: &[Variant { name: "Idle", discriminant: 0 }, Variant { name: "Fast", discriminant: 255 }],
    },
);

/// One schema of each kind, and a struct with const arguments.
pub(crate) const EVERY_KIND: [&Schema; 19] = [
    &F64,
    &ATOMIC,
    &ARRAY,
    &POSITION,
    &GRID,
    &MODE,
    &Schema::new(7, 1, Kind::Pad),
    &Schema::new(0, 1, Kind::Phantom),
    &Schema::new(36, 1, Kind::FixedString { capacity: 32 }),
    &Schema::new(40, 4, Kind::FixedVec { capacity: 8, element: &U32 }),
    &Schema::new(8, 8, Kind::AtomicCell { value: &MODE }),
    &Schema::new(192, 64, Kind::Versioned { value: &POSITION }),
    &Schema::new(128, 128, Kind::CacheAligned { object: &ATOMIC }),
    &Schema::new(8, 8, Kind::Lock),
    &Schema::new(16, 8, Kind::Event),
    &Schema::new(512, 64, Kind::Queue { capacity: 4, value: &POSITION }),
    &Schema::new(320, 64, Kind::Broadcast { capacity: 3, value: &U32 }),
    &Schema::new(832, 64, Kind::Map { capacity: 4, key: &U32, value: &POSITION }),
    &Schema::new(1088, 64, Kind::Frames { capacity: 8, slots: 3, element: &U32, meta: &POSITION }),
];
