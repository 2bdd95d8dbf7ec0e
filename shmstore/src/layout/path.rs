//! The path from an object or a type to a part of it: `position.x`, `accounts[3].value`, `samples[].t`, `mode::Fast`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The path of a field, with dots between names and indices in brackets. An empty path, or `.`, is the whole object.
///
/// ```
/// use shmstore::inspect::FieldPath;
///
/// let path: FieldPath = "accounts[3].value".parse()?;
/// assert_eq!(path.to_string(), "accounts[3].value");
/// # Ok::<(), shmstore::inspect::FieldError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FieldPath {
    steps: Vec<Step>,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step<Name = String> {
    Field(Name),
    Index(u64),
    /// Each element of a list. It is never in a [`FieldPath`].
    Element,
    /// A variant of an enum. It is never in a [`FieldPath`].
    Variant(Name),
}

/// Writes a path, with unprintable characters escaped. The path of the whole object is `.`.
pub(crate) fn write_path<'a, Name: AsRef<str> + 'a>(
    f: &mut impl fmt::Write,
    steps: impl IntoIterator<Item = &'a Step<Name>>,
) -> fmt::Result {
    let mut steps = steps.into_iter().peekable();
    if steps.peek().is_none() {
        return f.write_char('.');
    }
    for (depth, step) in steps.enumerate() {
        match step {
            Step::Field(name) if depth == 0 => write!(f, "{}", name.as_ref().escape_debug())?,
            Step::Field(name) => write!(f, ".{}", name.as_ref().escape_debug())?,
            Step::Index(index) => write!(f, "[{index}]")?,
            Step::Element => f.write_str("[]")?,
            Step::Variant(name) => write!(f, "::{}", name.as_ref().escape_debug())?,
        }
    }
    Ok(())
}

/// The reason why there is no field at a path.
///
/// ```
/// use shmstore::inspect::FieldPath;
///
/// let error = "accounts[x]".parse::<FieldPath>().unwrap_err().to_string();
/// assert_eq!(error, "`accounts[x]` is not the path of a field: an index is a number, as in `accounts[3].value`");
/// ```
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The text is not a path.
    #[error("`{path}` is not the path of a field: {expected}, as in `accounts[3].value`")]
    Syntax {
        /// The text.
        path: String,
        /// The rule that it breaks.
        expected: &'static str,
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
        /// `fields` or `elements`.
        what: &'static str,
        /// The path that was probably meant, if the type is a list.
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
}

/// Returns `a` or `an`, by the sound of a type's name: a `u8`, an `i8`, an `f64`, an `Event`.
fn article(type_name: &str) -> &'static str {
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

impl FieldPath {
    /// Returns `true` if it is the path of the whole object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the path of a field of the struct at this path.
    ///
    /// ```
    /// use shmstore::inspect::FieldPath;
    /// assert_eq!(FieldPath::default().field("accounts").index(3).field("value").to_string(), "accounts[3].value");
    /// ```
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.with(Step::Field(name.to_owned()))
    }

    /// Returns the path of an element of the list at this path. The first element has index 0.
    #[must_use]
    pub fn index(&self, index: u64) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { steps }
    }

    /// The steps from the object down.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the path with an index in place of the name at `depth`, because a list has no fields.
    ///
    /// It is `cpus[0].user` for both `cpus.0.user` and `cpus.user`.
    pub(crate) fn with_index_at(&self, depth: usize) -> Option<Self> {
        let Some(Step::Field(name)) = self.steps.get(depth) else { return None };
        let index = name.parse();
        let after = if index.is_ok() { depth + 1 } else { depth };
        let mut meant = self.up_to(depth).index(index.unwrap_or(0));
        meant.steps.extend_from_slice(&self.steps[after..]);
        Some(meant)
    }

    /// Returns the path of the first `count` steps.
    pub(crate) fn up_to(&self, count: usize) -> Self {
        Self { steps: self.steps[..count].to_vec() }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.steps)
    }
}

impl FromStr for FieldPath {
    type Err = FieldError;

    fn from_str(path: &str) -> Result<Self, FieldError> {
        let refused = |expected| FieldError::Syntax { path: path.to_owned(), expected };
        let mut steps = Vec::new();
        let mut rest = if path == "." { "" } else { path };
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('[') {
                let (index, after) = after.split_once(']').ok_or_else(|| refused("a `[` needs its `]`"))?;
                steps.push(Step::Index(index.trim().parse().map_err(|_| refused("an index is a number"))?));
                rest = after;
            } else {
                let name = if steps.is_empty() {
                    rest
                } else {
                    rest.strip_prefix('.').ok_or_else(|| refused("`.` or `[` comes next"))?
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                if end == 0 {
                    return Err(refused("a name comes next"));
                }
                steps.push(Step::Field(name[..end].to_owned()));
                rest = &name[end..];
            }
        }
        Ok(Self { steps })
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

    #[test]
    fn path_that_is_parsed_is_shown_as_it_was_written() {
        for path in [".", "a", "a.b", "a[0]", "a[12].b.0[3]", "[7].x"] {
            assert_eq!(path.parse::<FieldPath>().unwrap().to_string(), path);
        }
        assert!("".parse::<FieldPath>().unwrap().is_empty());
    }

    #[test]
    fn text_that_is_no_path_is_refused_with_the_rule_that_it_breaks() {
        for (path, expected) in [
            ("a..b", "a name"),
            (".a", "a name"),
            ("a.", "a name"),
            ("a[1", "`]`"),
            ("a[x]", "a number"),
            ("a[-1]", "a number"),
            ("a[1]b", "`.` or `[`"),
        ] {
            let error = path.parse::<FieldPath>().unwrap_err().to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
    }
}
