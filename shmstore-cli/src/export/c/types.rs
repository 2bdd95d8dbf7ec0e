//! The C type for each schema. Each type is defined once.

use std::collections::{HashMap, HashSet};

use shmstore::schema::{OwnedKind, OwnedSchema, Primitive};

use super::super::error::{ExportError, UNKNOWN};
use super::super::labels::Labels;
use super::super::names::{Scope, snake};
use super::super::parts;
use super::{LANGUAGE, names};

/// A type in a declaration: `double x[4]`.
pub(super) struct CType {
    /// The type before the name.
    pub(super) base: String,
    /// The dimensions after the name.
    pub(super) dimensions: String,
}

impl CType {
    fn plain(base: impl Into<String>) -> Self {
        Self { base: base.into(), dimensions: String::new() }
    }

    /// Declares a name of this type.
    pub(super) fn declare(&self, name: &str) -> String {
        format!("{} {name}{}", self.base, self.dimensions)
    }
}

/// The types of a header that are written so far.
pub(super) struct Types<'a> {
    object: String,
    object_macro: String,
    scope: Scope,
    members: Scope,
    labels: Labels<'a>,
    known: HashMap<&'a OwnedSchema, String>,
    /// The type of the value that each `_load` copies, by the name of the part.
    pub(super) values: HashMap<String, String>,
    /// The strings with a function that makes them of a C string.
    made_of_text: HashSet<String>,
    /// Whether a type is a map.
    pub(super) has_maps: bool,
    /// Whether a type is frames.
    pub(super) has_frames: bool,
    /// A statement that reads the first field with a `_load`.
    example: Option<String>,
    out: String,
}

impl<'a> Types<'a> {
    pub(super) fn new(schema: &'a OwnedSchema, object: &str, suffixes: &[&str], macro_suffixes: &[&str]) -> Self {
        let mut scope = Scope::without(names::reserved());
        let object = scope.take_family(object, suffixes);
        let object_macro = scope.take_family(&object.to_uppercase(), macro_suffixes);
        let members = Scope::without(names::not_members());
        let labels = Labels::among(schema, snake);
        Self {
            object,
            object_macro,
            scope,
            members,
            labels,
            known: HashMap::new(),
            values: HashMap::new(),
            made_of_text: HashSet::new(),
            has_maps: false,
            has_frames: false,
            example: None,
            out: String::new(),
        }
    }

    /// Returns the name of the object's type.
    pub(super) fn object(&self) -> &str {
        &self.object
    }

    /// Returns the prefix of the object's macros.
    pub(super) fn object_macro(&self) -> &str {
        &self.object_macro
    }

    /// Returns a statement that reads a field of the object.
    pub(super) fn example(&self) -> Option<&str> {
        self.example.as_deref()
    }

    /// Makes a member of the object the example, if it is the first one with a `_load`.
    pub(super) fn take_example(&mut self, owner: &str, member: &str, kind: &CType, schema: &OwnedSchema) {
        if owner != self.object || self.example.is_some() || !kind.dimensions.is_empty() {
            return;
        }
        let base = &kind.base;
        let load = match (schema.kind(), self.values.get(base)) {
            (OwnedKind::Atomic(_), _) => {
                format!("printf(\"%lld\\n\", (long long){base}_load(&object->{member}));")
            }
            (OwnedKind::AtomicCell { .. }, Some(of)) => format!("{of} value; {base}_load(&object->{member}, &value);"),
            (OwnedKind::Versioned { .. }, Some(of)) => {
                format!("{of} value; {base}_load(&object->{member}, &value, NULL);")
            }
            (OwnedKind::Broadcast { .. }, Some(of)) => format!(
                "{of} value; uint64_t missed, at = {base}_oldest(&object->{member}); \
                 {base}_receive(&object->{member}, &at, &value, &missed);"
            ),
            (OwnedKind::Map { .. }, _) => {
                format!("printf(\"%llu keys\\n\", (unsigned long long){base}_len(&object->{member}));")
            }
            (OwnedKind::Frames { .. }, _) => {
                format!("printf(\"frame %llu\\n\", (unsigned long long){base}_newest_number(&object->{member}));")
            }
            _ => return,
        };
        self.example = Some(load);
    }

    /// Returns the declarations of the types.
    pub(super) fn declarations(&self) -> &str {
        &self.out
    }

