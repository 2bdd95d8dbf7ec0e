//! One node of a schema as JSON, and the way between it and an [`OwnedSchema`].

use serde::{Deserialize, Serialize};

use super::super::{KindTag, OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive, SchemaError};

/// One node as it is written, with its keys in the canonical order.
///
/// It is flat and has the keys of every kind. For an enum tagged by `kind`, serde would buffer each level and lose the
/// line and column of an error. In place of serde, [`Node::refuse_leftovers`] refuses keys of other kinds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
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
    slots: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    const_args: Option<Vec<NodeConstArg>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<NodeField>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<NodeVariant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Box<Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Box<Node>>,
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
            slots: None,
            const_args: None,
            fields: None,
            variants: None,
            element: None,
            meta: None,
            key: None,
            value: None,
            object: None,
        }
    }

    /// Converts the node. The parser's limit of 128 levels bounds the recursion.
    pub(super) fn read(mut self) -> Result<OwnedSchema, SchemaError> {
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
            KindTag::Queue => OwnedKind::Queue {
                capacity: need(&mut self.capacity, "capacity")?,
                value: child(&mut self.value, "value")?,
            },
            KindTag::Broadcast => OwnedKind::Broadcast {
                capacity: need(&mut self.capacity, "capacity")?,
                value: child(&mut self.value, "value")?,
            },
            KindTag::Map => OwnedKind::Map {
                capacity: need(&mut self.capacity, "capacity")?,
                key: child(&mut self.key, "key")?,
                value: child(&mut self.value, "value")?,
            },
            KindTag::Frames => OwnedKind::Frames {
                capacity: need(&mut self.capacity, "capacity")?,
                slots: need(&mut self.slots, "slots")?,
                element: child(&mut self.element, "element")?,
                meta: child(&mut self.meta, "meta")?,
            },
        };
        self.refuse_leftovers()?;
        OwnedSchema::new(self.size, self.align, kind)
    }

    /// Refuses keys that belong to another kind, so that no key is ignored.
    fn refuse_leftovers(&self) -> Result<(), SchemaError> {
        let left = [
            ("name", self.name.is_some()),
            ("primitive", self.primitive.is_some()),
            ("len", self.len.is_some()),
            ("capacity", self.capacity.is_some()),
            ("slots", self.slots.is_some()),
            ("const_args", self.const_args.is_some()),
            ("fields", self.fields.is_some()),
            ("variants", self.variants.is_some()),
            ("element", self.element.is_some()),
            ("meta", self.meta.is_some()),
            ("key", self.key.is_some()),
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
            OwnedKind::Queue { capacity, value } | OwnedKind::Broadcast { capacity, value } => {
                Self { capacity: Some(*capacity), value: boxed(value), ..node }
            }
            OwnedKind::Map { capacity, key, value } => {
                Self { capacity: Some(*capacity), key: boxed(key), value: boxed(value), ..node }
            }
            OwnedKind::Frames { capacity, slots, element, meta } => Self {
                capacity: Some(*capacity),
                slots: Some(*slots),
                element: boxed(element),
                meta: boxed(meta),
                ..node
            },
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
