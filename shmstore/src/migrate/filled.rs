//! An object in private memory, that a program fills before it is made.
//!
//! # Safety
//!
//! Assumes nothing. Promises that the memory is a `T` and that no reference to it is left when its bytes are read.
#![allow(unsafe_code)]

use std::ptr;

use crate::layout::ShmObject;

/// Lets `fill` use an object that begins with these bytes, and returns the bytes that it has then.
///
/// # Panics
///
/// Panics if the bytes are not as many as a `T` has.
pub(super) fn filled<T: ShmObject, E>(
    mut values: Vec<u8>,
    fill: impl FnOnce(&T) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    assert_eq!(values.len(), size_of::<T>(), "the values have the layout of the type");
    let mut object = T::zeroed_box();
    let memory = ptr::from_mut(&mut *object).cast::<u8>();
    // SAFETY: both are as long as a `T`, and do not overlap. Any bytes are a valid object, as `ShmObject` promises.
    unsafe { ptr::copy_nonoverlapping(values.as_ptr(), memory, values.len()) };
    fill(&object)?;
    let memory = ptr::from_ref(&*object).cast::<u8>();
    // SAFETY: as above. All bytes are initialized, those between the fields by the box of zeros and the copy. `fill`
    // has returned, so no other thread has a reference.
    unsafe { ptr::copy_nonoverlapping(memory, values.as_mut_ptr(), values.len()) };
    Ok(values)
}