    pub(super) fn write(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Returns a new scope for the members of a struct.
    pub(super) fn member_scope(&self) -> Scope {
        self.members.clone()
    }

    /// Defines the object's own type.
    pub(super) fn define_object(&mut self, schema: &'a OwnedSchema) -> Result<(), ExportError> {
        let name = self.object.clone();
        match schema.kind() {
            OwnedKind::Struct { fields, .. } => self.define_struct(&name, schema, fields),
            _ => self.define_wrapper(&name, "object", schema, schema),
        }
    }

    /// Returns the C type of a schema that has a size. The type is defined first.
    pub(super) fn of(&mut self, schema: &'a OwnedSchema) -> Result<CType, ExportError> {
        if let Some(problem) = parts::problem(schema) {
            return Err(ExportError::part(LANGUAGE, problem));
        }
        Ok(match schema.kind() {
            OwnedKind::Primitive(primitive) => CType::plain(number(*primitive)?),
            OwnedKind::Atomic(integer) => CType::plain(format!("shmstore_atomic_{}", integer.name())),
            OwnedKind::Lock => CType::plain("shmstore_lock"),
            OwnedKind::Event => CType::plain("shmstore_event"),
            OwnedKind::Pad => CType { base: "unsigned char".into(), dimensions: format!("[{}]", schema.size()) },
            OwnedKind::Array { len, element } => {
                let CType { base, dimensions } = self.of(element)?;
                CType { base, dimensions: format!("[{len}]{dimensions}") }
            }
            _ => CType::plain(self.named(schema)?),
        })
    }

    fn named(&mut self, schema: &'a OwnedSchema) -> Result<String, ExportError> {
        if let Some(name) = self.known.get(schema) {
            return Ok(name.clone());
        }
        let name = self.define(schema)?;
        self.known.insert(schema, name.clone());
        Ok(name)
    }

    fn define(&mut self, schema: &'a OwnedSchema) -> Result<String, ExportError> {
        match schema.kind() {
            OwnedKind::Struct { fields, .. } => {
                let name = self.take(schema, &[]);
                self.define_struct(&name, schema, fields)?;
                Ok(name)
            }
            OwnedKind::CacheAligned { object } => {
                let name = self.take(schema, &[]);
                self.define_wrapper(&name, "object", schema, object)?;
                Ok(name)
            }
            OwnedKind::Enum { repr, variants, .. } => self.define_enum(schema, *repr, variants),
            OwnedKind::FixedString { capacity } => Ok(self.define_string(schema, *capacity)),
            OwnedKind::FixedVec { capacity, element } => self.define_vec(schema, *capacity, element),
            OwnedKind::AtomicCell { value } => self.define_cell(schema, value),
            OwnedKind::Versioned { value } => self.define_versioned(schema, value),
            OwnedKind::Queue { value, .. } => self.define_queue(schema, value),
            OwnedKind::Broadcast { value, .. } => self.define_broadcast(schema, value),
            OwnedKind::Map { key, value, .. } => self.define_map(schema, key, value),
            OwnedKind::Frames { element, meta, .. } => self.define_frames(schema, element, meta),
            _ => Err(ExportError::part(LANGUAGE, UNKNOWN)),
        }
    }

    /// Takes a name for a type, together with its suffixed forms.
    pub(super) fn take(&mut self, schema: &OwnedSchema, suffixes: &[&str]) -> String {
        let base = format!("{}_{}", self.object, self.labels.of(schema));
        self.scope.take_family(&base, suffixes)
    }

    /// Returns the name of a string that has no function yet which makes it of a C string.
    pub(super) fn text_maker(&mut self, schema: &OwnedSchema) -> Option<String> {
        let name = self.known.get(schema)?.clone();
        self.made_of_text.insert(name.clone()).then_some(name)
    }

    /// Takes a name for a macro.
    pub(super) fn take_macro(&mut self, name: &str) -> String {
        self.scope.take(name)
    }
}

/// Returns the C type of a number. A `bool` is a byte, because shared memory may hold any byte, and C's own `bool` may
/// not.
pub(super) fn number(primitive: Primitive) -> Result<&'static str, ExportError> {
    Ok(match primitive {
        Primitive::U8 | Primitive::Bool => "uint8_t",
        Primitive::U16 => "uint16_t",
        Primitive::U32 | Primitive::Char => "uint32_t",
        Primitive::U64 => "uint64_t",
        Primitive::I8 => "int8_t",
        Primitive::I16 => "int16_t",
        Primitive::I32 => "int32_t",
        Primitive::I64 => "int64_t",
        Primitive::F32 => "float",
        Primitive::F64 => "double",
        other => return Err(ExportError::part(LANGUAGE, format!("this program does not know `{other}`"))),
    })
}
