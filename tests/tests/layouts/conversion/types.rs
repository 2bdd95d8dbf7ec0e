//! Random types of objects, values of them, and changes of the types.

use shmstore::inspect::Value;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use shmstore_tests::fuzz::types::real_versioned;
use shmstore_tests::images::vec_of;
use shmstore_tests::random::Random;
use shmstore_tests::schemas::*;

const NUMBERS: [Primitive; 10] = {
    use Primitive::*;
    [U8, U16, U32, U64, I8, I16, I32, I64, F32, F64]
};

fn number(random: &mut Random) -> Primitive {
    NUMBERS[random.within(0..10)]
}

fn integer(random: &mut Random) -> Primitive {
    NUMBERS[random.within(0..8)]
}

fn leaf(random: &mut Random) -> OwnedSchema {
    match random.within(0..8) {
        0 => primitive([Primitive::Bool, Primitive::Char][random.within(0..2)]),
        1 => {
            let count = random.within(1..5) as i128;
            enum_of("E", integer(random), (0..count).map(|number| (format!("V{number}"), 7 * number)).collect())
        }
        2 => fixed_string(random.within(0..9) as u64),
        3 if random.one_in(3) => pad(random.within(0..9) as u64),
        _ => primitive(number(random)),
    }
}

/// A type of values.
fn value_type(random: &mut Random, deep: u8) -> OwnedSchema {
    if deep == 0 {
        return leaf(random);
    }
    match random.within(0..7) {
        0 => array(value_type(random, deep - 1), random.within(1..5) as u64),
        1 => vec_of(value_type(random, deep - 1), random.within(0..5) as u64),
        2..=3 => struct_of("V", vec![], fields(random, deep - 1, value_type), 1),
        _ => leaf(random),
    }
}

fn key_type(random: &mut Random) -> OwnedSchema {
    match random.within(0..4) {
        0 => fixed_string(random.within(1..9) as u64),
        1 => struct_of("K", vec![], [("a".into(), primitive(integer(random))), ("b".into(), fixed_string(4))], 1),
        2 => array(primitive(integer(random)), 2),
        _ => primitive(integer(random)),
    }
}

fn meta_type(random: &mut Random, deep: u8) -> OwnedSchema {
    if random.one_in(3) { phantom() } else { value_type(random, deep) }
}

/// A type of objects.
pub(super) fn object_type(random: &mut Random, deep: u8) -> OwnedSchema {
    let deep_value = deep.min(2);
    match random.within(0..if deep == 0 { 9 } else { 12 }) {
        0 => atomic(integer(random)),
        1 => atomic_cell(primitive(number(random))),
        2 => real_versioned(value_type(random, deep_value)),
        3 => [lock(), event()][random.within(0..2)].clone(),
        4 => queue(value_type(random, deep_value), random.within(1..6) as u64),
        5 => broadcast(value_type(random, deep_value), random.within(2..6) as u64),
        6 => map(key_type(random), value_type(random, deep_value), random.within(1..6) as u64),
        7 => real_versioned(primitive(number(random))),
        8 => {
            let (element, capacity) = (value_type(random, deep_value), random.within(1..6) as u64);
            frames(element, capacity, random.within(3..6) as u64, meta_type(random, deep_value))
        }
        9 => cache_aligned(object_type(random, deep - 1)),
        10 => array(object_type(random, deep - 1), random.within(1..4) as u64),
        _ => structure_type(random, deep),
    }
}

pub(crate) fn structure_type(random: &mut Random, deep: u8) -> OwnedSchema {
    struct_of("O", vec![], fields(random, deep.saturating_sub(1), object_type), 1)
}

type Of = fn(&mut Random, u8) -> OwnedSchema;

fn fields(random: &mut Random, deep: u8, of: Of) -> Vec<(String, OwnedSchema)> {
    (0..random.within(1..6)).map(|number| (format!("f{number}"), of(random, deep))).collect()
}

/// The same type with some changes, at random places.
pub(super) fn changed(random: &mut Random, schema: &OwnedSchema) -> OwnedSchema {
    change(random, schema, object_type)
}

