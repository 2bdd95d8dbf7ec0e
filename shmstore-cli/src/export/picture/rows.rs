//! What there is to show, in the order of the bytes.

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};

use super::super::names::printable;
use super::super::parts::{ELEMENTS_AT, LINE, SEQUENCE_AT, Slots, TEXT_AT, problem};

/// Where a row is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// So many bytes from the start of the object.
    Object(u64),
    /// So many bytes from the start of an element or value that has no one place.
    Element(u64),
}

impl Place {
    fn plus(self, offset: u64) -> Self {
        match self {
            Self::Object(at) => Self::Object(at.saturating_add(offset)),
            Self::Element(at) => Self::Element(at.saturating_add(offset)),
        }
    }
}

/// One line about some bytes.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) place: Place,
    pub(super) size: u64,
    /// How deep it is in others.
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) type_name: String,
    /// Nothing is shown of what is in it.
    pub(super) is_leaf: bool,
}

impl Row {
    /// The offset of its last byte, if it has one place, and nothing below it tells more.
    pub(super) fn last(&self) -> Option<u64> {
        match self.place {
            Place::Object(at) if self.is_leaf => Some(at.saturating_add(self.size.saturating_sub(1))),
            _ => None,
        }
    }
}

/// All rows of an object.
pub(super) fn rows(schema: &OwnedSchema) -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => rows.fields(Place::Object(0), schema.size(), 0, fields),
        _ => rows.whole(Place::Object(0), 0, "(object)".to_owned(), schema),
    }
    rows.0
}

struct Rows(Vec<Row>);

impl Rows {
    fn push(&mut self, place: Place, size: u64, depth: usize, name: impl Into<String>, type_name: impl Into<String>) {
        let (name, type_name) = (name.into(), type_name.into());
        self.0.push(Row { place, size, depth, name, type_name, is_leaf: true });
    }

    /// Something and all that is in it.
    fn whole(&mut self, place: Place, depth: usize, name: String, schema: &OwnedSchema) {
        let at = self.0.len();
        self.push(place, schema.size(), depth, name, type_name(schema));
        self.inside(place, depth + 1, schema);
        self.0[at].is_leaf = self.0.len() == at + 1 || matches!(schema.kind(), OwnedKind::Array { .. });
    }

    fn inside(&mut self, place: Place, depth: usize, schema: &OwnedSchema) {
        match schema.kind() {
            OwnedKind::Struct { fields, .. } => self.fields(place, schema.size(), depth, fields),
            OwnedKind::Array { element, .. } => self.inside(Place::Element(0), depth, element),
            OwnedKind::CacheAligned { object } => {
                self.inside(place, depth, object);
                self.gap(place, object.size(), schema.size(), depth);
            }
            OwnedKind::AtomicCell { value } => self.inside(place, depth, value),
            OwnedKind::FixedString { capacity } if problem(schema).is_none() => {
                self.push(place, TEXT_AT, depth, "(length)", "u32");
                self.push(place.plus(TEXT_AT), *capacity, depth, "(text)", "UTF-8");
            }
            OwnedKind::FixedVec { element, .. } if problem(schema).is_none() => {
                self.push(place, ELEMENTS_AT, depth, "(length)", "u64");
                let elements = place.plus(ELEMENTS_AT);
                self.push(elements, schema.size() - ELEMENTS_AT, depth, "(elements)", type_name(element));
                self.inside(Place::Element(0), depth + 1, element);
            }
            OwnedKind::Versioned { value } => match Slots::of(schema.size(), schema.align(), value) {
                Some(slots) => self.versioned(place, depth, schema.size(), slots, value),
                None => self.push(place, schema.size(), depth, "(unknown)", "not of format version 1"),
            },
            OwnedKind::Lock => {
                self.push(place, 4, depth, "(lock)", "u32");
                self.push(place.plus(4), 4, depth, "(state)", "u32");
            }
            OwnedKind::Event => {
                self.push(place, 8, depth, "(count)", "u64");
                self.push(place.plus(8), 8, depth, "(reserved)", "");
            }
            _ => {}
        }
    }

    fn versioned(&mut self, place: Place, depth: usize, size: u64, slots: Slots, value: &OwnedSchema) {
        for (offset, name) in [(0, "(lock)"), (4, "(flags)"), (8, "(bell)")] {
            self.push(place.plus(offset), 4, depth, name, "u32");
        }
        self.push(place.plus(12), LINE - 12, depth, "(reserved)", "");
        self.push(place.plus(SEQUENCE_AT), 8, depth, "(sequence)", "u64");
        self.push(place.plus(SEQUENCE_AT + 8), slots.at - SEQUENCE_AT - 8, depth, "(reserved)", "");
        self.push(place.plus(slots.at), slots.len, depth, "(slot 0)", format!("{value}: even versions"));
        self.inside(Place::Element(0), depth + 1, value);
        self.push(place.plus(slots.at + slots.len), slots.len, depth, "(slot 1)", format!("{value}: odd versions"));
        self.gap(place, slots.end(), size, depth);
    }

    fn fields(&mut self, place: Place, size: u64, depth: usize, fields: &[OwnedField]) {
        let mut in_order: Vec<&OwnedField> = fields.iter().collect();
        in_order.sort_by_key(|field| field.offset);
        let mut end = 0;
        for field in in_order {
            self.gap(place, end, field.offset, depth);
            let mut name = printable(&field.name);
            if field.offset < end && field.schema.size() > 0 {
                name.insert_str(0, "(overlaps) ");
            }
            self.whole(place.plus(field.offset), depth, name, &field.schema);
            end = end.max(field.offset + field.schema.size());
        }
        self.gap(place, end, size, depth);
    }

    fn gap(&mut self, place: Place, from: u64, to: u64, depth: usize) {
        if from < to {
            self.push(place.plus(from), to - from, depth, "(padding)", "");
        }
    }
}

fn type_name(schema: &OwnedSchema) -> String {
    match schema.kind() {
        OwnedKind::Enum { repr, .. } => format!("{schema}: {repr}"),
        _ => schema.to_string(),
    }
}
