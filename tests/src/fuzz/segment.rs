//! Segments: real ones, made once for each size and written over for each input.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::inspect::{self, InspectError, Limits, Object, SavedObject, Segment, SegmentState};
use shmstore::schema::OwnedSchema;

use super::choices::Choices;
use super::types::{any_json, any_path};
use crate::objects::Telemetry;
use crate::raw::{Field, Raw, SIZE_TAG, field, plant};
use crate::rovers;
use crate::scratch::{Planted, Scratch};

const PAGE: usize = 4096;
const HEADER: usize = 1024;
const SLOT: usize = 32;

/// The segments that are written over, by their pages.
#[derive(Default)]
pub(super) struct Segments {
    real: Option<Real>,
    /// One with room, which has grown.
    grown: Option<Real>,
    blank: HashMap<usize, (Planted, Raw)>,
}

/// An object as its creator left it.
struct Real {
    _scratch: Scratch,
    raw: Raw,
    pristine: Vec<u8>,
}

impl Real {
    fn grown() -> Self {
        let scratch = Scratch::new();
        drop(rovers::create(&scratch.store(), "v1", 7).expect("room for an object"));
        drop(rovers::attach(&scratch.store(), "v2", Duration::ZERO).expect("room to grow"));
        let raw = Raw::at_key(scratch.key('R'));
        let pristine = raw.bytes();
        Self { raw, pristine, _scratch: scratch }
    }

    fn new() -> Self {
        let scratch = Scratch::new();
        let object = scratch.store().create::<Telemetry>().expect("room for an object");
        object.frames.store(7, Relaxed);
        drop(object);
        let raw = Raw::at_key(scratch.key('T'));
        let pristine = raw.bytes();
        Self { raw, pristine, _scratch: scratch }
    }
}

impl Segments {
    pub(super) fn try_input(&mut self, choices: &mut Choices<'_>) -> bool {
        let how = choices.byte() % 4;
        if how != 0 {
            let real = match how {
                1 => self.grown.get_or_insert_with(Real::grown),
                _ => self.real.get_or_insert_with(Real::new),
            };
            let changed = damage(real, choices);
            let is_accepted = look(real.raw.shmid(), choices);
            changed.into_iter().for_each(|range| real.raw.write(range.start, &real.pristine[range]));
            return is_accepted;
        }
        let real = self.real.get_or_insert_with(Real::new);
        let json = any_json(choices);
        let Some((pages, front)) = laid_out(real, &json, choices) else { return false };
        // At no key: that of nobody's anchor.
        let (_, raw) = self.blank.entry(pages).or_insert_with(|| {
            let planted = plant(0, pages * PAGE + SIZE_TAG, 0o600, &[]);
            let raw = Raw::attach(planted.shmid);
            (planted, raw)
        });
        raw.write(0, &front);
        let rest = choices.pattern((raw.len() - front.len()).min(2 * PAGE));
        raw.write(front.len(), &rest);
        look(raw.shmid(), choices)
    }
}

/// Where a choice is likely to hit the newest record of an object that has grown, as far as there is one.
fn in_the_log(raw: &Raw, choices: &mut Choices<'_>) -> usize {
    let log = raw.get(field::LAYOUT) >> 32;
    (log as usize).min(raw.len() / 2) + choices.below(80)
}

/// Changes a whole segment here and there. Returns where.
fn damage(real: &Real, choices: &mut Choices<'_>) -> Vec<Range<usize>> {
    let mut changed = Vec::new();
    for _ in 0..=choices.below(6) {
        let (at, bytes) = match choices.byte() % 4 {
            0 | 1 => {
                let field = choices.one_of(field::ALL);
                (field.offset, choices.number().to_le_bytes()[..field.len.min(8)].to_vec())
            }
            2 if choices.one_in(2) => (in_the_log(&real.raw, choices), choices.pattern(4)),
            2 => (choices.wide() % HEADER, choices.pattern(16)),
            _ => {
                let len = choices.below(64);
                (choices.wide() % (real.pristine.len() - len), choices.pattern(len))
            }
        };
        real.raw.write(at, &bytes);
        changed.push(at..at + bytes.len());
    }
    changed
}

