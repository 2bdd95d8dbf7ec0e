//! The decoder from bytes to values, by a schema that may be hostile. Every offset is checked against the bytes.

mod errors;
mod frames;
mod maps;
mod rings;

use self::errors::{check_index, no_field, no_item, no_such_part};
use self::maps::Types;
use super::frames::FramesTypes;
use super::limits::Limits;
use super::memory::{Memory, element_offset, integer, length, offset};
use super::ring::{Broadcast, Queue};
use super::snapshot::{Snapshot, Waits, snapshot, version};
use super::value::Value;
use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use crate::sync;

/// The most values of an object without bytes, and the most further values for each byte.
///
/// Real types have far fewer. In a hostile schema fields may overlap or have no bytes.
const VALUES: u64 = 100_000;
const VALUES_A_BYTE: u64 = 4;

/// The most elements without bytes that are visited. They are all the same, and there may be up to `u64::MAX`.
const EMPTY_ELEMENTS: u64 = 8;

/// The bytes of a name, and the fields of a type, that take about as much memory or time as a value.
const LONG: usize = 32;
const MANY: usize = 64;

/// The bit of a lock's state that marks the guarded data as inconsistent.
pub(super) const LOCK_INCONSISTENT: u32 = 1;

pub(super) struct Decoder<'l, 'm> {
    limits: &'l Limits,
    memory: Memory<'m>,
    nodes_left: u64,
    /// The bytes that may still be copied, at most the length of the memory. Fields of a real type do not overlap.
    bytes_left: usize,
    waits: Waits,
    /// The reads of slots that are left, in units of [`Ring::cost`](super::ring::Ring::cost).
    looks_left: u64,
}

impl<'l, 'm> Decoder<'l, 'm> {
    pub(super) fn new(memory: Memory<'m>, limits: &'l Limits) -> Self {
        let bytes_left = usize::try_from(limits.bytes).unwrap_or(usize::MAX).min(memory.len());
        let possible = (memory.len() as u64).saturating_mul(VALUES_A_BYTE).saturating_add(VALUES);
        let (nodes_left, waits) = (limits.nodes.min(possible), Waits::of(limits.wait));
        let looks_left = rings::looks(memory.len(), limits);
        Self { limits, memory, nodes_left, bytes_left, waits, looks_left }
    }

    /// Decodes the whole memory.
    pub(super) fn all(mut self, schema: &OwnedSchema) -> Value {
        let memory = self.memory;
        self.value(schema, memory, 0)
    }

    /// Decodes the field at a path.
    pub(super) fn at(mut self, schema: &OwnedSchema, path: &FieldPath) -> Result<Value, FieldError> {
        let memory = self.memory;
        self.part(schema, memory, 0, path, 0)
    }

    /// Decodes the value that begins at `at`.
    fn value(&mut self, schema: &OwnedSchema, memory: Memory<'_>, at: usize) -> Value {
        if self.nodes_left == 0 {
            return Value::Omitted;
        }
        self.nodes_left -= 1;
        self.known_value(schema, memory, at).unwrap_or_else(Value::Invalid)
    }

    /// Counts memory or time of `nodes` more values.
    fn spend(&mut self, nodes: usize) {
        self.nodes_left = self.nodes_left.saturating_sub(nodes as u64);
    }

    /// Counts bytes that are to be copied.
    fn copies(&mut self, len: u64) -> Result<(), String> {
        let left = usize::try_from(len).ok().and_then(|len| self.bytes_left.checked_sub(len));
        self.bytes_left = left.ok_or("not decoded: more bytes than the limit, or fields that overlap")?;
        Ok(())
    }

    fn snapshot(
        &mut self,
        schema: &OwnedSchema,
        value: &OwnedSchema,
        memory: Memory<'_>,
        at: usize,
    ) -> Result<Snapshot, String> {
        self.copies(value.size())?;
        snapshot(schema, value, memory, at, &mut self.waits)
    }

