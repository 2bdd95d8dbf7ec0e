//! The JSON form of a schema, documented in `docs/format.md`: it is stored in segments and read by other programs.

use serde::{Deserialize, Serialize};

use super::SchemaError;
use super::{KindTag, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, Schema};

/// How much of a parser's message is kept: it quotes its input, which may be long.
const MAX_MESSAGE: usize = 300;

/// One node as it is written: the order of the keys is the canonical one.
///
/// Flat, with the keys of every kind, rather than an enum tagged by `kind`: serde would buffer each level of that one
/// and lose the place of an error. [`Node::refuse_leftovers`] makes up for it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    kind: KindTag,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primitive: Option<Primitive>,
    size: u64,
    align: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    len: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    const_args: Option<Vec<NodeConstArg>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<NodeField>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<NodeVariant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Box<Node>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeConstArg {
    name: String,
    value: i128,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeField {
    name: String,
    offset: u64,
    r#type: Node,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeVariant {
    name: String,
    discriminant: i128,
}

impl Schema {
    /// Writes the schema as JSON: canonical, that is without white space and with the keys in a fixed order.
    #[must_use]
    pub fn to_json(&self) -> String {
        OwnedSchema::from(self).to_json()
    }
}

impl OwnedSchema {
    /// Writes the schema as JSON: canonical, that is without white space and with the keys in a fixed order.
    ///
    /// ```
    /// use shmstore::{OwnedSchema, ShmLayout};
    ///
    /// let json = OwnedSchema::from(u32::SCHEMA).to_json();
    /// assert_eq!(json, r#"{"kind":"primitive","primitive":"u32","size":4,"align":4}"#);
    /// ```
    ///
    /// # Panics
    ///
    /// Never: nothing in a schema is impossible in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Node::from(self)).expect("numbers, strings and lists can be written as JSON")
    }

    /// Reads a schema from JSON that any process may have written, in any order of keys and with any white space.
    ///
    /// Memory and time stay in proportion to the length of the input, whatever it says.
    ///
    /// ```
    /// use shmstore::OwnedSchema;
    ///
    /// let error = OwnedSchema::from_json(r#"{"kind":"pad","size":7,"align":2}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "the schema is wrong at `$`: size 7 is no multiple of align 2");
    /// ```
    ///
    /// # Errors
    ///
    /// [`SchemaError::Json`] if it is not the documented format: damaged, or written by a newer version of shmstore.
    /// [`SchemaError::Inconsistent`] if no type can have this layout: whoever wrote it is at fault.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, SchemaError> {
        let node: Node = serde_json::from_slice(json.as_ref()).map_err(|error| SchemaError::Json {
            message: error.to_string().chars().take(MAX_MESSAGE).flat_map(escape).collect(),
        })?;
        node.read()
    }
}

/// Escapes what could play with a terminal, and leaves the parser's own quotation marks alone.
fn escape(character: char) -> impl Iterator<Item = char> {
    let (kept, escaped) = match character {
        '"' | '\'' | '`' => (Some(character), None),
        _ => (None, Some(character.escape_debug())),
    };
    kept.into_iter().chain(escaped.into_iter().flatten())
}

impl Node {
    fn new(kind: KindTag, size: u64, align: u64) -> Self {
        Self {
            kind,
            name: None,
            primitive: None,
            size,
            align,
            len: None,
            capacity: None,
            const_args: None,
            fields: None,
            variants: None,
            element: None,
            value: None,
            object: None,
        }
    }

