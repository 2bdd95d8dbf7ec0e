//! The error for text and lists that are too long for a `FixedString` or `FixedVec`.

use crate::layout::invalid_value::debug_is_display;

/// More text or more elements than a [`FixedString`](crate::FixedString) or [`FixedVec`](crate::FixedVec) has room for.
///
/// Nothing was cut off. The string or vector is unchanged.
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

    /// Returns the capacity, in bytes of text or in elements.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Returns the length that was needed, including the content before, in bytes of text or in elements.
    ///
    /// For an iterator it is the capacity plus one, because the iterator is not asked for further elements.
    #[must_use]
    pub const fn needed(&self) -> usize {
        self.needed
    }
}

/// The content of the container in a [`CapacityError`].
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
