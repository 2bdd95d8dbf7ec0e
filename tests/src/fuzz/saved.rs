//! Saved objects.

use std::sync::atomic::Ordering::Relaxed;

use shmstore::inspect::{Limits, Object, SavedObject, Value};
use shmstore::schema::OwnedSchema;
use shmstore::{LayoutHash, Store};

use super::choices::Choices;
use super::types::{any_path, any_type, changed_json};
use crate::objects::{EveryPart, Telemetry};
use crate::scratch::Scratch;

/// The front of a file, and its checksum.
const FRONT: usize = 64;
const CHECKSUM: usize = 16;

/// What is in the front, by place and length.
const FIELDS: [(usize, usize); 8] = [(0, 8), (8, 4), (12, 4), (16, 8), (24, 8), (32, 16), (48, 8), (56, 8)];

/// Real files, and a place for the objects in what becomes of them.
pub(super) struct Files {
    scratch: Scratch,
    store: Store,
    real: Vec<Vec<u8>>,
}

impl Files {
    pub(super) fn new() -> Self {
        let scratch = Scratch::new();
        let store = scratch.store();
        let telemetry = store.create::<Telemetry>().expect("room for an object");
        telemetry.frames.store(7, Relaxed);
        let parts = store.create::<EveryPart>().expect("room for an object");
        parts.position.store(crate::objects::Position { x: 1.0, y: 2.0, z: 3.0 });
        let saved = |id| {
            let object = Object::find(scratch.path(), Some(id)).expect("it was just made");
            SavedObject::of(&object, &Limits::default()).expect("nobody stores").to_bytes()
        };
        let real = vec![saved('T'), saved('H')];
        store.remove::<Telemetry>().expect("ours");
        store.remove::<EveryPart>().expect("ours");
        Self { scratch, store, real }
    }

    pub(super) fn try_input(&mut self, choices: &mut Choices<'_>) -> bool {
        let mut file = match choices.byte() % 8 {
            0 => self.real[1].clone(),
            1..=3 => self.real[0].clone(),
            _ => {
                let schema = any_type(choices);
                let image = choices.pattern(schema.size() as usize);
                file_of(b' ' + choices.byte() % 95, &schema.to_json(), schema.hash(), &image, choices.number())
            }
        };
        for _ in 0..choices.below(4) {
            change(&mut file, choices);
        }
        if !choices.one_in(16) {
            sign(&mut file);
        }
        let Ok(saved) = SavedObject::parse(&file) else { return false };
        let again = saved.to_bytes();
        assert_eq!(SavedObject::parse(&again).expect("what we write, we read"), saved);
        let values = read_all(&saved, choices);
        if choices.one_in(2) {
            convert(&saved, choices);
        }
        if choices.one_in(64) {
            self.make(&saved, &values);
        }
        true
    }

    /// Makes the object, and sees the same in it.
    fn make(&self, saved: &SavedObject, values: &Value) {
        if let Err(error) = saved.create_in(&self.store) {
            let _ = format!("{error} {error:?}");
            return;
        }
        let object = Object::find(self.scratch.path(), Some(saved.id())).expect("it was just made");
        assert_eq!(object.schema(), saved.schema());
        let found = object.read(&Limits::default());
        // By their text, as `NaN` is not equal to itself; and of live words that are not aligned nothing is known.
        if is_aligned(saved.schema()) {
            assert_eq!(found.to_string(), values.to_string());
        }
        let _ = object.participants();
        let again = SavedObject::of(&object, &Limits::default());
        let _ = again.map(|again| again.read(&Limits::default())).map_err(|error| error.to_string());
        object.segment().remove(shmstore::inspect::WhileAttached::Remove).expect("ours");
    }
}

/// Converts it to a type that is similar, or to any other.
fn convert(saved: &SavedObject, choices: &mut Choices<'_>) {
    let to = if choices.one_in(8) {
        Ok(any_type(choices))
    } else {
        OwnedSchema::from_json(changed_json(saved.schema(), choices))
    };
    let Ok(to) = to else { return };
    match saved.convert_to(&to) {
        Ok((converted, migration)) => {
            assert_eq!(migration.was_needed(), to != *saved.schema());
            assert_eq!(converted.schema(), &to);
            let _ = read_all(&converted, choices);
            if to.size() < 1 << 20 {
                let again = SavedObject::parse(&converted.to_bytes()).expect("what we write, we read");
                let _ = again.convert_to(saved.schema()).map_err(|refused| refused.to_string());
            }
        }
        Err(refused) => drop(format!("{refused} {refused:?}")),
    }
}

