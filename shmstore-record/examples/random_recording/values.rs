//! Random values, and their leaves.

use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};
use shmstore::{ShmLayout, Timestamp};

use crate::random::Random;
use crate::types::{PLAIN, is_absent};

/// Characters of one to four bytes.
const CHARS: [char; 10] = ['a', 'Z', '"', '\\', '\n', '\0', 'ä', '€', '日', '🦀'];

/// A path, a kind and a text.
type Leaf = (String, &'static str, String);

/// The bytes of a value, and its leaves.
pub(crate) fn value(of: &OwnedSchema, random: &mut Random) -> (Vec<u8>, Vec<Leaf>) {
    let mut maker = Maker { random, leaves: Vec::new() };
    let mut bytes = vec![0; of.size() as usize];
    let is_message = matches!(of.kind(), OwnedKind::Struct { .. }) && !is_time(of);
    if is_absent(of) {
        maker.leaf("structure_needs_at_least_one_member", "i", 0);
    } else {
        maker.fill(of, &mut bytes, if is_message { "" } else { "value" });
    }
    (bytes, maker.leaves)
}

struct Maker<'a> {
    random: &'a mut Random,
    leaves: Vec<Leaf>,
}

impl Maker<'_> {
    fn leaf(&mut self, path: &str, kind: &'static str, text: impl ToString) {
        self.leaves.push((path.to_owned(), kind, text.to_string()));
    }

    fn fill(&mut self, of: &OwnedSchema, bytes: &mut [u8], path: &str) {
        match of.kind() {
            OwnedKind::Primitive(kind) => self.number(*kind, bytes, path),
            OwnedKind::Enum { repr, variants, .. } => {
                let number = self.random.of(variants).discriminant;
                bytes.copy_from_slice(&number.to_le_bytes()[..repr.size()]);
                self.leaf(path, "i", number);
            }
            _ if is_absent(of) => {}
            _ if is_time(of) => self.time(bytes, path),
            OwnedKind::Struct { fields, .. } => {
                for field in fields {
                    let name = if PLAIN.contains(&&*field.name) { &field.name } else { "*" };
                    let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    let start = field.offset as usize;
                    self.fill(&field.schema, &mut bytes[start..start + field.schema.size() as usize], &path);
                }
            }
            OwnedKind::Array { element, .. } => {
                // Arrays of arrays are one array in a message.
                let mut element = &**element;
                while let OwnedKind::Array { element: inner, .. } = element.kind() {
                    element = inner;
                }
                let len = of.size() / element.size();
                self.leaf(path, "n", len);
                self.all(element, len, bytes, path);
            }
            OwnedKind::FixedVec { capacity, element } => {
                let len = self.random.below(capacity + 1);
                bytes[..8].copy_from_slice(&len.to_le_bytes());
                self.leaf(path, if is_absent(element) { "i" } else { "n" }, len);
                self.all(element, len, &mut bytes[8..], path);
            }
            OwnedKind::FixedString { capacity } => {
                let mut text = String::new();
                for _ in 0..self.random.below(12) {
                    let next = *self.random.of(&CHARS);
                    if text.len() + next.len_utf8() <= *capacity as usize {
                        text.push(next);
                    }
                }
                bytes[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
                bytes[4..4 + text.len()].copy_from_slice(text.as_bytes());
                self.leaf(path, "s", text);
            }
            other => unreachable!("no such type is made: {other:?}"),
        }
    }

    fn all(&mut self, element: &OwnedSchema, len: u64, bytes: &mut [u8], path: &str) {
        if is_absent(element) {
            return;
        }
        // A list or an array as an element is a message with one field.
        let is_list = matches!(element.kind(), OwnedKind::Array { .. } | OwnedKind::FixedVec { .. });
        let inner = if is_list { ".values" } else { "" };
        for (at, one) in bytes.chunks_exact_mut(element.size() as usize).take(len as usize).enumerate() {
            self.fill(element, one, &format!("{path}[{at}]{inner}"));
        }
    }

    fn time(&mut self, bytes: &mut [u8], path: &str) {
        let seconds = *self.random.of(&[0, 1, -1, i64::from(i32::MIN), i64::from(i32::MAX), 1_750_000_000, -86_400]);
        let rest = *self.random.of(&[0, 1, 999_999_999, 500_000_000]);
        bytes.copy_from_slice(&(seconds * 1_000_000_000 + rest).to_le_bytes());
        self.leaf(&format!("{path}.sec"), "i", seconds);
        self.leaf(&format!("{path}.nanosec"), "i", rest);
    }

    fn number(&mut self, kind: Primitive, bytes: &mut [u8], path: &str) {
        let bits = match self.random.below(4) {
            0 => 0,
            1 => u64::MAX,
            _ => self.random.bits(),
        };
        let special = self.random.below(3) == 0;
        let bits = match kind {
            Primitive::Bool => bits & 1,
            Primitive::Char => u64::from(u32::from(*self.random.of(&CHARS))),
            Primitive::F32 if special => {
                *self.random.of(&[1 << 31, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_1234, 0x7f80_0001, 1])
            }
            Primitive::F64 if special => {
                let not_a_number = [0x7ff8 << 48, 0xfff8_0000_dead_beef, 0x7ff0_0000_0000_0001];
                *self.random.of(&[&[1 << 63, 0x7ff0 << 48, 0xfff0 << 48, 1][..], &not_a_number].concat())
            }
            _ => bits,
        };
        bytes.copy_from_slice(&bits.to_le_bytes()[..bytes.len()]);
        let bits = bits & (u64::MAX >> (64 - 8 * bytes.len()));
        let unused = 64 - 8 * bytes.len() as u32;
        match kind {
            Primitive::F32 => self.leaf(path, "f4", format!("{bits:08x}")),
            Primitive::F64 => self.leaf(path, "f8", format!("{bits:016x}")),
            Primitive::I8 | Primitive::I16 | Primitive::I32 | Primitive::I64 => {
                self.leaf(path, "i", (bits << unused) as i64 >> unused);
            }
            _ => self.leaf(path, "i", bits),
        }
    }
}

fn is_time(of: &OwnedSchema) -> bool {
    *of == OwnedSchema::from(Timestamp::SCHEMA)
}
