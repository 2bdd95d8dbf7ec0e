//! Types that nobody declared, some of which nobody can: parts that overlap, arrays without bytes and without end.

use shmstore::ShmLayout;
use shmstore::inspect::{FieldPath, Value};
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use super::choices::Choices;
use crate::objects::{EveryPart, Parts, Telemetry};
use crate::schemas::*;

const PRIMITIVES: [Primitive; 12] = {
    use Primitive::*;
    [U8, U16, U32, U64, I8, I16, I32, I64, F32, F64, Bool, Char]
};

const LARGEST: u64 = 1 << 16;

/// A `Versioned` as this library lays it out.
pub fn real_versioned(value: OwnedSchema) -> OwnedSchema {
    let unit = value.align().max(16);
    let slot = value.size().next_multiple_of(unit);
    let slots = 80_u64.next_multiple_of(unit);
    let slots = if slot % 64 == 0 { slots.next_multiple_of(64) } else { slots };
    let align = value.align().max(64);
    build((slots + 2 * slot).next_multiple_of(align), align, OwnedKind::Versioned { value: Box::new(value) })
}

pub(super) fn any_type(choices: &mut Choices<'_>) -> OwnedSchema {
    match choices.byte() % 8 {
        0 => OwnedSchema::from(Telemetry::SCHEMA),
        1 => OwnedSchema::from(Parts::SCHEMA),
        2 => OwnedSchema::from(EveryPart::SCHEMA),
        _ => made(choices, 6),
    }
}

fn leaf(choices: &mut Choices<'_>) -> OwnedSchema {
    match choices.byte() % 10 {
        0..=2 => primitive(*choices.one_of(&PRIMITIVES)),
        3 => atomic(*choices.one_of(&PRIMITIVES[..8])),
        4 => {
            let repr = *choices.one_of(&PRIMITIVES[..8]);
            let count = choices.below(5) as i128;
            enum_of("E", repr, (0..count).map(|number| (format!("V{number}"), number)).collect())
        }
        5 => pad(choices.below(9) as u64),
        6 => phantom(),
        7 => fixed_string(choices.below(40) as u64),
        8 => lock(),
        _ => event(),
    }
}

fn made(choices: &mut Choices<'_>, deep: u8) -> OwnedSchema {
    if deep == 0 || choices.is_done() {
        return leaf(choices);
    }
    let part = match choices.byte() % 15 {
        0..=2 => structure_of(choices, deep),
        3 => overlapping(choices, deep),
        4 => {
            let element = made(choices, deep - 1);
            let len = if element.size() == 0 { choices.number().max(1) } else { choices.below(9) as u64 + 1 };
            array(element, len)
        }
        5 => {
            let element = made(choices, deep - 1);
            let capacity = if element.size() == 0 { choices.number() } else { choices.below(9) as u64 };
            let size = (8 + element.size() * capacity).next_multiple_of(element.align());
            build(size, element.align(), OwnedKind::FixedVec { capacity, element: Box::new(element) })
        }
        6 => real_versioned(made(choices, deep - 1)),
        7 => cache_aligned(made(choices, deep - 1)),
        8 => atomic_cell(primitive(*choices.one_of(&PRIMITIVES))),
        9 => queue(made(choices, deep - 1), choices.below(9) as u64 + 1),
        10 => broadcast(made(choices, deep - 1), choices.below(9) as u64 + 2),
        11 => map(made(choices, deep - 1), made(choices, deep - 1), choices.below(9) as u64 + 1),
        12 => {
            let (element, meta) = (made(choices, deep - 1), made(choices, deep - 1));
            frames(element, choices.below(9) as u64 + 1, choices.below(14) as u64 + 3, meta)
        }
        // A queue that is only as large as its items.
        13 => {
            let (value, capacity) = (made(choices, deep - 1), choices.below(9) as u64 + 2);
            let size = ((16 + value.size()) * capacity).next_multiple_of(value.align());
            build(size, value.align(), OwnedKind::Queue { capacity, value: Box::new(value) })
        }
        // Somebody else's `Versioned`.
        _ => {
            let value = made(choices, deep - 1);
            build(value.size(), value.align(), OwnedKind::Versioned { value: Box::new(value) })
        }
    };
    if part.size() > LARGEST { leaf(choices) } else { part }
}

fn structure_of(choices: &mut Choices<'_>, deep: u8) -> OwnedSchema {
    let fields = (0..choices.below(5)).map(|number| (format!("f{number}"), made(choices, deep - 1)));
    let fields: Vec<_> = fields.collect();
    struct_of("S", vec![], fields, 1)
}

/// All fields begin at 0.
fn overlapping(choices: &mut Choices<'_>, deep: u8) -> OwnedSchema {
    let schema = made(choices, deep - 1);
    let count = choices.below(6);
    let field = |number| OwnedField { name: format!("o{number}"), offset: 0, schema: schema.clone() };
    let kind = OwnedKind::Struct { name: "O".into(), const_args: vec![], fields: (0..count).map(field).collect() };
    build(schema.size(), schema.align(), kind)
}

/// The JSON of a type, as somebody may have changed it.
pub(super) fn any_json(choices: &mut Choices<'_>) -> Vec<u8> {
    let schema = any_type(choices);
    changed_json(&schema, choices)
}

