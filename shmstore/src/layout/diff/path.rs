//! The way from the type itself to a part of it: `position.x`, `samples[].t`, `mode::Fast`.

use std::fmt;
use std::sync::Arc;

/// A path, printed with unprintable characters escaped.
///
/// Paths share their beginnings: a schema from elsewhere may hold a hundred thousand fields below forty long names.
#[derive(Clone)]
pub(super) struct Path(Option<Arc<Step>>);

struct Step {
    parent: Path,
    separator: &'static str,
    name: String,
}

impl Path {
    /// The path to the type itself.
    pub(super) fn root() -> Self {
        Self(None)
    }

    pub(super) fn field(&self, name: &str) -> Self {
        let separator = if self.is_root() { "" } else { "." };
        self.step(separator, name)
    }

    pub(super) fn element(&self) -> Self {
        self.step("[]", "")
    }

    pub(super) fn variant(&self, name: &str) -> Self {
        self.step("::", name)
    }

    fn step(&self, separator: &'static str, name: &str) -> Self {
        Self(Some(Arc::new(Step { parent: self.clone(), separator, name: name.escape_debug().to_string() })))
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// Tells whether it is the very path that the other was cloned from.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.as_ref().map(Arc::as_ptr) == other.0.as_ref().map(Arc::as_ptr)
    }

    pub(super) fn is_sibling_of(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Some(one), Some(two)) if one.parent.is(&two.parent))
    }

    /// The last field or variant alone.
    pub(super) fn last(&self) -> &str {
        self.0.as_ref().map_or("", |step| &step.name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(step) => write!(f, "{}{}{}", step.parent, step.separator, step.name),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}