    fn known_value(&mut self, schema: &OwnedSchema, memory: Memory<'_>, at: usize) -> Result<Value, String> {
        match schema.kind() {
            OwnedKind::Primitive(primitive) | OwnedKind::Atomic(primitive) => {
                number(*primitive, integer(memory, at, primitive.size())?)
            }
            OwnedKind::Enum { repr, variants, .. } => {
                self.spend(variants.len() / MANY);
                let found = variant(*repr, variants, integer(memory, at, repr.size())?)?;
                self.spend(found.name.len() / LONG);
                Ok(Value::Variant { name: found.name.clone(), discriminant: found.discriminant })
            }
            OwnedKind::Array { len, element } => Ok(self.list(*len, element, memory, at)),
            OwnedKind::Struct { name, fields, .. } => Ok(self.fields(name, fields, memory, at)),
            OwnedKind::FixedString { capacity } => {
                let len = integer(memory, at, 4)?.min(*capacity);
                self.copies(len)?;
                text(len, memory, offset(at, 4)?)
            }
            OwnedKind::FixedVec { capacity, element } => {
                let len = integer(memory, at, 8)?.min(*capacity);
                Ok(self.list(len, element, memory, offset(at, 8)?))
            }
            OwnedKind::AtomicCell { value } => {
                let word = integer(memory, at, 8)?.to_le_bytes();
                self.known_value(value, Memory::Copy(&word), 0)
            }
            OwnedKind::Versioned { value } => {
                if let Err(why) = self.copies(value.size()) {
                    let (version, locked) = version(schema, value, memory, at)?;
                    // It counts as any other value.
                    let value = if self.nodes_left == 0 { Value::Omitted } else { Value::Invalid(why) };
                    self.spend(1);
                    return Ok(Value::Versioned { version, locked, value: Box::new(value) });
                }
                let Snapshot { version, locked, bytes } = snapshot(schema, value, memory, at, &mut self.waits)?;
                let value = Box::new(self.value(value, Memory::Copy(&bytes), 0));
                Ok(Value::Versioned { version, locked, value })
            }
            OwnedKind::CacheAligned { object } => self.known_value(object, memory, at),
            OwnedKind::Lock => {
                let [word, state] = [integer(memory, at, 4)?, integer(memory, offset(at, 4)?, 4)?];
                let inconsistent = state & u64::from(LOCK_INCONSISTENT) != 0;
                Ok(Value::Lock { locked: sync::holder(word as u32) != 0, inconsistent })
            }
            OwnedKind::Event => {
                // The lowest bit says that a process may be waiting.
                Ok(Value::Event { count: integer(memory, at, 8)? >> 1 })
            }
            OwnedKind::Queue { capacity, value } => self.queue(schema, value, *capacity, memory, at),
            OwnedKind::Broadcast { capacity, value } => self.broadcast(schema, value, *capacity, memory, at),
            OwnedKind::Map { capacity, key, value } => {
                self.map(Types { map: schema, key, value, capacity: *capacity }, memory, at)
            }
            OwnedKind::Frames { capacity, slots, element, meta } => self.frames(
                FramesTypes { frames: schema, element, meta, capacity: *capacity, slots: *slots },
                memory,
                at,
            ),
            OwnedKind::Pad | OwnedKind::Phantom => Ok(Value::Nothing),
        }
    }

    fn fields(&mut self, name: &str, fields: &[OwnedField], memory: Memory<'_>, at: usize) -> Value {
        self.spend(fields.len() / MANY);
        let decoded = fields.iter().filter(|field| field.has_meaning()).map(|field| {
            self.spend(field.name.len() / LONG);
            let value = match offset(at, field.offset) {
                Ok(at) => self.value(&field.schema, memory, at),
                Err(why) => Value::Invalid(why),
            };
            (field.name.clone(), value)
        });
        Value::Struct { name: name.to_owned(), fields: decoded.collect() }
    }

    fn list(&mut self, len: u64, element: &OwnedSchema, memory: Memory<'_>, at: usize) -> Value {
        let visited = if element.size() == 0 { EMPTY_ELEMENTS } else { u64::MAX };
        let first = self.elements(len.min(self.limits.elements).min(visited), element, memory, at);
        Value::List { len, first }
    }

    /// Decodes the first `count` elements of a list that begins at `at`, as many as the limits allow.
    fn elements(&mut self, count: u64, element: &OwnedSchema, memory: Memory<'_>, at: usize) -> Vec<Value> {
        let mut first = Vec::new();
        for index in 0..count {
            if self.nodes_left == 0 {
                break;
            }
            first.push(match element_offset(at, index, element) {
                Ok(at) => self.value(element, memory, at),
                Err(why) => Value::Invalid(why),
            });
        }
        first
    }