/// Whether every word is aligned wherever its part is: what a schema from elsewhere need not say.
fn is_aligned(schema: &OwnedSchema) -> bool {
    use shmstore::schema::OwnedKind as Of;
    match schema.kind() {
        Of::Primitive(of) | Of::Atomic(of) | Of::Enum { repr: of, .. } => schema.align() == of.size() as u64,
        Of::AtomicCell { .. } => schema.align() >= 8,
        Of::Struct { fields, .. } => fields.iter().all(|field| is_aligned(&field.schema)),
        Of::Array { element, .. } => is_aligned(element),
        Of::CacheAligned { object } => is_aligned(object),
        Of::FixedString { .. } => schema.align() >= 4,
        Of::FixedVec { element, .. } => schema.align() >= 8 && is_aligned(element),
        Of::Lock | Of::Event | Of::Pad | Of::Phantom => true,
        Of::Versioned { .. } | Of::Queue { .. } | Of::Broadcast { .. } | Of::Map { .. } | Of::Frames { .. } => true,
        _ => false,
    }
}

/// Reads all of it in some ways, and some part of it. Returns what is in it, with the usual limits.
pub(super) fn read_all(saved: &SavedObject, choices: &mut Choices<'_>) -> Value {
    let values = saved.read(&Limits::default());
    let text = values.to_string();
    assert!(text.len() < 100 << 20, "{} bytes of text", text.len());
    let _ = values.as_f64();
    let mut limits = Limits::full();
    limits.nodes = choices.number() % 1000;
    limits.elements = choices.number();
    let few = saved.read(&limits);
    assert!(count(&few) <= limits.nodes + parts(saved.schema()), "{} values, of {}", count(&few), limits.nodes);
    let path = any_path(saved.schema(), choices);
    let _ = saved.read_at(&path, &limits).map_err(|error| error.to_string());
    values
}

/// How many values there are that are not left out.
fn count(value: &Value) -> u64 {
    match value {
        Value::Struct { fields, .. } => 1 + fields.iter().map(|(_, value)| count(value)).sum::<u64>(),
        Value::List { first, .. } => 1 + first.iter().map(count).sum::<u64>(),
        Value::Versioned { value, .. } => 1 + count(value),
        Value::Queue { first, .. } => 1 + first.iter().map(count).sum::<u64>(),
        Value::Broadcast { last, .. } => 1 + last.iter().map(|(_, value)| count(value)).sum::<u64>(),
        Value::Map { first, .. } => 1 + first.iter().map(|(key, value)| count(key) + count(value)).sum::<u64>(),
        Value::Frames { meta, first, .. } => 1 + count(meta) + first.iter().map(count).sum::<u64>(),
        Value::Omitted => 0,
        _ => 1,
    }
}

/// How many nodes a schema has.
fn parts(schema: &OwnedSchema) -> u64 {
    schema.to_json().matches("\"kind\"").count() as u64
}

/// The bytes of a file, its checksum right.
pub fn file_of(id: u8, json: &str, hash: LayoutHash, image: &[u8], seconds: u64) -> Vec<u8> {
    let mut file = b"shmsaved".to_vec();
    file.extend(1_u32.to_le_bytes());
    file.extend(u32::from(id).to_le_bytes());
    file.extend((json.len() as u64).to_le_bytes());
    file.extend((image.len() as u64).to_le_bytes());
    file.extend(hash.to_u128().to_le_bytes());
    file.extend(seconds.to_le_bytes());
    file.extend([0; 8]);
    file.extend(json.bytes());
    file.extend(image);
    file.extend([0; CHECKSUM]);
    sign(&mut file);
    file
}

fn change(file: &mut Vec<u8>, choices: &mut Choices<'_>) {
    if file.len() < FRONT + CHECKSUM {
        return;
    }
    match choices.byte() % 8 {
        0 => {
            let room = choices.number();
            file[8] = 2;
            file[56..64].copy_from_slice(&room.to_le_bytes());
        }
        1 => {
            let (at, len) = *choices.one_of(&FIELDS);
            let number = [choices.number().to_le_bytes(), choices.number().to_le_bytes()].concat();
            file[at..at + len].copy_from_slice(&number[..len]);
        }
        2 => file.truncate(choices.wide() % file.len()),
        3 => {
            // Longer or shorter, and its lengths say so.
            let len = choices.byte().into();
            let longer = choices.pattern(len);
            let end = file.len() - CHECKSUM;
            file.splice(end..end, longer);
            let schema = u64::from_le_bytes(file[16..24].try_into().expect("eight bytes"));
            let rest = (file.len() - FRONT - CHECKSUM) as u64;
            file[24..32].copy_from_slice(&rest.wrapping_sub(schema).to_le_bytes());
        }
        4 => {
            // In the schema, most often.
            let place = FRONT + choices.wide() % (file.len() - FRONT);
            file[place] = choices.byte();
        }
        _ => {
            // In the values, most often.
            let place = file.len() - 1 - choices.wide() % file.len();
            let many = choices.byte().into();
            file.iter_mut().skip(place).take(many).for_each(|byte| *byte ^= choices.byte());
        }
    }
}

/// Makes the checksum right.
pub fn sign(file: &mut [u8]) {
    let Some(end) = file.len().checked_sub(CHECKSUM) else { return };
    let (front, checksum) = file.split_at_mut(end);
    checksum.copy_from_slice(&fnv(front).to_le_bytes());
}

fn fnv(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, &byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}
