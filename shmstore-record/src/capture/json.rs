//! Messages as JSON, with JSON Schema.

use serde_json::{Map, Value, json};
use shmstore::dynamic;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

use crate::cdr::{Encoded, is_time};
use crate::message::{Kind, Message};

/// What the pieces of a message are in JSON.
pub(super) enum Json {
    /// One value.
    Value(OwnedSchema),
    /// A field each.
    Fields(Vec<OwnedField>),
    /// The metadata and the elements of a frame.
    Frame { meta: OwnedSchema, element: OwnedSchema, list: String },
}

impl Json {
    pub(super) fn of(message: &Message, part: &OwnedSchema) -> Self {
        match (message.kind(), part.kind(), message.schema().kind()) {
            (Kind::Frames, OwnedKind::Frames { element, meta, .. }, OwnedKind::Struct { fields, .. }) => {
                let list = fields.last().map_or_else(String::new, |field| field.name.clone());
                Self::Frame { meta: (**meta).clone(), element: (**element).clone(), list }
            }
            (Kind::Atomics | Kind::Map, _, OwnedKind::Struct { fields, .. }) => Self::Fields(fields.clone()),
            _ => Self::Value(message.schema().clone()),
        }
    }

    pub(super) fn encode(&self, pieces: &[&[u8]], to: &mut Vec<u8>) -> Encoded {
        let mut encoded = Encoded::Exact;
        let of = match self {
            Self::Value(schema) => object("value", schema, value(schema, pieces[0], &mut encoded)),
            Self::Fields(fields) => {
                let of = |(field, piece): (&OwnedField, &&[u8])| {
                    (field.name.clone(), value(&field.schema, piece, &mut encoded))
                };
                fields.iter().zip(pieces).map(of).collect()
            }
            Self::Frame { meta, element, list } => {
                let mut of = object("meta", meta, value(meta, pieces[0], &mut encoded));
                let elements = pieces[1].chunks_exact((element.size() as usize).max(1));
                let elements = elements.map(|bytes| value(element, bytes, &mut encoded)).collect();
                of.insert(list.clone(), Value::Array(elements));
                of
            }
        };
        to.extend_from_slice(Value::Object(of).to_string().as_bytes());
        encoded
    }
}

/// Makes a JSON object of a value: its fields, or one field with this name.
fn object(name: &str, schema: &OwnedSchema, value: Value) -> Map<String, Value> {
    match value {
        Value::Object(of) if is_struct(schema) => of,
        value => Map::from_iter([(name.to_owned(), value)]),
    }
}

fn is_struct(schema: &OwnedSchema) -> bool {
    matches!(schema.kind(), OwnedKind::Struct { .. }) && !is_time(schema)
}

fn value(schema: &OwnedSchema, bytes: &[u8], encoded: &mut Encoded) -> Value {
    match dynamic::decode(schema, bytes) {
        Ok(value) => serde_json::to_value(&value).unwrap_or_default(),
        Err(error) => {
            *encoded = Encoded::Changed;
            json!({ "invalid": error.to_string() })
        }
    }
}

/// The JSON Schema of a message.
pub(super) fn schema_of(message: &OwnedSchema) -> String {
    let schema = if is_struct(message) {
        schema(message)
    } else {
        json!({ "type": "object", "properties": { "value": schema(message) } })
    };
    schema.to_string()
}

fn schema(of: &OwnedSchema) -> Value {
    match of.kind() {
        OwnedKind::Primitive(Primitive::Bool) => json!({ "type": "boolean" }),
        OwnedKind::Primitive(Primitive::Char) | OwnedKind::FixedString { .. } => json!({ "type": "string" }),
        // A float may be the text `NaN`, which viewers leave out.
        OwnedKind::Primitive(Primitive::F32 | Primitive::F64) => json!({ "type": "number" }),
        OwnedKind::Primitive(_) => json!({ "type": "integer" }),
        OwnedKind::Enum { variants, .. } => {
            let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
            json!({ "type": "string", "enum": names })
        }
        OwnedKind::Struct { name, fields, .. } => {
            let has_bytes = |field: &&OwnedField| !matches!(field.schema.kind(), OwnedKind::Pad | OwnedKind::Phantom);
            let of = |field: &OwnedField| (field.name.clone(), schema(&field.schema));
            let properties: Map<String, Value> = fields.iter().filter(has_bytes).map(of).collect();
            json!({ "title": name, "type": "object", "properties": properties })
        }
        OwnedKind::Array { element, .. } | OwnedKind::FixedVec { element, .. } => {
            json!({ "type": "array", "items": schema(element) })
        }
        _ => json!({}),
    }
}
