//! `Private<V>`: memory for a thread's private copy of a value.
//!
//! It is in the heap for values of any size. So a value that is too large for the stack needs no other code, and each
//! transaction costs the same to move. Each thread keeps the memory of its last small copy for the next one, so most
//! copies allocate nothing.
//!
//! # Safety
//!
//! Assumes that a copy is filled before it is dereferenced. Promises that its memory has room for the value.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::layout::ShmValue;

/// Room for any small value.
#[repr(C, align(64))]
struct Room([u8; 1024]);

thread_local! {
    static SPARE: Cell<Option<Box<MaybeUninit<Room>>>> = const { Cell::new(None) };
}

/// A copy of a value.
pub(super) struct Private<V: ShmValue> {
    // INVARIANT: owned. From a box of a `Room` if the value is small, otherwise from a box of a `V`.
    memory: NonNull<MaybeUninit<V>>,
    _value: PhantomData<V>,
}

impl<V: ShmValue> Private<V> {
    const IS_SMALL: bool = size_of::<V>() <= size_of::<Room>() && align_of::<V>() <= align_of::<Room>();

    /// Takes memory for a copy.
    ///
    /// # Safety
    ///
    /// The caller writes a valid value to [`as_uninit`](Self::as_uninit) before it dereferences the copy.
    #[inline(always)]
    pub(super) unsafe fn uninit() -> Self {
        let memory = if Self::IS_SMALL {
            // A thread that is ending keeps nothing.
            let spare = SPARE.try_with(Cell::take).ok().flatten();
            NonNull::from(Box::leak(spare.unwrap_or_else(room))).cast()
        } else {
            NonNull::from(Box::leak(Box::<V>::new_uninit()))
        };
        Self { memory, _value: PhantomData }
    }

    /// Borrows the memory of the value.
    #[inline(always)]
    pub(super) fn as_uninit(&mut self) -> &mut MaybeUninit<V> {
        // SAFETY: owned, and as large and aligned as a `V`, by the invariant. Any bytes are a `MaybeUninit`.
        unsafe { self.memory.as_mut() }
    }
}

#[cold]
fn room() -> Box<MaybeUninit<Room>> {
    Box::new_uninit()
}

impl<V: ShmValue> Drop for Private<V> {
    #[inline(always)]
    fn drop(&mut self) {
        if Self::IS_SMALL {
            // SAFETY: by the invariant of `memory`, from a box of a `Room`. It is not used again.
            let spare = unsafe { Box::from_raw(self.memory.cast::<MaybeUninit<Room>>().as_ptr()) };
            // If the thread has kept another one, that is freed.
            let _ = SPARE.try_with(|kept| kept.set(Some(spare)));
        } else {
            // SAFETY: by the invariant of `memory`, from a box of a `V`. It is not used again.
            drop(unsafe { Box::from_raw(self.memory.as_ptr()) });
        }
    }
}

impl<V: ShmValue> Deref for Private<V> {
    type Target = V;

    #[inline(always)]
    fn deref(&self) -> &V {
        // SAFETY: by the invariant of `memory`. It contains a valid value, as the caller of `uninit` promised.
        unsafe { self.memory.cast::<V>().as_ref() }
    }
}

impl<V: ShmValue> DerefMut for Private<V> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut V {
        // SAFETY: as above.
        unsafe { self.memory.cast::<V>().as_mut() }
    }
}
