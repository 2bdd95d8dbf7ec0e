//! The values of keys in paths.

use std::fmt;

use super::Value;
use crate::layout::path::{FieldPath, Step, write_json};

impl FieldPath {
    /// Returns the path of the value of a key in the map at this path.
    ///
    /// ```
    /// use shmstore::inspect::{FieldPath, Value};
    ///
    /// let quotes = FieldPath::default().field("quotes");
    /// assert_eq!(quotes.key(&Value::Text("EURUSD".into())).field("bid").to_string(), r#"quotes["EURUSD"].bid"#);
    /// assert_eq!(quotes.key(&Value::Unsigned(3)), quotes.index(3));
    /// ```
    #[must_use]
    pub fn key(&self, key: &Value) -> Self {
        self.with(Step::of_json(&json_of(key)))
    }
}

/// Writes a key as between the brackets of a path. A key that is not decoded is written as any other value.
pub(super) fn write_key(f: &mut impl fmt::Write, key: &Value) -> fmt::Result {
    match key {
        Value::Invalid(_) | Value::Omitted => write!(f, "{key}"),
        key => write_json(f, &json_of(key).to_string()),
    }
}

fn json_of(key: &Value) -> serde_json::Value {
    // Only a map with keys that are no text has no JSON, and no value is one.
    serde_json::to_value(key).unwrap_or_default()
}
