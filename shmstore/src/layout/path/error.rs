//! The reasons why there is no field at a path.

use std::borrow::Cow;

use thiserror::Error;

/// The reason why there is no field at a path.
///
/// ```
/// use shmstore::inspect::FieldPath;
///
/// let error = "accounts[x]".parse::<FieldPath>().unwrap_err().to_string();
/// let expected = "an index is a number, and a key of text is written in quotes: `accounts[\"x\"]`";
/// assert_eq!(error, format!("`accounts[x]` is not the path of a field: {expected}"));
/// ```
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The text is not a path.
    #[error("`{path}` is not the path of a field: {expected}{}", write_meant(.instead.as_deref()))]
    Syntax {
        /// The text.
        path: String,
        /// The rule that it breaks.
        expected: &'static str,
        /// The path that was probably meant, if it is a key without quotes.
        instead: Option<String>,
    },
    /// A struct has no such field.
    #[error("no field `{name}` in {}, {} `{type_name}`: there are {there}", subject(.path), article(.type_name))]
    NoField {
        /// The path so far.
        path: String,
        /// Its type.
        type_name: String,
        /// The name that it does not have.
        name: String,
        /// The names that it has: at most ten, the most similar ones first.
        there: String,
    },
    /// A type has no fields, or no elements.
    #[error("{} is {} `{type_name}`, which has no {what}{}", subject(.path), article(.type_name), write_instead(.instead.as_ref()))]
    NoSuchPart {
        /// The path so far.
        path: String,
        /// Its type.
        type_name: String,
        /// `fields`, `elements` or `keys`.
        what: &'static str,
        /// The path that was probably meant, if there is one.
        instead: Option<String>,
    },
    /// An index is beyond the end of a list.
    #[error("{} has {len} element{}{}", subject(.path), if *.len == 1 { "" } else { "s" }, last(*.len))]
    OutOfRange {
        /// The path so far.
        path: String,
        /// The number of elements.
        len: u64,
    },
    /// A broadcast has no item of this position any more, or not yet.
    #[error("{} has no item [{position}] {}", subject(.path), which_there(*.position, *.oldest, *.sent))]
    NoItem {
        /// The path so far.
        path: String,
        /// The position.
        position: u64,
        /// The position of the oldest item that is there.
        oldest: u64,
        /// The number of items that were sent.
        sent: u64,
    },
    /// A `Frames` has no newest frame, because none was published yet.
    #[error("{} has no frame yet", subject(.path))]
    NoFrame {
        /// The path so far.
        path: String,
    },
    /// A map has no such key now.
    #[error("{} has no key {}: {}", subject(.path), printable(.key), write_there(.there))]
    NoKey {
        /// The path so far.
        path: String,
        /// The key that it does not have, as JSON.
        key: String,
        /// The keys that it has: at most ten, the most similar ones first.
        there: String,
    },
    /// The keys of a map are of another type.
    #[error("{} cannot have the key {}: {expected}", subject(.path), printable(.key))]
    WrongKey {
        /// The path so far.
        path: String,
        /// The key, as JSON.
        key: String,
        /// The rule that the key breaks.
        expected: String,
    },
}

/// Returns `a` or `an`, by the sound of a type's name: a `u8`, an `i8`, an `f64`, an `Event`.
pub(crate) fn article(type_name: &str) -> &'static str {
    let mut letters = type_name.chars();
    let first = letters.next();
    let is_number = letters.next().is_some_and(|letter| letter.is_ascii_digit());
    match first {
        Some('f') if is_number => "an",
        Some('[' | 'a' | 'e' | 'i' | 'o' | 'A' | 'E' | 'I' | 'O') => "an",
        _ => "a",
    }
}

/// Names the value at a path in an error.
fn subject(path: &str) -> String {
    if path == "." { "the object".into() } else { format!("`{path}`") }
}

/// Escapes what is unprintable in JSON.
pub(crate) fn printable(json: &str) -> String {
    let mut text = String::new();
    super::write_json(&mut text, json).map(|()| text).unwrap_or_default()
}

fn write_there(keys: &str) -> Cow<'static, str> {
    if keys.is_empty() { "it is empty".into() } else { format!("there are {keys}").into() }
}

fn write_meant(path: Option<&str>) -> Cow<'static, str> {
    path.map_or(", as in `accounts[3].value`".into(), |path| format!(": `{path}`").into())
}

fn write_instead(path: Option<&String>) -> String {
    path.map_or_else(String::new, |path| format!(": write `{path}`"))
}

fn last(len: u64) -> String {
    len.checked_sub(1).map_or_else(String::new, |last| format!(": the last is [{last}]"))
}

fn which_there(position: u64, oldest: u64, sent: u64) -> String {
    match sent.checked_sub(1) {
        None => "yet: none was sent".into(),
        Some(newest) if position > newest => format!("yet: the newest is [{newest}]"),
        Some(newest) => format!("any more: the oldest is [{oldest}], the newest [{newest}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn article_follows_the_sound_of_the_name() {
        let spoken = ["f64", "i8", "Event", "u8", "fixed", "Position"].map(article);
        assert_eq!(spoken, ["an", "an", "an", "a", "a", "a"]);
    }
}
