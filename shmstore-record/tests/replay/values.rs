//! Random types and values.

use proptest::prelude::*;
use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

/// A type of values. Structs have their gaps as `Pad`, as the derives demand.
pub(crate) fn any_value_type() -> impl Strategy<Value = OwnedSchema> {
    use Primitive::{Bool, Char, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let primitives = [Bool, Char, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64];
    let leaf = prop_oneof![
        4 => prop::sample::select(primitives.to_vec()).prop_map(OwnedSchema::primitive),
        1 => (prop::sample::select(vec![U8, I16, U32, I64]), 1_i128..5).prop_map(|(repr, count)| {
            let variants = (0..count).map(|number| (format!("V{number}"), number * 7));
            OwnedSchema::enumeration("State", repr, variants.collect()).unwrap()
        }),
        1 => (1_u64..12).prop_map(|capacity| OwnedSchema::fixed_string(capacity).unwrap()),
        1 => Just(timestamp()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 1_u64..4).prop_map(|(element, len)| OwnedSchema::array(element, len).unwrap()),
            (inner.clone(), 1_u64..4).prop_map(|(element, capacity)| of_list(element, capacity)),
            prop::collection::vec(inner, 1..5).prop_map(structure),
        ]
    })
}

/// A list must have no gap at its end.
fn of_list(element: OwnedSchema, capacity: u64) -> OwnedSchema {
    let align = element.align();
    let len = (1..=8).map(|more| capacity + more - 1).find(|capacity| (8 + element.size() * capacity) % align == 0);
    let list = OwnedSchema::fixed_vec(element.clone(), len.unwrap_or(capacity));
    list.unwrap_or(element)
}

fn timestamp() -> OwnedSchema {
    OwnedSchema::from(<shmstore::Timestamp as shmstore::ShmLayout>::SCHEMA)
}

fn structure(types: Vec<OwnedSchema>) -> OwnedSchema {
    let (mut fields, mut end, mut align) = (Vec::new(), 0_u64, 1);
    for (number, schema) in types.into_iter().enumerate() {
        pad(&mut fields, end, schema.align());
        end = end.next_multiple_of(schema.align()) + schema.size();
        align = align.max(schema.align());
        fields.push((format!("f{number}"), schema));
    }
    pad(&mut fields, end, align);
    OwnedSchema::structure("S", fields, 1, vec![]).unwrap()
}

fn pad(fields: &mut Vec<(String, OwnedSchema)>, end: u64, align: u64) {
    let gap = end.next_multiple_of(align) - end;
    if gap > 0 {
        fields.push((format!("pad{}", fields.len()), OwnedSchema::pad(gap).unwrap()));
    }
}

/// Random bits for a value.
pub(crate) struct Bits(pub(crate) u64);

impl Bits {
    /// The next bits, by SplitMix64.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The bytes of a valid value. Padding and unused room are random.
    pub(crate) fn value(&mut self, schema: &OwnedSchema) -> Vec<u8> {
        let mut value = vec![0; schema.size() as usize];
        self.fill(schema, &mut value);
        value
    }

    fn fill(&mut self, schema: &OwnedSchema, to: &mut [u8]) {
        to.iter_mut().for_each(|byte| *byte = self.next() as u8);
        let put = |to: &mut [u8], number: u64, size: usize| to[..size].copy_from_slice(&number.to_le_bytes()[..size]);
        match schema.kind() {
            OwnedKind::Primitive(of) => {
                let bits = self.next();
                let number = match of {
                    Primitive::Bool => bits & 1,
                    Primitive::Char => u64::from(char::from_u32(bits as u32 % 0xd800).unwrap_or('x')),
                    // A quiet NaN with a payload, −0.0, or anything.
                    Primitive::F64 if bits % 4 == 0 => 0x7ff8_0000_0000_0000 | bits >> 16,
                    Primitive::F64 if bits % 4 == 1 => 1 << 63,
                    Primitive::F32 if bits % 4 == 0 => 0x7f80_0001 | bits >> 44,
                    _ => bits,
                };
                put(to, number, of.size());
            }
            OwnedKind::Enum { repr, variants, .. } => {
                let chosen = self.next() as usize % variants.len();
                put(to, variants[chosen].discriminant as u64, repr.size());
            }
            OwnedKind::Array { len, element } => {
                let size = element.size() as usize;
                (0..*len as usize).for_each(|at| self.fill(element, &mut to[at * size..][..size]));
            }
            OwnedKind::Struct { name, .. } if name == "Timestamp" => {
                // Seconds of 32 bits.
                let time = (self.next() as i32 as i64) * 1_000_000_000 + (self.next() % 1_000_000_000) as i64;
                to.copy_from_slice(&time.to_le_bytes());
            }
            OwnedKind::Struct { fields, .. } => {
                for field in fields {
                    let at = field.offset as usize;
                    self.fill(&field.schema, &mut to[at..][..field.schema.size() as usize]);
                }
            }
            OwnedKind::FixedString { capacity } => {
                let text: String = "aä€\u{1F600}\0z".chars().cycle().skip(self.next() as usize % 6).take(4).collect();
                let mut len = (self.next() % (capacity + 1)).min(text.len() as u64) as usize;
                while !text.is_char_boundary(len) {
                    len -= 1;
                }
                put(to, len as u64, 4);
                to[4..4 + len].copy_from_slice(&text.as_bytes()[..len]);
            }
            OwnedKind::FixedVec { capacity, element } => {
                let (len, size) = ((self.next() % (capacity + 1)) as usize, element.size() as usize);
                put(to, len as u64, 8);
                (0..len).for_each(|at| self.fill(element, &mut to[8 + at * size..][..size]));
                // What is behind the elements has to be valid, too.
                to[8 + len * size..].fill(0);
            }
            _ => {}
        }
    }
}

/// Makes padding zero, as a decoded value has it.
pub(crate) fn without_noise(schema: &OwnedSchema, value: &[u8]) -> Vec<u8> {
    let mut clean = vec![0; value.len()];
    copy(schema, value, &mut clean);
    clean
}

fn copy(schema: &OwnedSchema, from: &[u8], to: &mut [u8]) {
    match schema.kind() {
        OwnedKind::Pad | OwnedKind::Phantom => {}
        OwnedKind::Array { len, element } => {
            let size = element.size() as usize;
            (0..*len as usize).for_each(|at| copy(element, &from[at * size..][..size], &mut to[at * size..][..size]));
        }
        OwnedKind::Struct { fields, .. } => {
            for field in fields {
                let (at, size) = (field.offset as usize, field.schema.size() as usize);
                copy(&field.schema, &from[at..][..size], &mut to[at..][..size]);
            }
        }
        OwnedKind::FixedString { .. } => {
            let len = u32::from_le_bytes(from[..4].try_into().unwrap()) as usize;
            to[..4 + len].copy_from_slice(&from[..4 + len]);
        }
        OwnedKind::FixedVec { element, .. } => {
            let (len, size) = (u64::from_le_bytes(from[..8].try_into().unwrap()) as usize, element.size() as usize);
            to[..8].copy_from_slice(&from[..8]);
            (0..len).for_each(|at| copy(element, &from[8 + at * size..][..size], &mut to[8 + at * size..][..size]));
        }
        _ => to.copy_from_slice(from),
    }
}
