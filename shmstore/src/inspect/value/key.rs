//! The values of keys in paths.

use super::Value;
use crate::layout::path::{FieldPath, Step};

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
        // Only a map with keys that are no text has no JSON, and no value is one.
        let json = serde_json::to_value(key).unwrap_or_default();
        self.with(Step::of_json(&json))
    }
}