    /// Turns the node into what it describes. Recursion is bounded by the parser's limit of 128 levels.
    fn read(mut self) -> Result<OwnedSchema, SchemaError> {
        let kind = match self.kind {
            KindTag::Primitive => OwnedKind::Primitive(need(&mut self.primitive, "primitive")?),
            KindTag::Atomic => OwnedKind::Atomic(need(&mut self.primitive, "primitive")?),
            KindTag::Array => {
                OwnedKind::Array { len: need(&mut self.len, "len")?, element: child(&mut self.element, "element")? }
            }
            KindTag::Struct => OwnedKind::Struct {
                name: need(&mut self.name, "name")?,
                const_args: self.const_args.take().into_iter().flatten().map(OwnedConstArg::from).collect(),
                fields: read_fields(need(&mut self.fields, "fields")?)?,
            },
            KindTag::Enum => OwnedKind::Enum {
                name: need(&mut self.name, "name")?,
                repr: need(&mut self.primitive, "primitive")?,
                variants: need(&mut self.variants, "variants")?.into_iter().map(OwnedVariant::from).collect(),
            },
            KindTag::Pad => OwnedKind::Pad,
            KindTag::Phantom => OwnedKind::Phantom,
            KindTag::FixedString => OwnedKind::FixedString { capacity: need(&mut self.capacity, "capacity")? },
            KindTag::FixedVec => OwnedKind::FixedVec {
                capacity: need(&mut self.capacity, "capacity")?,
                element: child(&mut self.element, "element")?,
            },
            KindTag::AtomicCell => OwnedKind::AtomicCell { value: child(&mut self.value, "value")? },
            KindTag::Versioned => OwnedKind::Versioned { value: child(&mut self.value, "value")? },
            KindTag::CacheAligned => OwnedKind::CacheAligned { object: child(&mut self.object, "object")? },
            KindTag::Lock => OwnedKind::Lock,
            KindTag::Event => OwnedKind::Event,
        };
        self.refuse_leftovers()?;
        OwnedSchema::new(self.size, self.align, kind)
    }

    /// Refuses keys that belong to another kind: nothing that is written is dropped in silence.
    fn refuse_leftovers(&self) -> Result<(), SchemaError> {
        let left = [
            ("name", self.name.is_some()),
            ("primitive", self.primitive.is_some()),
            ("len", self.len.is_some()),
            ("capacity", self.capacity.is_some()),
            ("const_args", self.const_args.is_some()),
            ("fields", self.fields.is_some()),
            ("variants", self.variants.is_some()),
            ("element", self.element.is_some()),
            ("value", self.value.is_some()),
            ("object", self.object.is_some()),
        ];
        match left.iter().find(|(_, present)| *present) {
            Some((key, _)) => Err(SchemaError::inconsistent(format_args!("its kind has no `{key}`"))),
            None => Ok(()),
        }
    }
}

fn need<T>(part: &mut Option<T>, key: &str) -> Result<T, SchemaError> {
    part.take().ok_or_else(|| SchemaError::inconsistent(format_args!("`{key}` is missing")))
}

fn child(part: &mut Option<Box<Node>>, key: &str) -> Result<Box<OwnedSchema>, SchemaError> {
    need(part, key)?.read().map(Box::new).map_err(|error| error.below(format_args!(".{key}")))
}

fn read_fields(fields: Vec<NodeField>) -> Result<Vec<OwnedField>, SchemaError> {
    let read = |(at, field): (usize, NodeField)| match field.r#type.read() {
        Ok(schema) => Ok(OwnedField { name: field.name, offset: field.offset, schema }),
        Err(error) => Err(error.below(format_args!(".fields[{at}].type"))),
    };
    fields.into_iter().enumerate().map(read).collect()
}

impl From<&OwnedSchema> for Node {
    fn from(schema: &OwnedSchema) -> Self {
        let boxed = |schema: &OwnedSchema| Some(Box::new(Self::from(schema)));
        let node = Self::new(schema.kind().tag(), schema.size(), schema.align());
        match schema.kind() {
            OwnedKind::Primitive(primitive) | OwnedKind::Atomic(primitive) => {
                Self { primitive: Some(*primitive), ..node }
            }
            OwnedKind::Array { len, element } => Self { len: Some(*len), element: boxed(element), ..node },
            OwnedKind::Struct { name, const_args, fields } => Self {
                name: Some(name.clone()),
                const_args: (!const_args.is_empty()).then(|| const_args.iter().map(NodeConstArg::from).collect()),
                fields: Some(fields.iter().map(NodeField::from).collect()),
                ..node
            },
            OwnedKind::Enum { name, repr, variants } => Self {
                name: Some(name.clone()),
                primitive: Some(*repr),
                variants: Some(variants.iter().map(NodeVariant::from).collect()),
                ..node
            },
            OwnedKind::Pad | OwnedKind::Phantom | OwnedKind::Lock | OwnedKind::Event => node,
            OwnedKind::FixedString { capacity } => Self { capacity: Some(*capacity), ..node },
            OwnedKind::FixedVec { capacity, element } => {
                Self { capacity: Some(*capacity), element: boxed(element), ..node }
            }
            OwnedKind::AtomicCell { value } | OwnedKind::Versioned { value } => Self { value: boxed(value), ..node },
            OwnedKind::CacheAligned { object } => Self { object: boxed(object), ..node },
        }
    }
}

