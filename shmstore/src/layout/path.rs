//! The path from an object or a type to a part of it: `position.x`, `accounts[3].value`, `quotes["EURUSD"].bid`,
//! `samples[].t`, `mode::Fast`.

mod error;
mod parse;

use std::fmt;

pub use error::FieldError;
pub(crate) use error::{article, printable};

/// The path of a field, with dots between names and indices in brackets. An empty path, or `.`, is the whole object.
///
/// After the path of a map comes a key in brackets, written as JSON: `quotes["EURUSD"]`, `moves[-3]`, `flags[true]`,
/// `positions[{"account":7,"symbol":"EURUSD"}]`. An enum is the name of its variant, and a `char` a text.
///
/// ```
/// use shmstore::inspect::FieldPath;
///
/// let path: FieldPath = "accounts[3].value".parse()?;
/// assert_eq!(path.to_string(), "accounts[3].value");
/// let path: FieldPath = r#"quotes[ "a] \"b\"." ].bid"#.parse()?;
/// assert_eq!(path.to_string(), r#"quotes["a] \"b\"."].bid"#);
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
    /// An element of a list, or the value of a map whose key is this number.
    Index(u64),
    /// The value of a map by any other key, which is JSON. Use [`of_json`](Step::of_json).
    Key(Name),
    /// An entry of a map by its number. In a [`FieldPath`] it stands only for a key that has no JSON.
    Entry(u64),
    /// Each element of a list. It is only in a [`FieldPath`] that says what a migration does to all of them.
    Element,
    /// A variant of an enum. It is never in a [`FieldPath`].
    Variant(Name),
}

impl Step {
    /// The key of a map to which the step leads. `null`, which is no key, if it does not lead to one.
    pub(crate) fn as_json(&self) -> serde_json::Value {
        match self {
            Self::Index(number) => serde_json::Value::from(*number),
            Self::Key(json) => serde_json::from_str(json).unwrap_or_default(),
            _ => serde_json::Value::Null,
        }
    }

    /// The step from a map to the value of a key.
    pub(crate) fn of_json(key: &serde_json::Value) -> Self {
        key.as_u64().map_or_else(|| Self::Key(key.to_string()), Self::Index)
    }
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
            Step::Key(json) => {
                f.write_char('[')?;
                write_json(f, json.as_ref())?;
                f.write_char(']')?;
            }
            Step::Entry(number) => write!(f, "{} (entry {number})", if depth == 0 { "." } else { "" })?,
            Step::Element => f.write_str("[]")?,
            Step::Variant(name) => write!(f, "::{}", name.as_ref().escape_debug())?,
        }
    }
    Ok(())
}

/// Writes JSON with unprintable characters escaped, so that it is the same JSON still.
pub(crate) fn write_json(f: &mut impl fmt::Write, json: &str) -> fmt::Result {
    for letter in json.chars() {
        // Only a text in JSON has other characters than spaces and printable ones.
        if matches!(letter, '"' | '\'' | '\\') || letter.escape_debug().len() == 1 {
            f.write_char(letter)?;
        } else {
            letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))?;
        }
    }
    Ok(())
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

    /// Returns the path of an element of the list at this path. The first element has index 0. For a map, the index is
    /// a key.
    #[must_use]
    pub fn index(&self, index: u64) -> Self {
        self.with(Step::Index(index))
    }

    /// The path of these steps, of which the last is first.
    pub(crate) fn of_reversed(mut steps: Vec<Step>) -> Self {
        steps.reverse();
        Self { steps }
    }

    pub(crate) fn with(&self, step: Step) -> Self {
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

    /// Returns the path with another step at `depth`.
    pub(crate) fn with_step_at(&self, depth: usize, step: Step) -> Self {
        let mut meant = self.clone();
        meant.steps[depth] = step;
        meant
    }

    /// Returns the path of the first `count` steps.
    pub(crate) fn up_to(&self, count: usize) -> Self {
        Self { steps: self.steps[..count].to_vec() }
    }
}