/// `of` makes types for new fields.
fn change(random: &mut Random, schema: &OwnedSchema, of: Of) -> OwnedSchema {
    use OwnedKind as Kind;
    let resized =
        |random: &mut Random, len: u64, least: u64| (len + 3).saturating_sub(random.within(0..6) as u64).max(least);
    // Most places stay as they are.
    let here = random.one_in(3);
    match schema.kind() {
        Kind::Struct { name, fields, .. } => {
            let changed = |field: &OwnedField| {
                let schema = if random.one_in(2) { change(random, &field.schema, of) } else { field.schema.clone() };
                (field.name.clone(), schema)
            };
            let mut fields: Vec<_> = fields.iter().map(changed).collect();
            if random.one_in(3) {
                fields.insert(random.within(0..fields.len() + 1), (format!("n{}", random.number()), of(random, 1)));
            }
            if random.one_in(3) && fields.len() > 1 {
                fields.remove(random.within(0..fields.len()));
            }
            if random.one_in(3) {
                let (one, other) = (random.within(0..fields.len()), random.within(0..fields.len()));
                fields.swap(one, other);
            }
            struct_of(if here { "Renamed" } else { name }, vec![], fields, 1)
        }
        Kind::Primitive(Primitive::Bool | Primitive::Char) if !random.one_in(20) => schema.clone(),
        Kind::Primitive(_) if here => primitive(number(random)),
        Kind::Atomic(_) | Kind::AtomicCell { .. } if here => match random.within(0..3) {
            0 => atomic(integer(random)),
            1 => atomic_cell(primitive(number(random))),
            _ => real_versioned(primitive(number(random))),
        },
        Kind::Versioned { value } if here && matches!(value.kind(), Kind::Primitive(_)) => atomic(integer(random)),
        Kind::Versioned { value } => real_versioned(change(random, value, value_type)),
        Kind::Enum { name, repr, variants } => {
            let mut variants: Vec<OwnedVariant> = variants.clone();
            let repr = if here { integer(random) } else { *repr };
            match random.within(0..4) {
                // The first one stays, as its number is 0.
                0 if variants.len() > 1 => drop(variants.remove(random.within(1..variants.len()))),
                1 => variants.push(OwnedVariant { name: "New".into(), discriminant: 100 }),
                2 if variants.len() > 1 => variants[1].name = "Renamed".into(),
                _ => {}
            }
            // Other numbers, of which 0 is the first one's.
            let factor = if random.one_in(2) { 1 } else { -1 };
            let is_signed = repr.name().starts_with('i');
            let factor = if is_signed { factor } else { 1 };
            enum_of(name, repr, variants.into_iter().map(|of| (of.name, of.discriminant * factor)).collect())
        }
        Kind::FixedString { capacity } if here => fixed_string(resized(random, *capacity, 0)),
        Kind::Array { len, element } => {
            let len = if here { resized(random, *len, 1) } else { *len };
            array(change(random, element, of), len)
        }
        Kind::FixedVec { capacity, element } => {
            let capacity = if here { resized(random, *capacity, 0) } else { *capacity };
            vec_of(change(random, element, of), capacity)
        }
        Kind::CacheAligned { object } => {
            let object = change(random, object, of);
            if here { object } else { cache_aligned(object) }
        }
        Kind::Queue { capacity, value } => {
            let capacity = if here { resized(random, *capacity, 1) } else { *capacity };
            queue(change(random, value, value_type), capacity)
        }
        Kind::Broadcast { capacity, value } => {
            let capacity = if here { resized(random, *capacity, 2) } else { *capacity };
            broadcast(change(random, value, value_type), capacity)
        }
        Kind::Map { capacity, key, value } => {
            let capacity = if here { resized(random, *capacity, 1) } else { *capacity };
            let key = if random.one_in(3) { change_key(random, key) } else { (**key).clone() };
            map(key, change(random, value, value_type), capacity)
        }
        Kind::Frames { capacity, slots, element, meta } => {
            let capacity = if here { resized(random, *capacity, 1) } else { *capacity };
            let slots = if random.one_in(2) { random.within(3..17) as u64 } else { *slots };
            let meta = if random.one_in(6) { meta_type(random, 1) } else { change(random, meta, value_type) };
            frames(change(random, element, value_type), capacity, slots, meta)
        }
        // Another type altogether.
        _ if random.one_in(20) => of(random, 1),
        _ => schema.clone(),
    }
}

fn change_key(random: &mut Random, key: &OwnedSchema) -> OwnedSchema {
    match key.kind() {
        OwnedKind::Primitive(_) => primitive(integer(random)),
        OwnedKind::Struct { .. } => struct_of("K", vec![], [("a".into(), primitive(integer(random)))], 1),
        OwnedKind::FixedString { capacity } => fixed_string((capacity + 2).saturating_sub(random.within(0..4) as u64)),
        _ => array(primitive(integer(random)), random.within(1..4) as u64),
    }
}