/// The JSON of this type, as somebody may have changed it.
pub(super) fn changed_json(schema: &OwnedSchema, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut json = schema.to_json().into_bytes();
    for _ in 0..choices.below(4) {
        change(&mut json, choices);
    }
    json
}

fn change(json: &mut Vec<u8>, choices: &mut Choices<'_>) {
    const WORDS: &str = "struct array enum versioned lock event pad phantom fixed_vec fixed_string atomic_cell \
                         cache_aligned queue broadcast map key frames meta slots u8 u64 char bool fields \u{202e}";
    if json.is_empty() {
        return;
    }
    let place = choices.wide() % json.len();
    match choices.byte() % 8 {
        // A number for a number.
        0..=2 => {
            let Some(start) = json[place..].iter().position(u8::is_ascii_digit).map(|at| place + at) else { return };
            let end = json[start..].iter().position(|byte| !byte.is_ascii_digit()).map_or(json.len(), |at| start + at);
            let number = if choices.one_in(8) { "-1".to_owned() } else { choices.number().to_string() };
            json.splice(start..end, number.into_bytes());
        }
        // A word for a word.
        3 => {
            let mut quotes = (place..json.len()).filter(|&at| json[at] == b'"');
            let (Some(start), Some(end)) = (quotes.next(), quotes.next()) else { return };
            json.splice(start + 1..end, choices.one_of(&WORDS.split(' ').collect::<Vec<_>>()).bytes());
        }
        // A node for a node.
        4 => {
            let Some(start) = json[place..].iter().position(|&byte| byte == b'{').map(|at| place + at) else { return };
            let Some(end) = closing(&json[start..]).map(|len| start + len) else { return };
            let node = made(choices, 3).to_json();
            json.splice(start..end, node.into_bytes());
        }
        5 => json.truncate(place),
        6 => json[place] = choices.byte(),
        _ => {
            let end = (place + choices.below(64)).min(json.len());
            let again = json[place..end].to_vec();
            json.splice(place..place, again);
        }
    }
}

/// How long the node is that begins here.
fn closing(json: &[u8]) -> Option<usize> {
    let mut open = 0_usize;
    json.iter()
        .position(|byte| {
            match byte {
                b'{' => open += 1,
                b'}' => open -= 1,
                _ => {}
            }
            open == 0
        })
        .map(|at| at + 1)
}

/// The path of some key of a map, or of none.
fn key_of(key: &OwnedSchema, map: &FieldPath, choices: &mut Choices<'_>) -> FieldPath {
    match key.kind() {
        OwnedKind::FixedString { .. } => map.key(&Value::Text(format!("{}", choices.byte()))),
        OwnedKind::Enum { variants, .. } if !variants.is_empty() => {
            let of = choices.one_of(variants);
            map.key(&Value::Variant { name: of.name.clone(), discriminant: of.discriminant })
        }
        OwnedKind::Primitive(Primitive::Bool) => map.key(&Value::Bool(choices.one_in(2))),
        OwnedKind::Array { len, .. } if *len < 4 => {
            let first: Vec<_> = (0..*len).map(|_| Value::Unsigned(choices.number())).collect();
            map.key(&Value::List { len: *len, first })
        }
        OwnedKind::Struct { name, fields, .. } => {
            let value = |field: &OwnedField| (field.name.clone(), Value::Unsigned(choices.number()));
            map.key(&Value::Struct { name: name.clone(), fields: fields.iter().map(value).collect() })
        }
        OwnedKind::Pad | OwnedKind::Phantom => map.key(&Value::Nothing),
        _ if choices.one_in(2) => map.key(&Value::Signed(choices.number() as i64)),
        _ => map.index(u64::from(choices.byte() & 1)),
    }
}

/// The path of some part of a type, or of none.
pub(super) fn any_path(schema: &OwnedSchema, choices: &mut Choices<'_>) -> FieldPath {
    let mut path = FieldPath::default();
    let mut at = schema;
    for _ in 0..choices.below(8) {
        if choices.one_in(8) {
            path = if choices.one_in(2) { path.index(choices.number()) } else { path.field("no such") };
            continue;
        }
        match at.kind() {
            OwnedKind::Struct { fields, .. } if !fields.is_empty() => {
                let field = choices.one_of(fields);
                path = path.field(&field.name);
                at = &field.schema;
            }
            OwnedKind::Frames { meta, .. } if choices.one_in(2) => {
                path = path.field("meta");
                at = meta;
            }
            OwnedKind::Array { element, .. }
            | OwnedKind::FixedVec { element, .. }
            | OwnedKind::Queue { value: element, .. }
            | OwnedKind::Broadcast { value: element, .. }
            | OwnedKind::Frames { element, .. } => {
                path = path.index(choices.number());
                at = element;
            }
            OwnedKind::Map { key, value, .. } => {
                path = key_of(key, &path, choices);
                at = value;
            }
            OwnedKind::Versioned { value } | OwnedKind::AtomicCell { value } => at = value,
            OwnedKind::CacheAligned { object } => at = object,
            _ => {}
        }
    }
    path
}