/// A header and a schema that fit each other, and what else; and the pages of such a segment.
fn laid_out(real: &Real, json: &[u8], choices: &mut Choices<'_>) -> Option<(usize, Vec<u8>)> {
    let schema = OwnedSchema::from_json(json).ok();
    let hash = schema.as_ref().map_or(0, |schema| schema.hash().to_u128());
    let payload_len = schema.as_ref().map_or(64, OwnedSchema::size);
    if payload_len > 1 << 17 || json.len() > 1 << 17 {
        return None;
    }
    let slot_count = choices.below(40) + 1;
    let (pages, header, places) = header_for(&real.pristine, json.len(), payload_len as usize, slot_count, hash);
    let mut front = header;
    let used = choices.below(41) as u32;
    front[field::SLOTS_USED.offset..][..4].copy_from_slice(&used.to_le_bytes());
    front.extend(choices.pattern(places.end - HEADER));
    front[places.schema..][..json.len()].copy_from_slice(json);
    Some((pages, front))
}

/// Plants an object of a type that nobody declared, at no key, its anchor that of a real one: so that it is ready.
pub fn plant_object(real: &Raw, schema: &OwnedSchema, payload: &[u8]) -> Planted {
    let json = schema.to_json();
    let hash = schema.hash().to_u128();
    let (pages, header, places) = header_for(&real.bytes(), json.len(), schema.size() as usize, 1, hash);
    let planted = plant(0, pages * PAGE + SIZE_TAG, 0o600, &header);
    let raw = Raw::attach(planted.shmid);
    raw.write(places.schema, json.as_bytes());
    raw.write(places.payload, payload);
    planted
}

struct Places {
    schema: usize,
    payload: usize,
    /// Where all ends, but a payload of its own pages.
    end: usize,
}

/// The header of a segment with parts of these lengths, as a creator lays them out; its pages; and where the parts are.
fn header_for(
    pristine: &[u8],
    schema_len: usize,
    payload_len: usize,
    slot_count: usize,
    hash: u128,
) -> (usize, Vec<u8>, Places) {
    let is_small = (1..=HEADER).contains(&payload_len);
    let before = HEADER + if is_small { payload_len } else { 0 };
    let early = before + schema_len <= PAGE - 32 * SLOT;
    let slots = if early { before + schema_len } else { before }.next_multiple_of(128);
    let slots_end = slots + slot_count * SLOT;
    let schema_at = if early { before } else { slots_end };
    let end = if early { slots_end } else { slots_end + schema_len };
    let payload = if is_small { HEADER } else { end.next_multiple_of(PAGE) };
    let whole = if is_small { end } else { payload + payload_len }.next_multiple_of(PAGE);

    let mut front = pristine[..HEADER].to_vec();
    let mut set = |field: Field, number: usize| {
        front[field.offset..field.offset + field.len].copy_from_slice(&number.to_le_bytes()[..field.len]);
    };
    set(field::SLOT_COUNT, slot_count);
    set(field::SLOTS_OFFSET, slots);
    set(field::SCHEMA_OFFSET, schema_at);
    set(field::SCHEMA_LEN, schema_len);
    set(field::PAYLOAD_OFFSET, payload);
    set(field::PAYLOAD_LEN, payload_len);
    set(field::SEGMENT_SIZE, whole + SIZE_TAG);
    front[72..88].copy_from_slice(&hash.to_le_bytes());
    (whole / PAGE, front, Places { schema: schema_at, payload, end })
}

/// Does all that can be done to look at it.
fn look(shmid: i32, choices: &mut Choices<'_>) -> bool {
    let segment = Segment::of_shmid(shmid).expect("it is there");
    let _ = format!("{segment:?} {:?} {:?}", segment.path(), segment.type_name());
    if choices.one_in(512) {
        let there = inspect::segments().expect("System V shared memory");
        assert!(there.iter().any(|segment| segment.shmid == shmid));
    }
    let object = match Object::attach(&segment) {
        Ok(object) => object,
        Err(error) => {
            assert!(!matches!(error, InspectError::System { .. } | InspectError::Gone { .. }), "{error}");
            assert!(segment.state != SegmentState::Ready, "{error}");
            return false;
        }
    };
    let mut limits = Limits::default();
    let _ = object.read(&limits).to_string();
    limits.nodes = choices.number() % 1000;
    limits.elements = choices.number();
    let path = any_path(object.schema(), choices);
    let _ = object.read_at(&path, &limits).map_err(|error| error.to_string());
    let _ = (object.is_removed(), object.participants());
    match SavedObject::of(&object, &limits) {
        Ok(saved) => {
            assert!(SavedObject::parse(&saved.to_bytes()).is_ok_and(|again| again == saved) || saved.id() < ' ')
        }
        Err(error) => drop(error.to_string()),
    }
    true
}
