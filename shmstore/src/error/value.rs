//! The error for a value that does not fit a type.

/// A value that a type does not have.
///
/// ```
/// use shmstore::dynamic::from_text;
/// use shmstore::schema::OwnedSchema;
/// use shmstore::ShmLayout;
///
/// let error = from_text(&OwnedSchema::from(<[u8; 2]>::SCHEMA), "[1, 300]").unwrap_err();
/// assert_eq!((error.path.as_str(), error.found.as_str()), ("[1]", "300"));
/// assert_eq!(error.to_string(), "`[1]` does not fit its type: expected a number from 0 to 255 (`u8`), found 300");
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} does not fit its type: expected {expected}, found {found}", subject(.path))]
pub struct ValueError {
    /// The path from the value to the part that does not fit, such as `mode` or `samples[3].kind`. It is empty if the
    /// value itself does not fit.
    pub path: String,
    /// The values that the type has there.
    pub expected: String,
    /// What was given there, shortened.
    pub found: String,
}

fn subject(path: &str) -> String {
    if path.is_empty() { "the value".into() } else { format!("`{path}`") }
}
