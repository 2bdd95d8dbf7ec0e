//! The path from an object, or a type, to a part of it: `position.x`, `accounts[3].value`, `samples[].t`, `mode::Fast`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The path of a field: names with dots between them, indices in brackets. Empty, or `.`, for the whole object.
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
    /// Each element of a list. No [`FieldPath`] has such a step, nor the next one.
    Element,
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

/// Why there is no such field.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It is not a path.
    #[error("`{path}` is not the path of a field: {expected}, as in `accounts[3].value`")]
    Syntax {
        /// What was given.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A struct has no such field.
    #[error("no field `{name}` in {}, {} `{type_name}`: there are {there}", spot(.path), article(.type_name))]
    NoField {
        /// The path so far.
        path: String,
        /// Its type.
        type_name: String,
        /// What was looked for.
        name: String,
        /// The names that it has: the first ten, those that begin most alike before the others.
        there: String,
    },
    /// It has no fields, or no elements.
    #[error("{} is {} `{type_name}`, which has no {what}{}", spot(.path), article(.type_name), write_instead(.instead.as_ref()))]
    NoSuchPart {
        /// The path so far.
        path: String,
        /// Its type.
        type_name: String,
        /// `fields` or `elements`.
        what: &'static str,
        /// The path that was meant, if it was one into a list.
        instead: Option<String>,
    },
    /// An index beyond the end.
    #[error("{} has {len} element{}{}", spot(.path), if *.len == 1 { "" } else { "s" }, last(*.len))]
    OutOfRange {
        /// The path so far.
        path: String,
        /// How many there are.
        len: u64,
    },
}

/// `a` or `an`, as the name of a type is spoken: a `u8`, an `i8`, an `f64`, an `Event`.
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

/// What a path leads to, in an error.
fn spot(path: &str) -> String {
    if path == "." { "the object".into() } else { format!("`{path}`") }
}

fn write_instead(path: Option<&String>) -> String {
    path.map_or_else(String::new, |path| format!(": write `{path}`"))
}

fn last(len: u64) -> String {
    len.checked_sub(1).map_or_else(String::new, |last| format!(": the last is [{last}]"))
}

impl FieldPath {
    /// Returns `true` if the path is that of the whole object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The path of a field of what this is the path of.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.with(Step::Field(name.to_owned()))
    }

    /// The path of an element of what this is the path of.
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

    /// The path with an index where a field's name is, as no list has fields: `cpus[0].user` for `cpus.0.user`, and for
    /// `cpus.user`.
    pub(crate) fn with_index_at(&self, depth: usize) -> Option<Self> {
        let Some(Step::Field(name)) = self.steps.get(depth) else { return None };
        let index = name.parse();
        let after = if index.is_ok() { depth + 1 } else { depth };
        let mut meant = self.up_to(depth).index(index.unwrap_or(0));
        meant.steps.extend_from_slice(&self.steps[after..]);
        Some(meant)
    }

    /// The first steps.
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
    fn article_is_the_one_that_is_spoken() {
        let spoken = ["f64", "i8", "Event", "u8", "fixed", "Position"].map(article);
        assert_eq!(spoken, ["an", "an", "an", "a", "a", "a"]);
    }

    #[test]
    fn paths_come_back() {
        for path in [".", "a", "a.b", "a[0]", "a[12].b.0[3]", "[7].x"] {
            assert_eq!(path.parse::<FieldPath>().unwrap().to_string(), path);
        }
        assert!("".parse::<FieldPath>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_path_is_refused_with_what_should_be_there() {
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
