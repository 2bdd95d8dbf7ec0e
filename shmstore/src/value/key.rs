//! The values of fixed size that are keys of maps.

use super::{FixedString, Pad};
use crate::layout::ShmKey;

impl<const N: usize> ShmKey for FixedString<N> {
    /// Another process may have left bytes after the text, or a length beyond the capacity.
    #[inline]
    fn to_key(&self) -> Self {
        self.with_clean_tail()
    }
}

impl<const N: usize> ShmKey for Pad<N> {
    #[inline]
    fn to_key(&self) -> Self {
        Self::new()
    }
}
