//! The error for text and lists that are too long for their container.

use crate::layout::invalid_value::debug_is_display;

/// More text or more elements than a [`FixedString`](crate::FixedString) or [`FixedVec`](crate::FixedVec) has room for.
///
/// Nothing is ever cut off silently: the string or vector is as it was before.
///
/// ```
/// use shmstore::FixedString;
/// let error = FixedString::<4>::try_from("rover").unwrap_err();
/// assert_eq!((error.capacity(), error.needed()), (4, 5));
/// assert!(error.to_string().starts_with("cannot put 5 bytes of text into a `FixedString<4>`"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot put {needed} {} into a `{}`: declare it with a capacity of at least {needed}, or {}",
    self.content.unit(), self.content.container(self.capacity), self.content.cure()
)]
pub struct CapacityError {
    content: Content,
    capacity: usize,
    needed: usize,
}

impl CapacityError {
    pub(crate) const fn new(content: Content, capacity: usize, needed: usize) -> Self {
        Self { content, capacity, needed }
    }

    /// How much it has room for: bytes of text, or elements.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How much it would have had to hold, what was already in it included: bytes of text, or elements. At least so
    /// much: an iterator is not asked for more once it has given one element too many.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.needed
    }
}

/// What a [`CapacityError`] is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The text of a `FixedString`.
    Text,
    /// The elements of a `FixedVec`.
    Elements,
}

impl Content {
    fn unit(self) -> &'static str {
        match self {
            Self::Text => "bytes of text",
            Self::Elements => "elements",
        }
    }

    fn container(self, capacity: usize) -> String {
        match self {
            Self::Text => format!("FixedString<{capacity}>"),
            Self::Elements => format!("FixedVec<_, {capacity}>"),
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::Text => "cut the text with `FixedString::from_truncated`",
            Self::Elements => "put in fewer",
        }
    }
}

debug_is_display!(CapacityError);
