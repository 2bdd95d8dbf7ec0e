//! The JSON of a schema. It is stored in segments and read by other programs. `docs/format.md` describes it.

mod node;

use self::node::Node;
use super::{OwnedSchema, Schema, SchemaError};

/// The most characters of a parser's message that are kept. The message quotes its input, which may be long.
const MAX_MESSAGE: usize = 300;

impl Schema {
    /// Returns the schema as canonical JSON, which has no white space and a fixed order of keys.
    #[must_use]
    pub fn to_json(&self) -> String {
        OwnedSchema::from(self).to_json()
    }
}

impl OwnedSchema {
    /// Returns the schema as canonical JSON, which has no white space and a fixed order of keys.
    ///
    /// ```
    /// use shmstore::schema::OwnedSchema;
    /// use shmstore::ShmLayout;
    ///
    /// let json = OwnedSchema::from(u32::SCHEMA).to_json();
    /// assert_eq!(json, r#"{"kind":"primitive","primitive":"u32","size":4,"align":4}"#);
    /// ```
    ///
    /// # Panics
    ///
    /// Never panics, because every schema can be written as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Node::from(self)).expect("numbers, strings and lists can be written as JSON")
    }

    /// Reads a schema from JSON, with keys in any order and any white space.
    ///
    /// The JSON may come from any process. Memory and time are at most in proportion to its length.
    ///
    /// ```
    /// use shmstore::schema::OwnedSchema;
    ///
    /// let error = OwnedSchema::from_json(r#"{"kind":"pad","size":7,"align":2}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "the schema is wrong at `$`: size 7 is no multiple of align 2");
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SchemaError::Json`] if it is not in the documented format, because it is damaged or from a newer version.
    /// - [`SchemaError::Inconsistent`] if no type can have this layout. The program that wrote it is at fault.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, SchemaError> {
        let node: Node = serde_json::from_slice(json.as_ref()).map_err(|error| SchemaError::Json {
            message: error.to_string().chars().take(MAX_MESSAGE).flat_map(escape).collect(),
        })?;
        node.read()
    }
}

/// Escapes characters that could control a terminal, and keeps the parser's quotation marks.
fn escape(character: char) -> impl Iterator<Item = char> {
    let (kept, escaped) = match character {
        '"' | '\'' | '`' => (Some(character), None),
        _ => (None, Some(character.escape_debug())),
    };
    kept.into_iter().chain(escaped.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_DEPTH, samples};
    use crate::layout::SchemaError;
    use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, Primitive};

    #[test]
    fn schema_of_every_kind_is_read_back_from_its_json_with_its_hash() {
        for schema in samples::EVERY_KIND {
            let owned = OwnedSchema::from(schema);
            assert_eq!(schema.to_json(), owned.to_json());
            assert_eq!(OwnedSchema::from_json(schema.to_json()).unwrap(), owned);
            assert_eq!(owned.hash(), schema.hash(), "{schema}: the hashes of the two trees differ");
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
    fn a_queue_and_a_broadcast_of_another_form_are_refused() {
        let value = r#""value":{"kind":"primitive","primitive":"u8","size":1,"align":1}"#;
        let cases = [
            (r#""kind":"queue","size":320,"align":64"#, "`$`: `capacity` is missing"),
            (r#""kind":"queue","size":320,"align":64,"capacity":1"#, "`$`: `value` is missing"),
            (r#""kind":"broadcast","size":256,"align":64,"capacity":1,VALUE"#, "has 2 to 2147483647 slots"),
            (r#""kind":"queue","size":0,"align":64,"capacity":1,VALUE"#, "size 0 has no room for its content"),
            (r#""kind":"queue","size":320,"align":64,"capacity":1,"len":1,VALUE"#, "its kind has no `len`"),
            (r#""kind":"broadcast","size":256,"align":64,"capacity":2,"name":"B",VALUE"#, "its kind has no `name`"),
        ];
        for (node, says) in cases {
            let json = format!("{{{}}}", node.replace("VALUE", value));
            let error = OwnedSchema::from_json(&json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }

    #[test]
    fn nesting_without_end_is_refused_before_the_stack_overflows() {
        for open in [r#"{"element":"#, "[", r#"{"kind":"array","size":1,"align":1,"len":1,"element":"#] {
            let error = OwnedSchema::from_json(open.repeat(100_000)).unwrap_err();
            assert!(matches!(error, SchemaError::Json { .. }), "{error}");
        }
    }

    #[test]
    fn error_quotes_its_input_escaped_and_shortened() {
        let json = format!(r#"{{"kind":"pad","\u001b[2J{}":1}}"#, "x".repeat(100_000));
        let shown = OwnedSchema::from_json(json).unwrap_err().to_string();
        assert!(shown.contains(r"\u{1b}[2J") && !shown.contains('\u{1b}') && shown.len() < 1000, "{shown}");
    }
}
