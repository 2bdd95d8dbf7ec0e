//! Layouts built by the rules of `repr(C)`, for tests that need types nobody declared.

use shmstore::schema::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};

pub fn primitive(primitive: Primitive) -> OwnedSchema {
    let size = primitive.size() as u64;
    build(size, size, OwnedKind::Primitive(primitive))
}

pub fn atomic(integer: Primitive) -> OwnedSchema {
    let size = integer.size() as u64;
    build(size, size, OwnedKind::Atomic(integer))
}

pub fn array(element: OwnedSchema, len: u64) -> OwnedSchema {
    build(element.size() * len, element.align(), OwnedKind::Array { len, element: Box::new(element) })
}

/// A struct of the given fields, laid out one after the other as `repr(C)` does.
pub fn structure(name: &str, fields: impl IntoIterator<Item = (&'static str, OwnedSchema)>) -> OwnedSchema {
    struct_of(name, vec![], fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)), 1)
}

/// A struct with const arguments and at least the given alignment.
pub fn struct_of(
    name: &str,
    const_args: Vec<(String, i128)>,
    fields: impl IntoIterator<Item = (String, OwnedSchema)>,
    min_align: u64,
) -> OwnedSchema {
    let (mut end, mut align) = (0_u64, min_align);
    let place = |(name, schema): (String, OwnedSchema)| {
        let offset = end.next_multiple_of(schema.align());
        end = offset + schema.size();
        align = align.max(schema.align());
        OwnedField { name, offset, schema }
    };
    let fields = fields.into_iter().map(place).collect();
    let const_args = const_args.into_iter().map(|(name, value)| OwnedConstArg { name, value }).collect();
    build(end.next_multiple_of(align), align, OwnedKind::Struct { name: name.into(), const_args, fields })
}

pub fn enumeration(name: &str, repr: Primitive, variants: &[(&str, i128)]) -> OwnedSchema {
    enum_of(name, repr, variants.iter().map(|&(name, discriminant)| (name.to_owned(), discriminant)).collect())
}

pub fn enum_of(name: &str, repr: Primitive, variants: Vec<(String, i128)>) -> OwnedSchema {
    let size = repr.size() as u64;
    let variants = variants.into_iter().map(|(name, discriminant)| OwnedVariant { name, discriminant }).collect();
    build(size, size, OwnedKind::Enum { name: name.into(), repr, variants })
}

pub fn pad(size: u64) -> OwnedSchema {
    build(size, 1, OwnedKind::Pad)
}

pub fn phantom() -> OwnedSchema {
    build(0, 1, OwnedKind::Phantom)
}

pub fn fixed_string(capacity: u64) -> OwnedSchema {
    build((capacity + 4).next_multiple_of(4), 4, OwnedKind::FixedString { capacity })
}

pub fn fixed_vec(element: OwnedSchema, capacity: u64) -> OwnedSchema {
    let align = element.align().max(4);
    let size = (align + element.size() * capacity).next_multiple_of(align);
    build(size, align, OwnedKind::FixedVec { capacity, element: Box::new(element) })
}

/// `AtomicValue<value>`, of a value of up to 8 bytes.
pub fn atomic_cell(value: OwnedSchema) -> OwnedSchema {
    build(8, 8, OwnedKind::AtomicCell { value: Box::new(value) })
}

pub fn versioned(value: OwnedSchema) -> OwnedSchema {
    let size = 32 + 2 * value.size().next_multiple_of(16);
    build(size, 16, OwnedKind::Versioned { value: Box::new(value) })
}

pub fn cache_aligned(object: OwnedSchema) -> OwnedSchema {
    let align = object.align().max(128);
    build(object.size().next_multiple_of(align), align, OwnedKind::CacheAligned { object: Box::new(object) })
}

pub fn lock() -> OwnedSchema {
    build(8, 8, OwnedKind::Lock)
}

pub fn event() -> OwnedSchema {
    build(16, 8, OwnedKind::Event)
}

pub fn queue(value: OwnedSchema, capacity: u64) -> OwnedSchema {
    let (size, align) = ring(256, &value, capacity);
    build(size, align, OwnedKind::Queue { capacity, value: Box::new(value) })
}

pub fn broadcast(value: OwnedSchema, capacity: u64) -> OwnedSchema {
    let (size, align) = ring(128, &value, capacity);
    build(size, align, OwnedKind::Broadcast { capacity, value: Box::new(value) })
}

/// `Map<key, value, capacity>`, as `docs/format.md` says.
pub fn map(key: OwnedSchema, value: OwnedSchema, capacity: u64) -> OwnedSchema {
    let align = key.align().max(value.align()).max(64);
    let unit = value.align().max(16);
    let key_at = 48_u64.next_multiple_of(key.align());
    let slots = (key_at + key.size().next_multiple_of(16)).next_multiple_of(unit);
    let entry = (slots + 2 * value.size().next_multiple_of(unit)).next_multiple_of(align);
    let size = (256 + 16 * capacity).next_multiple_of(align) + entry * capacity;
    build(size, align, OwnedKind::Map { capacity, key: Box::new(key), value: Box::new(value) })
}

/// `Frames<element, capacity, slots, meta>`, as `docs/format.md` says. Instead of an element without bytes it has a `u8`.
pub fn frames(element: OwnedSchema, capacity: u64, slots: u64, meta: OwnedSchema) -> OwnedSchema {
    let element = if element.size() == 0 { primitive(Primitive::U8) } else { element };
    let align = element.align().max(meta.align()).max(64);
    let places = FramePlaces::of((&element, capacity), slots, &meta);
    let kind = OwnedKind::Frames { capacity, slots, element: Box::new(element), meta: Box::new(meta) };
    build(places.first + slots * places.stride, align, kind)
}

/// Where the frames are in a `Frames`, and their metadata and elements in a frame.
pub struct FramePlaces {
    pub first: u64,
    pub meta: u64,
    pub elements: u64,
    pub stride: u64,
}

impl FramePlaces {
    pub fn of((element, capacity): (&OwnedSchema, u64), slots: u64, meta: &OwnedSchema) -> Self {
        let align = element.align().max(meta.align()).max(64);
        let pins = (136 + 8 * slots).next_multiple_of(64);
        let of_meta = meta.align().max(16);
        let elements = (of_meta + meta.size() + 15).next_multiple_of(element.align().max(64));
        let stride = (elements + element.size() * capacity + 15).next_multiple_of(align);
        Self { first: (pins + 64 * 8).next_multiple_of(align), meta: of_meta, elements, stride }
    }
}

/// The size and alignment of a part with slots behind its words, as `docs/format.md` says.
fn ring(words: u64, value: &OwnedSchema, capacity: u64) -> (u64, u64) {
    let align = value.align().max(64);
    let slot = (value.align().max(16) + value.size().next_multiple_of(16)).next_multiple_of(align);
    (words.next_multiple_of(align) + slot * capacity, align)
}

pub fn build(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
    OwnedSchema::new(size, align, kind).expect("a layout by the rules of `repr(C)`")
}
