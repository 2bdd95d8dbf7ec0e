//! Offsets and lengths that a schema says: any numbers, of which none may lead outside, or overflow.

use super::memory::{Memory, OUTSIDE};
use crate::layout::schema::OwnedSchema;

pub(super) fn integer(memory: Memory<'_>, at: usize, size: usize) -> Result<u64, String> {
    Ok(memory.integer(at, size)?)
}

pub(super) fn outside() -> String {
    OUTSIDE.into()
}

pub(super) fn offset(at: usize, by: usize) -> Result<usize, String> {
    at.checked_add(by).ok_or_else(outside)
}

pub(super) fn place(at: usize, by: u64) -> Result<usize, String> {
    offset(at, length(by)?)
}

pub(super) fn length(bytes: u64) -> Result<usize, String> {
    usize::try_from(bytes).map_err(|_| outside())
}

pub(super) fn element_place(at: usize, index: u64, element: &OwnedSchema) -> Result<usize, String> {
    place(at, index.checked_mul(element.size()).ok_or_else(outside)?)
}
