//! Values of fixed size that stand for what has none: text, lists, and the bytes between fields.
//!
//! A length in shared memory may be anything, because any process may have written it. So these types trust none: each
//! operation reads the length once, clamps it to the capacity, and uses the copy. That makes every length valid, and
//! reading a value that holds one cannot fail for it.

mod layout;
mod pad;
mod string;
mod string_traits;
mod use_try_into;
mod vec;
mod vec_traits;

pub use pad::Pad;
pub use string::FixedString;
pub use vec::FixedVec;

use crate::error::{CapacityError, Content};

/// The length to use where `stored` was found: never more than there is room for.
#[inline]
const fn clamped(stored: u64, capacity: usize) -> usize {
    if stored < capacity as u64 { stored as usize } else { capacity }
}

/// The length after `more` is added to `len`, if there is room for it.
#[inline]
fn grown(len: usize, more: usize, capacity: usize, content: Content) -> Result<usize, CapacityError> {
    // Saturating: a slice of elements without bytes may be `usize::MAX` long.
    let needed = len.saturating_add(more);
    if needed <= capacity { Ok(needed) } else { Err(CapacityError::new(content, capacity, needed)) }
}
