//! Values seen as bytes, as another process may write and read them.
//!
//! # Safety
//!
//! Relies on what `ShmValue` promises: no padding; and `AnyBits`: every bit pattern is valid.
#![allow(unsafe_code)]

use std::hash::{DefaultHasher, Hash, Hasher};

use shmstore::{AnyBits, ShmValue};

/// Reads a value that another process left as `bytes`.
pub(crate) fn from_bytes<V: AnyBits>(bytes: &[u8]) -> V {
    assert_eq!(bytes.len(), size_of::<V>());
    // SAFETY: there are as many bytes as the value has, initialized, and any are valid; `read_unaligned` asks no more.
    unsafe { bytes.as_ptr().cast::<V>().read_unaligned() }
}

pub(crate) fn bytes_of<V: ShmValue>(value: &V) -> &[u8] {
    // SAFETY: a `ShmValue` has no padding, so all its bytes are initialized; the slice borrows it.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast::<u8>(), size_of::<V>()) }
}

pub(crate) fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
