//! Random types, with names that are awkward for readers in other languages.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use shmstore::{ShmLayout, Timestamp};

use crate::random::Random;

/// Names that fields have in messages, too. No other name becomes one of these.
pub(crate) const PLAIN: [&str; 12] =
    ["x", "speed", "class", "from", "lambda", "int", "sec", "values", "self", "data", "constructor", "string"];

const AWKWARD: [&str; 30] = [
    "0",
    "1",
    "9lives",
    "_lead",
    "__a__b",
    "a__b",
    "trail_",
    "speedX",
    "speed_x",
    "SPEED_X",
    "XMLParser",
    "größe",
    "日本",
    "é",
    "end\n",
    "a b",
    "a.b",
    "#c",
    "c=1",
    "\u{202e}",
    "None",
    "True",
    "__slots__",
    "__dict__",
    "__proto__",
    "toString",
    "STATE_IDLE",
    "float64 y",
    "structure_needs_at_least_one_member",
    "r#type",
];

const TYPES: [&str; 18] = [
    "Point",
    "Point",
    "point",
    "POINT",
    "my_type",
    "Time",
    "Duration",
    "Header",
    "string",
    "uint8",
    "3D",
    "日本",
    "a/b",
    "List",
    "Entry",
    "class",
    "M",
    "Timestamp",
];

const VARIANTS: [&str; 10] = ["Idle", "IDLE", "DrivingFast", "None", "class", "Ä", "Ö", "2D", "_x_", "a\nb"];

const PRIMITIVES: [Primitive; 12] = {
    use Primitive::{Bool, Char, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    [U8, U16, U32, U64, I8, I16, I32, I64, F32, F64, Bool, Char]
};

/// A type. Most are structs.
pub(crate) fn root(random: &mut Random) -> OwnedSchema {
    if random.below(8) == 0 { any(random, 3) } else { structure(random, 4) }
}

fn any(random: &mut Random, deep: u64) -> OwnedSchema {
    let kinds = if deep == 0 { 16 } else { 28 };
    match random.below(kinds) {
        0..=9 => OwnedSchema::primitive(*random.of(&PRIMITIVES)),
        10..=11 => enumeration(random),
        12 => OwnedSchema::fixed_string(1 + random.below(24)).expect("a text has a layout"),
        13 => OwnedSchema::from(Timestamp::SCHEMA),
        14 => OwnedSchema::pad(1 + random.below(5)).expect("padding has a layout"),
        15 => OwnedSchema::phantom(),
        16..=19 => OwnedSchema::array(any(random, deep - 1), 1 + random.below(4)).expect("a short array has a layout"),
        20..=23 => OwnedSchema::fixed_vec(any(random, deep - 1), 1 + random.below(4)).expect("a list has a layout"),
        _ => structure(random, deep - 1),
    }
}

/// A struct. Sometimes it has a gap between two fields, as fields with a larger alignment have it.
fn structure(random: &mut Random, deep: u64) -> OwnedSchema {
    let mut fields: Vec<(String, OwnedSchema)> = Vec::new();
    for _ in 0..random.below(8) {
        let name = if random.below(2) == 0 { random.of(&PLAIN[..]) } else { random.of(&AWKWARD[..]) };
        if !fields.iter().any(|(used, _)| used == name) {
            fields.push(((*name).to_owned(), any(random, deep)));
        }
    }
    OwnedSchema::structure(*random.of(&TYPES), fields, 1, vec![]).expect("a short struct has a layout")
}

fn enumeration(random: &mut Random) -> OwnedSchema {
    let repr = *random.of(&PRIMITIVES[..8]);
    let bits = 8 * repr.size() as u32;
    let is_signed = PRIMITIVES[4..8].contains(&repr);
    let (least, most) = if is_signed { (-(1_i128 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) };
    let numbers = [0, least, most, 1, if is_signed { -1 } else { most / 2 }];
    let mut variants: Vec<(String, i128)> = Vec::new();
    for number in &numbers[..1 + random.below(5) as usize] {
        let name = random.of(&VARIANTS);
        if !variants.iter().any(|(used, other)| used == name || other == number) {
            variants.push(((*name).to_owned(), *number));
        }
    }
    OwnedSchema::enumeration(*random.of(&TYPES), repr, variants).expect("an enum has a layout")
}

/// Returns `true` for a type of which nothing is in a message.
pub(crate) fn is_absent(of: &OwnedSchema) -> bool {
    match of.kind() {
        OwnedKind::Pad | OwnedKind::Phantom => true,
        OwnedKind::Array { element, .. } => is_absent(element),
        OwnedKind::Struct { fields, .. } => fields.iter().all(|OwnedField { schema, .. }| is_absent(schema)),
        _ => false,
    }
}
