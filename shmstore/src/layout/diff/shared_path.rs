//! A path from a type to a part of it that shares its beginning with other paths.

use std::fmt;
use std::sync::Arc;

use crate::layout::path::{Step, write_path};

/// A path. It is shown with unprintable characters escaped, and as nothing for the type itself.
///
/// Paths share their beginnings, because a hostile schema may have a hundred thousand fields below forty long names.
#[derive(Clone)]
pub(super) struct SharedPath(Option<Arc<Node>>);

struct Node {
    parent: SharedPath,
    step: Step,
}

impl SharedPath {
    /// The path to the type itself.
    pub(super) fn root() -> Self {
        Self(None)
    }

    pub(super) fn field(&self, name: &str) -> Self {
        self.then(Step::Field(name.into()))
    }

    pub(super) fn element(&self) -> Self {
        self.then(Step::Element)
    }

    pub(super) fn variant(&self, name: &str) -> Self {
        self.then(Step::Variant(name.into()))
    }

    fn then(&self, step: Step) -> Self {
        Self(Some(Arc::new(Node { parent: self.clone(), step })))
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// Returns `true` if one of the two was cloned from the other.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.as_ref().map(Arc::as_ptr) == other.0.as_ref().map(Arc::as_ptr)
    }

    pub(super) fn is_sibling_of(&self, other: &Self) -> bool {
        matches!((&self.0, &other.0), (Some(one), Some(two)) if one.parent.is(&two.parent))
    }

    /// The name of the last field or variant, escaped.
    pub(super) fn last_name(&self) -> String {
        match self.0.as_ref().map(|node| &node.step) {
            Some(Step::Field(name) | Step::Variant(name)) => name.escape_debug().to_string(),
            _ => String::new(),
        }
    }
}

impl fmt::Display for SharedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = std::iter::successors(self.0.as_ref(), |node| node.parent.0.as_ref());
        let mut steps: Vec<&Step> = nodes.map(|node| &node.step).collect();
        steps.reverse();
        if steps.is_empty() { Ok(()) } else { write_path(f, steps) }
    }
}

impl fmt::Debug for SharedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}