impl From<&OwnedConstArg> for NodeConstArg {
    fn from(arg: &OwnedConstArg) -> Self {
        Self { name: arg.name.clone(), value: arg.value }
    }
}

impl From<NodeConstArg> for OwnedConstArg {
    fn from(arg: NodeConstArg) -> Self {
        Self { name: arg.name, value: arg.value }
    }
}

impl From<&OwnedField> for NodeField {
    fn from(field: &OwnedField) -> Self {
        Self { name: field.name.clone(), offset: field.offset, r#type: Node::from(&field.schema) }
    }
}

impl From<&OwnedVariant> for NodeVariant {
    fn from(variant: &OwnedVariant) -> Self {
        Self { name: variant.name.clone(), discriminant: variant.discriminant }
    }
}

impl From<NodeVariant> for OwnedVariant {
    fn from(variant: NodeVariant) -> Self {
        Self { name: variant.name, discriminant: variant.discriminant }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_DEPTH, samples};
    use crate::{OwnedField, OwnedKind, OwnedSchema, Primitive, SchemaError};

    #[test]
    fn every_kind_comes_back_from_json_with_its_content_and_hash() {
        for schema in samples::EVERY_KIND {
            let owned = OwnedSchema::from(schema);
            assert_eq!(schema.to_json(), owned.to_json());
            assert_eq!(OwnedSchema::from_json(schema.to_json()).unwrap(), owned);
            assert_eq!(owned.hash(), schema.hash(), "{schema}: the two trees take other steps of the hash");
        }
    }

    #[test]
    fn every_kind_is_written_as_the_format_document_says() {
        let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/format.md"));
        let Ok(document) = document else {
            assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "docs/format.md cannot be read");
            eprintln!("skipped: the published package has no docs/format.md");
            return;
        };
        for schema in samples::EVERY_KIND {
            let json = schema.to_json();
            assert!(document.contains(&json), "docs/format.md has no line {json}");
        }
    }