/// A value of a type.
pub(super) fn any_value(random: &mut Random, schema: &OwnedSchema) -> Value {
    use OwnedKind as Kind;
    let some = |random: &mut Random, capacity: u64| random.within(0..capacity as usize + 1);
    match schema.kind() {
        Kind::Primitive(of) | Kind::Atomic(of) => any_number(random, *of),
        Kind::Enum { variants, .. } => {
            let of = &variants[random.within(0..variants.len())];
            Value::Variant { name: of.name.clone(), discriminant: of.discriminant }
        }
        Kind::Array { len, element } => {
            let few = random.within(0..*len as usize + 1);
            let value = |index| if index < few { any_value(random, element) } else { super::zero(element) };
            Value::List { len: *len, first: (0..*len as usize).map(value).collect() }
        }
        Kind::FixedVec { capacity, element } => {
            let len = some(random, *capacity);
            Value::List { len: len as u64, first: (0..len).map(|_| any_value(random, element)).collect() }
        }
        Kind::Struct { name, fields, .. } => {
            let meaning = fields.iter().filter(|field| !matches!(field.schema.kind(), Kind::Pad | Kind::Phantom));
            let fields = meaning.map(|field| (field.name.clone(), any_value(random, &field.schema))).collect();
            Value::Struct { name: name.clone(), fields }
        }
        Kind::FixedString { capacity } => {
            Value::Text((0..some(random, *capacity)).map(|_| char::from(b'a' + random.within(0..26) as u8)).collect())
        }
        Kind::AtomicCell { value } => any_value(random, value),
        Kind::CacheAligned { object } => any_value(random, object),
        Kind::Versioned { value } => versioned_value(random, value),
        Kind::Lock => Value::Lock { locked: false, inconsistent: random.one_in(2) },
        Kind::Event => Value::Event { count: random.number() >> 1 },
        Kind::Queue { capacity, value } => {
            let len = some(random, *capacity);
            let pushed = (len + random.within(0..20)) as u64;
            let first = (0..len).map(|_| any_value(random, value)).collect();
            Value::Queue { len: len as u64, capacity: *capacity, pushed, outstanding: 0, first }
        }
        Kind::Broadcast { capacity, value } => {
            let sent = random.within(0..20) as u64;
            let last = (sent.saturating_sub(*capacity)..sent).map(|position| (position, any_value(random, value)));
            Value::Broadcast { sent, capacity: *capacity, last: last.collect() }
        }
        Kind::Map { capacity, key, value } => {
            let mut first: Vec<(Value, Value)> = Vec::new();
            for _ in 0..some(random, *capacity) {
                let name = any_value(random, key);
                if first.iter().all(|(other, _)| *other != name) {
                    first.push((name, versioned_value(random, value)));
                }
            }
            let changes = random.number() >> 1;
            Value::Map { len: first.len() as u64, capacity: *capacity, changes, first }
        }
        Kind::Frames { capacity, slots, element, meta } => {
            let (newest, len) = (random.within(0..9) as u64, some(random, *capacity));
            if newest == 0 {
                return super::zero(schema);
            }
            let meta = Box::new(any_value(random, meta));
            let first = (0..len).map(|_| any_value(random, element)).collect();
            let (capacity, slots, len) = (*capacity, *slots, len as u64);
            Value::Frames { newest, capacity, slots, pins: 0, loans: 0, len, meta, first }
        }
        // Of padding, nothing is read.
        _ => Value::Nothing,
    }
}

fn versioned_value(random: &mut Random, value: &OwnedSchema) -> Value {
    let version = random.within(0..4) as u64;
    let value = if version == 0 { super::zero(value) } else { any_value(random, value) };
    Value::Versioned { version, locked: false, value: Box::new(value) }
}

fn any_number(random: &mut Random, of: Primitive) -> Value {
    // Small ones fit most types.
    let bits = if random.one_in(6) { random.number() } else { random.within(0..128) as u64 };
    let unused = 64 - 8 * of.size() as u32;
    match of {
        Primitive::Bool => Value::Bool(bits & 1 == 1),
        Primitive::Char => Value::Char(char::from(bits as u8 & 0x7f)),
        Primitive::F32 if random.one_in(6) => Value::F32(f32::from_bits(bits as u32)),
        Primitive::F64 if random.one_in(6) => Value::F64(f64::from_bits(bits)),
        Primitive::F32 => Value::F32(bits as u8 as f32),
        Primitive::F64 => Value::F64(bits as u8 as f64),
        of if of.name().starts_with('i') => Value::Signed(((bits << unused) as i64) >> unused),
        _ => Value::Unsigned(bits << unused >> unused),
    }
}
