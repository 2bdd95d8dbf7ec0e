//! Values of fixed size: text, lists, padding, times, and types of other crates.
//!
//! Layers it may use: layout.
//!
//! Read first: `string.rs` for a type and its operations, `layout.rs` for the shape of all of them, and `bits.rs` for
//! the way from bytes to a value.
//!
//! Any process may have written a length in shared memory, so no operation trusts it. An operation reads the length
//! once, clamps it to the capacity, and uses the copy. So every length is valid, and no read fails because of one.

pub(crate) mod bits;
pub(crate) mod calendar;
mod capacity_error;
mod foreign;
mod key;
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

/// Returns the length to use for a length that was read from shared memory. It is at most the capacity.
#[inline]
const fn clamped(stored: u64, capacity: usize) -> usize {
    if stored < capacity as u64 { stored as usize } else { capacity }
}

/// Returns the length after `more` is added to `len`, if there is room for it.
#[inline]
fn grown(len: usize, more: usize, capacity: usize, content: Content) -> Result<usize, CapacityError> {
    // A slice of elements without bytes may be `usize::MAX` long.
    let needed = len.saturating_add(more);
    if needed <= capacity { Ok(needed) } else { Err(CapacityError::new(content, capacity, needed)) }
}