    #[test]
    fn order_of_keys_and_white_space_do_not_matter_to_the_reader() {
        let json = r#" { "align": 1, "size": 7, "kind": "pad" } "#;
        assert_eq!(OwnedSchema::from_json(json).unwrap().to_json(), r#"{"kind":"pad","size":7,"align":1}"#);
    }

    #[test]
    fn the_deepest_nesting_of_structs_can_be_read_back() {
        let byte = OwnedSchema::new(1, 1, OwnedKind::Primitive(Primitive::U8)).unwrap();
        let nested = (1..MAX_DEPTH).fold(byte, |schema, _| {
            let fields = vec![OwnedField { name: "f".into(), offset: 0, schema }];
            OwnedSchema::new(1, 1, OwnedKind::Struct { name: "S".into(), const_args: vec![], fields }).unwrap()
        });
        assert_eq!(OwnedSchema::from_json(nested.to_json()).unwrap(), nested);
    }

    #[test]
    fn numbers_keep_their_value_up_to_the_ends_of_u64_and_i64() {
        for value in [i128::from(i64::MIN), -1, i128::from(u64::MAX)] {
            let json = format!(
                r#"{{"kind":"struct","name":"S","size":0,"align":1,"const_args":[{{"name":"N","value":{value}}}],"fields":[]}}"#
            );
            assert_eq!(OwnedSchema::from_json(&json).unwrap().to_json(), json);
        }
    }

    #[test]
    fn json_of_another_form_is_refused() {
        let cases = [
            ("", "EOF"),
            ("7", "invalid type"),
            (r#"{"kind":"pad","size":1,"align":1} x"#, "trailing characters"),
            (r#"{"kind":"pad","size":1,"align":1,"size":1}"#, "duplicate field `size`"),
            (r#"{"kind":"pad","size":1,"align":1,"colour":1}"#, "unknown field `colour`"),
            (r#"{"kind":"union","size":1,"align":1}"#, "unknown variant `union`"),
            (r#"{"kind":"pad","size":-1,"align":1}"#, "invalid value: integer `-1`"),
            (r#"{"kind":"pad","size":1.0,"align":1}"#, "floating point"),
            (r#"{"kind":"pad","size":1}"#, "missing field `align`"),
        ];
        for (json, says) in cases {
            let error = OwnedSchema::from_json(json).unwrap_err();
            assert!(matches!(error, SchemaError::Json { .. }), "{json}: {error}");
            assert!(error.to_string().contains(says), "{json}: {error}");
        }
    }

    #[test]
    fn an_inconsistent_node_is_named_by_its_json_path() {
        let node = r#"{"kind":"pad","size":1,"align":1,"name":"p"}"#;
        let array = format!(r#"{{"kind":"array","size":1,"align":1,"len":1,"element":{node}}}"#);
        let field = format!(r#"{{"name":"f","offset":0,"type":{array}}}"#);
        let json = format!(r#"{{"kind":"struct","name":"S","size":1,"align":1,"fields":[{field}]}}"#);
        let error = OwnedSchema::from_json(json).unwrap_err();
        assert_eq!(error.to_string(), "the schema is wrong at `$.fields[0].type.element`: its kind has no `name`");
        let error = OwnedSchema::from_json(r#"{"kind":"array","size":1,"align":1,"len":1}"#).unwrap_err();
        assert_eq!(format!("{error:?}"), "the schema is wrong at `$`: `element` is missing");
    }

    #[test]
    fn a_lock_and_an_event_of_another_form_are_refused() {
        let cases = [
            (r#"{"kind":"lock","size":16,"align":8}"#, "`$`: a `Lock` has size 8 and align 8"),
            (r#"{"kind":"lock","size":8,"align":4}"#, "`$`: a `Lock` has size 8 and align 8"),
            (r#"{"kind":"event","size":8,"align":8}"#, "`$`: an `Event` has size 16 and align 8"),
            (r#"{"kind":"event","size":0,"align":8}"#, "`$`: an `Event` has size 16 and align 8"),
            (r#"{"kind":"event","size":64,"align":64}"#, "`$`: an `Event` has size 16 and align 8"),
            (r#"{"kind":"lock","size":8,"align":8,"primitive":"u64"}"#, "`$`: its kind has no `primitive`"),
            (r#"{"kind":"lock","size":8,"align":8,"name":"Lock"}"#, "`$`: its kind has no `name`"),
            (r#"{"kind":"event","size":16,"align":8,"len":2}"#, "`$`: its kind has no `len`"),
            (
                r#"{"kind":"event","size":16,"align":8,"value":{"kind":"lock","size":8,"align":8}}"#,
                "its kind has no `value`",
            ),
            (r#"{"kind":"Lock","size":8,"align":8}"#, "unknown variant `Lock`"),
            (r#"{"kind":"lock","size":8}"#, "missing field `align`"),
            (
                r#"{"kind":"array","size":16,"align":8,"len":2,"element":{"kind":"lock","size":4,"align":4}}"#,
                "`$.element`: a `Lock` has size 8",
            ),
        ];
        for (json, says) in cases {
            let error = OwnedSchema::from_json(json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused_before_the_stack_ends() {
        for open in [r#"{"element":"#, "[", r#"{"kind":"array","size":1,"align":1,"len":1,"element":"#] {
            let error = OwnedSchema::from_json(open.repeat(100_000)).unwrap_err();
            assert!(matches!(error, SchemaError::Json { .. }), "{error}");
        }
    }

    #[test]
    fn an_error_quotes_its_input_escaped_and_not_at_length() {
        let json = format!(r#"{{"kind":"pad","\u001b[2J{}":1}}"#, "x".repeat(100_000));
        let shown = OwnedSchema::from_json(json).unwrap_err().to_string();
        assert!(shown.contains(r"\u{1b}[2J") && !shown.contains('\u{1b}') && shown.len() < 1000, "{shown}");
    }
}
