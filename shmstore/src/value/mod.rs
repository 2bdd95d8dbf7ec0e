//! Values of fixed size: text, lists, padding, times, and types of other crates.
//!
//! Layers it may use: layout.
//!
//! A length in shared memory may be anything, because any process may have written it. So these types trust none: each
//! operation reads the length once, clamps it to the capacity, and uses the copy. That makes every length valid, and
//! reading a value that holds one cannot fail for it.

pub(crate) mod bits;
pub(crate) mod calendar;
mod capacity_error;
mod foreign;
mod layout;
mod pad;
mod string;
mod string_traits;
mod timestamp;
mod use_try_into;
mod vec;
mod vec_traits;

pub use capacity_error::CapacityError;
pub(crate) use capacity_error::Content;
pub use pad::Pad;
pub use string::FixedString;
pub use timestamp::{Timestamp, TimestampError};
pub use vec::FixedVec;

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
