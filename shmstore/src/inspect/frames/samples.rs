//! The bytes of frames in any state, for unit tests.

use super::{FramesPlaces, FramesTypes};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};
use crate::sync::frames::word::{FrameAt, published};
use crate::sync::{FramesOffsets, frames_words};

/// The bytes of frames, which a test changes.
pub(crate) struct FramesBytes {
    pub(crate) schema: OwnedSchema,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn number(of: Primitive) -> OwnedSchema {
    let size = of.size() as u64;
    OwnedSchema::new(size, size, OwnedKind::Primitive(of)).unwrap()
}

/// The layout of `()`.
pub(crate) fn nothing() -> OwnedSchema {
    OwnedSchema::new(0, 1, OwnedKind::Phantom).unwrap()
}

/// The layout of `struct Info { width: u32, height: u32 }`.
pub(crate) fn info() -> OwnedSchema {
    let field = |name: &str, offset| OwnedField { name: name.into(), offset, schema: number(Primitive::U32) };
    let fields = vec![field("width", 0), field("height", 4)];
    OwnedSchema::new(8, 4, OwnedKind::Struct { name: "Info".into(), const_args: vec![], fields }).unwrap()
}

impl FramesBytes {
    /// New frames of these types.
    pub(crate) fn of(element: OwnedSchema, capacity: u64, slots: u64, meta: OwnedSchema) -> Self {
        let layout = |schema: &OwnedSchema| (schema.size(), schema.align());
        let offsets = FramesOffsets::of(layout(&element), capacity, slots, layout(&meta)).expect("small frames");
        let kind = OwnedKind::Frames { capacity, slots, element: Box::new(element), meta: Box::new(meta) };
        let schema = OwnedSchema::new(offsets.size, offsets.align, kind).unwrap();
        Self { schema, bytes: vec![0; offsets.size as usize] }
    }

    /// New `Frames<u8, capacity, slots>`.
    pub(crate) fn bytes(capacity: u64, slots: u64) -> Self {
        Self::of(number(Primitive::U8), capacity, slots, nothing())
    }

    /// New `Frames<u16, capacity, slots, Info>`.
    pub(crate) fn images(capacity: u64, slots: u64) -> Self {
        Self::of(number(Primitive::U16), capacity, slots, info())
    }

    pub(crate) fn types(&self) -> FramesTypes<'_> {
        let OwnedKind::Frames { capacity, slots, element, meta } = self.schema.kind() else { panic!("frames") };
        FramesTypes { frames: &self.schema, element, meta, capacity: *capacity, slots: *slots }
    }

    pub(crate) fn places(&self) -> FramesPlaces {
        FramesPlaces::of(self.types()).unwrap()
    }

    pub(crate) fn put(&mut self, at: u64, word: u64) {
        self.bytes[at as usize..][..8].copy_from_slice(&word.to_le_bytes());
    }

    pub(crate) fn set_newest(&mut self, number: u64, slot: u64) {
        self.put(frames_words::NEWEST, FrameAt { number, slot }.word());
    }

    pub(crate) fn set_slots(&mut self, words: &[u64]) {
        let places = self.places();
        (0..).zip(words).for_each(|(slot, &word)| self.put(places.word(slot), word));
    }

    pub(crate) fn set_pins(&mut self, words: &[u64]) {
        let places = self.places();
        (0..).zip(words).for_each(|(entry, &word)| self.put(places.pin(entry), word));
    }

    /// A frame that was published as the newest one.
    pub(crate) fn with(mut self, number: u64, slot: u64, meta: &[u8], elements: &[u8]) -> Self {
        let places = self.places();
        let element = self.types().element.size();
        self.put(places.frame(slot), elements.len() as u64 / element);
        self.bytes[places.meta(slot) as usize..][..meta.len()].copy_from_slice(meta);
        self.bytes[places.elements(slot) as usize..][..elements.len()].copy_from_slice(elements);
        self.put(places.word(slot), published(number));
        self.set_newest(number, slot);
        self
    }
}

/// The bytes of an `Info`.
pub(crate) fn info_of(width: u32, height: u32) -> Vec<u8> {
    [width, height].map(u32::to_le_bytes).concat()
}

/// The bytes of numbers.
pub(crate) fn u16s(numbers: impl IntoIterator<Item = u16>) -> Vec<u8> {
    numbers.into_iter().flat_map(u16::to_le_bytes).collect()
}
