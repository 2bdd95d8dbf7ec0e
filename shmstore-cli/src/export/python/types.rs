//! The Python expression for each schema. Structs and enums are defined once, and then used by name.

use std::collections::{HashMap, HashSet};

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};

use super::super::error::{ExportError, UNKNOWN};
use super::super::labels::Labels;
use super::super::names::{Scope, identifier, words};
use super::super::parts::{self, Entries, FrameSlots, Ring, Slots};
use super::{FRAMES, LANGUAGE, MAPS, SEGMENT, VIEWS};

const KEYWORDS: &str =
    "False None True and as assert async await break class continue def del elif else except finally for
    from global if import in is lambda nonlocal not or pass raise return try while with yield match case type";

/// The other names that a module defines.
const CONSTANTS: &str = "TYPE ID SIZE ALIGN LAYOUT_HASH FIELDS PREFIX_HASH DTYPE";

/// Names that a variant of a Python enum cannot have.
const ENUM_WORDS: &str = "mro name value names values";

/// How deep arrays may be nested. numpy has 32 dimensions, and needs some of them itself.
const MOST_DIMENSIONS: u32 = 16;

/// The types of a module that are written so far.
pub(super) struct Types<'a> {
    scope: Scope,
    variants: Scope,
    labels: Labels<'a>,
    /// The object, and the name of its type.
    root: (&'a OwnedSchema, String),
    known: HashMap<&'a OwnedSchema, String>,
    has_maps: bool,
    has_frames: bool,
    out: String,
}

impl<'a> Types<'a> {
    pub(super) fn new(root: &'a OwnedSchema, name: Option<&str>) -> Self {
        let taken = [VIEWS, MAPS, FRAMES, SEGMENT, KEYWORDS, CONSTANTS].into_iter().flat_map(words).collect();
        let no_variants: HashSet<String> = [KEYWORDS, ENUM_WORDS].into_iter().flat_map(words).collect();
        let (mut scope, variants) = (Scope::without(taken), Scope::without(no_variants));
        let labels = Labels::among(root, identifier);
        let name = scope.take(&name.map_or_else(|| labels.of(root), str::to_owned));
        Self {
            scope,
            variants,
            labels,
            root: (root, name),
            known: HashMap::new(),
            has_maps: false,
            has_frames: false,
            out: String::new(),
        }
    }

    /// Returns the definitions of the types.
    pub(super) fn definitions(&self) -> &str {
        &self.out
    }

    /// Returns `true` if a type is a map.
    pub(super) fn has_maps(&self) -> bool {
        self.has_maps
    }

    /// Returns `true` if a type is frames.
    pub(super) fn has_frames(&self) -> bool {
        self.has_frames
    }

    /// Returns the expression for a schema. The names in it are defined first.
    pub(super) fn of(&mut self, schema: &'a OwnedSchema) -> Result<String, ExportError> {
        if let Some(problem) = parts::problem(schema) {
            return Err(ExportError::part(LANGUAGE, problem));
        }
        let size = schema.size();
        Ok(match schema.kind() {
            OwnedKind::Primitive(primitive) => format!("_{}", primitive.name()),
            OwnedKind::Atomic(integer) => format!("_Atomic({})", dtype(*integer)?),
            OwnedKind::Lock => "_lock".to_owned(),
            OwnedKind::Event => "_event".to_owned(),
            OwnedKind::Phantom => "_none".to_owned(),
            OwnedKind::Pad => format!("_Pad({size})"),
            OwnedKind::FixedString { capacity } => format!("_String({capacity})"),
            OwnedKind::Array { len, element } => {
                check_dimensions(schema)?;
                format!("_Array({}, {len})", self.of(element)?)
            }
            OwnedKind::FixedVec { capacity, element } => format!("_Vec({}, {capacity})", self.of(element)?),
            OwnedKind::AtomicCell { value } => format!("_Cell({})", self.of(value)?),
            OwnedKind::CacheAligned { object } => format!("_CacheAligned({size}, {})", self.of(object)?),
            OwnedKind::Versioned { value } => {
                // `problem` has checked the slots.
                let slots = Slots::of(size, schema.align(), value).expect("the slots of format version 1");
                format!("_Versioned({size}, {}, {}, {})", self.of(value)?, slots.at, slots.at + slots.len)
            }
            OwnedKind::Queue { value, .. } => self.ring("_Queue", schema, value)?,
            OwnedKind::Broadcast { value, .. } => self.ring("_Broadcast", schema, value)?,
            OwnedKind::Map { key, value, .. } => self.map(schema, key, value)?,
            OwnedKind::Frames { element, meta, .. } => self.frames(schema, element, meta)?,
            _ => self.named(schema)?,
        })
    }

    fn ring(&mut self, class: &str, schema: &OwnedSchema, value: &'a OwnedSchema) -> Result<String, ExportError> {
        // `problem` has checked the slots.
        let ring = Ring::of(schema).expect("the slots of format version 1");
        let Ring { at, capacity, value_at, stride } = ring;
        let value = self.of(value)?;
        Ok(format!("{class}({}, {value}, {capacity}, {at}, {stride}, {value_at})", schema.size()))
    }

    fn map(
        &mut self,
        schema: &OwnedSchema,
        key: &'a OwnedSchema,
        value: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        self.has_maps = true;
        // `problem` has checked the entries.
        let entries = Entries::of(schema).expect("the entries of format version 1");
        let Entries { at, capacity, key_at, slots_at, slot_len, stride } = entries;
        let (key, value, size) = (self.of(key)?, self.of(value)?, schema.size());
        Ok(format!("_Map({size}, {key}, {value}, {capacity}, {at}, {stride}, {key_at}, {slots_at}, {slot_len})"))
    }