    /// Decodes the field at `path[done..]` below the value that begins at `at`.
    fn part(
        &mut self,
        schema: &OwnedSchema,
        memory: Memory<'_>,
        at: usize,
        path: &FieldPath,
        done: usize,
    ) -> Result<Value, FieldError> {
        let Some(step) = path.steps().get(done) else { return Ok(self.value(schema, memory, at)) };
        let found = match (schema.kind(), step) {
            (OwnedKind::CacheAligned { object }, _) => return self.part(object, memory, at, path, done),
            (OwnedKind::Versioned { value }, _) => {
                return match self.snapshot(schema, value, memory, at) {
                    Ok(copy) => self.part(value, Memory::Copy(&copy.bytes), 0, path, done),
                    Err(why) => Ok(Value::Invalid(why)),
                };
            }
            (OwnedKind::AtomicCell { value }, _) => {
                let word = integer(memory, at, 8).map(u64::to_le_bytes);
                return match word {
                    Ok(word) => self.part(value, Memory::Copy(&word), 0, path, done),
                    Err(why) => Ok(Value::Invalid(why)),
                };
            }
            (OwnedKind::Struct { fields, .. }, Step::Field(name)) => {
                let field = fields.iter().find(|field| field.name == *name);
                let field = field.ok_or_else(|| no_field(schema, fields, name, &path.up_to(done)))?;
                offset(at, field.offset).map(|at| (&field.schema, at))
            }
            (OwnedKind::Array { len, element }, Step::Index(index)) => {
                check_index(*index, *len, path, done)?;
                element_offset(at, *index, element).map(|at| (&**element, at))
            }
            (OwnedKind::FixedVec { capacity, element }, Step::Index(index)) => match integer(memory, at, 8) {
                Ok(len) => {
                    check_index(*index, len.min(*capacity), path, done)?;
                    offset(at, 8).and_then(|at| element_offset(at, *index, element)).map(|at| (&**element, at))
                }
                Err(why) => Err(why),
            },
            (OwnedKind::Queue { capacity, value }, Step::Index(index)) => {
                let queue = Queue::of(schema, value, *capacity, memory, at);
                return match queue.and_then(|queue| self.queue_item(&queue, value, *index)) {
                    Ok(Ok(bytes)) => self.part(value, Memory::Copy(&bytes), 0, path, done + 1),
                    Ok(Err(len)) => Err(FieldError::OutOfRange { path: path.up_to(done).to_string(), len }),
                    Err(why) => Ok(Value::Invalid(why)),
                };
            }
            (OwnedKind::Broadcast { capacity, value }, Step::Index(index)) => {
                let broadcast = Broadcast::of(schema, value, *capacity, memory, at);
                return match broadcast.and_then(|broadcast| self.broadcast_item(&broadcast, value, *index)) {
                    Ok(Ok(bytes)) => self.part(value, Memory::Copy(&bytes), 0, path, done + 1),
                    Ok(Err(there)) => Err(no_item(*index, there, &path.up_to(done))),
                    Err(why) => Ok(Value::Invalid(why)),
                };
            }
            (OwnedKind::Map { capacity, key, value }, Step::Index(_) | Step::Key(_)) => {
                let types = Types { map: schema, key, value, capacity: *capacity };
                return self.map_part(types, memory, at, path, done);
            }
            (OwnedKind::Frames { capacity, slots, element, meta }, _) => {
                let types = FramesTypes { frames: schema, element, meta, capacity: *capacity, slots: *slots };
                return self.frames_part(types, memory, at, path, done);
            }
            (OwnedKind::Queue { .. } | OwnedKind::Broadcast { .. } | OwnedKind::Map { .. }, Step::Field(name)) => {
                return self.count(schema, memory, at, name, path, done);
            }
            _ => return Err(no_such_part(schema, path, done)),
        };
        match found {
            Ok((schema, at)) => self.part(schema, memory, at, path, done + 1),
            Err(why) => Ok(Value::Invalid(why)),
        }
    }
}

/// Decodes all values of bytes. `None` if the type has so many parts that some would be left out.
pub(crate) fn decode_whole(schema: &OwnedSchema, bytes: &[u8]) -> Option<Value> {
    let limits = Limits { elements: u64::MAX, nodes: u64::MAX, bytes: u64::MAX, ..Limits::default() };
    let mut decoder = Decoder::new(Memory::Copy(bytes), &limits);
    let value = decoder.value(schema, Memory::Copy(bytes), 0);
    (decoder.nodes_left > 0).then_some(value)
}

fn number(primitive: Primitive, bits: u64) -> Result<Value, String> {
    Ok(match primitive {
        Primitive::U8 | Primitive::U16 | Primitive::U32 | Primitive::U64 => Value::Unsigned(bits),
        Primitive::I8 | Primitive::I16 | Primitive::I32 | Primitive::I64 => Value::Signed(signed(primitive, bits)),
        Primitive::F32 => Value::F32(f32::from_bits(bits as u32)),
        Primitive::F64 => Value::F64(f64::from_bits(bits)),
        Primitive::Bool => match bits {
            0 | 1 => Value::Bool(bits == 1),
            other => return Err(format!("{other} is not a `bool`")),
        },
        Primitive::Char => {
            let letter = u32::try_from(bits).ok().and_then(char::from_u32);
            Value::Char(letter.ok_or_else(|| format!("{bits:#x} is not a `char`"))?)
        }
    })
}

/// Extends the sign of an integer of the primitive's size.
fn signed(primitive: Primitive, bits: u64) -> i64 {
    let unused = 64 - 8 * primitive.size() as u32;
    ((bits << unused) as i64) >> unused
}

fn variant(repr: Primitive, variants: &[OwnedVariant], bits: u64) -> Result<&OwnedVariant, String> {
    let is_signed = matches!(repr, Primitive::I8 | Primitive::I16 | Primitive::I32 | Primitive::I64);
    let number = if is_signed { i128::from(signed(repr, bits)) } else { i128::from(bits) };
    variants.iter().find(|variant| variant.discriminant == number).ok_or_else(|| format!("{number} is no variant"))
}

fn text(len: u64, memory: Memory<'_>, at: usize) -> Result<Value, String> {
    let bytes = memory.bytes(at, length(len)?)?;
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8 from byte {} on", error.utf8_error().valid_up_to()))?;
    Ok(Value::Text(text))
}

#[cfg(test)]
mod tests;