    fn frames(
        &mut self,
        schema: &OwnedSchema,
        element: &'a OwnedSchema,
        meta: &'a OwnedSchema,
    ) -> Result<String, ExportError> {
        self.has_frames = true;
        // `problem` has checked the frames.
        let frames = FrameSlots::of(schema).expect("the frames of format version 1");
        let FrameSlots { pins_at, at, slots, capacity, meta_at, elements_at, stride } = frames;
        let (element, meta, size) = (self.of(element)?, self.of(meta)?, schema.size());
        let offsets = format!("{pins_at}, {at}, {stride}, {meta_at}, {elements_at}");
        Ok(format!("_Frames({size}, {element}, {meta}, {capacity}, {slots}, {offsets})"))
    }

    fn named(&mut self, schema: &'a OwnedSchema) -> Result<String, ExportError> {
        if let Some(expression) = self.known.get(schema) {
            return Ok(expression.clone());
        }
        let expression = match schema.kind() {
            OwnedKind::Struct { name, fields, .. } => self.define_struct(name, schema, fields)?,
            OwnedKind::Enum { repr, variants, .. } => {
                let class = self.define_enum(schema, variants);
                format!("_Enum({}, {class})", dtype(*repr)?)
            }
            _ => {
                return Err(ExportError::part(LANGUAGE, UNKNOWN));
            }
        };
        self.known.insert(schema, expression.clone());
        Ok(expression)
    }

    fn define_struct(
        &mut self,
        name: &str,
        schema: &'a OwnedSchema,
        fields: &'a [OwnedField],
    ) -> Result<String, ExportError> {
        let mut lines = String::new();
        for field in fields {
            let kind = self.of(&field.schema).map_err(|error| error.below(&field.name))?;
            lines.push_str(&format!("    {}: ({}, {kind}),\n", literal(&field.name), field.offset));
        }
        let variable = self.take(schema);
        let text = format!("{variable} = _Struct({}, {}, {{\n{lines}}})\n\n", literal(name), schema.size());
        self.out.push_str(&text);
        Ok(variable)
    }

    /// Takes a name for a type.
    fn take(&mut self, schema: &OwnedSchema) -> String {
        let (root, name) = &self.root;
        if schema == *root { name.clone() } else { self.scope.take(&self.labels.of(schema)) }
    }

    fn define_enum(&mut self, schema: &OwnedSchema, variants: &[OwnedVariant]) -> String {
        let class = self.take(schema);
        let mut names = self.variants.clone();
        self.out
            .push_str(&format!("\nclass {class}(_Variants):\n    \"\"\"A field may hold other numbers, too.\"\"\"\n"));
        for OwnedVariant { name, discriminant } in variants {
            self.out.push_str(&format!("    {} = {discriminant}\n", names.take(&identifier(name))));
        }
        self.out.push_str("\n\n");
        class
    }
}

/// Returns the expression that loads the first part, to follow the object: `.position.load()`.
pub(super) fn example(schema: &OwnedSchema) -> String {
    let loads = |schema: &OwnedSchema| {
        matches!(schema.kind(), OwnedKind::Versioned { .. } | OwnedKind::Atomic(_) | OwnedKind::AtomicCell { .. })
    };
    let OwnedKind::Struct { fields, .. } = schema.kind() else {
        return if loads(schema) { ".load()".into() } else { String::new() };
    };
    let keywords = words(KEYWORDS);
    let is_plain = |name: &String| identifier(name) == *name && !keywords.contains(name);
    let first =
        fields.iter().filter(|field| loads(&field.schema) && is_plain(&field.name)).min_by_key(|field| field.offset);
    first.map(|field| format!(".{}.load()", field.name)).unwrap_or_default()
}

fn check_dimensions(schema: &OwnedSchema) -> Result<(), ExportError> {
    let (mut inner, mut dimensions) = (schema, 0);
    while let OwnedKind::Array { element, .. } = inner.kind() {
        (inner, dimensions) = (element, dimensions + 1);
    }
    if dimensions <= MOST_DIMENSIONS {
        return Ok(());
    }
    let problem = format!("arrays are nested {dimensions} deep, but at most {MOST_DIMENSIONS} fit into a numpy type");
    Err(ExportError::part(LANGUAGE, problem))
}

/// Returns the numpy name of a number, quoted.
fn dtype(number: Primitive) -> Result<&'static str, ExportError> {
    Ok(match number {
        Primitive::U8 => "\"<u1\"",
        Primitive::U16 => "\"<u2\"",
        Primitive::U32 => "\"<u4\"",
        Primitive::U64 => "\"<u8\"",
        Primitive::I8 => "\"<i1\"",
        Primitive::I16 => "\"<i2\"",
        Primitive::I32 => "\"<i4\"",
        Primitive::I64 => "\"<i8\"",
        other => return Err(ExportError::part(LANGUAGE, format!("`{other}` is not an integer"))),
    })
}

/// Returns a Python string literal in ASCII.
fn literal(text: &str) -> String {
    let mut written = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => written.extend(['\\', letter]),
            ' '..='~' => written.push(letter),
            _ => written.push_str(&format!("\\U{:08x}", letter as u32)),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_a_python_string() {
        assert_eq!(literal("a\"\\\né"), "\"a\\\"\\\\\\U0000000a\\U000000e9\"");
    }
}
