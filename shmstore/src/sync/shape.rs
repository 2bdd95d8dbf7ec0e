//! `Shape`: the size of a value and the copies of its bytes, as the compiler knows them, or as a schema says them.
//!
//! The operations of each part are written once, for any shape. With [`Typed`], all sizes are constants.
//!
//! # Safety
//!
//! Assumes what [`crate::sync::copy`] assumes of slots. Promises that a copy touches only whole units of a slot, and
//! exactly the bytes of a private value.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::slice;

use super::copy::{self, UNIT, Unit};
use crate::layout::ShmValue;

/// The size of a value, and how its bytes are copied.
pub(in crate::sync) trait Shape: Copy {
    /// A private value. All of its bytes are initialized.
    type Value: ?Sized;
    /// Private memory for a value, whose bytes need not be initialized or valid.
    type Buffer: ?Sized;

    /// The size of a value in bytes.
    fn size(self) -> usize;

    /// The size of a slot in bytes: a whole number of units, and a multiple of the value's alignment.
    fn slot_size(self) -> usize;

    /// Copies a value's bytes out of a slot. They may be torn. All bytes of `buffer` are initialized afterwards.
    ///
    /// # Safety
    ///
    /// `slot` is readable for [`slot_size`](Self::slot_size) bytes, and aligned to a unit. Other processes may be
    /// writing it.
    unsafe fn copy_out(self, slot: *const Unit, buffer: &mut Self::Buffer);

    /// Copies a value's bytes into a slot.
    ///
    /// # Safety
    ///
    /// `slot` is writable for [`slot_size`](Self::slot_size) bytes, and aligned to a unit. Other processes may be
    /// reading or writing it.
    unsafe fn copy_in(self, value: &Self::Value, slot: *mut Unit);

    /// Hints that [`copy_in`](Self::copy_in) is about to write this slot. Changes nothing, whatever the address.
    fn prepare_copy_in(self, slot: *const Unit);

    /// The bytes of a value.
    fn bytes(value: &Self::Value) -> &[u8];

    /// Returns `true` if a slot has the bytes of a value.
    ///
    /// # Safety
    ///
    /// As for [`copy_out`](Self::copy_out).
    unsafe fn is_at(self, slot: *const Unit, value: &Self::Value) -> bool;

    /// Returns a copy of the bytes of a slot. They may be torn.
    ///
    /// # Safety
    ///
    /// As for [`copy_out`](Self::copy_out).
    unsafe fn bytes_at(self, slot: *const Unit) -> Vec<u8> {
        let mut bytes = vec![0; self.size()];
        // SAFETY: a slot has so many bytes in whole units, aligned, by the caller. The copy is as long.
        unsafe { copy::copy_bytes_out(slot, bytes.as_mut_ptr(), bytes.len()) };
        bytes
    }
}

/// The shape of a type of this program.
pub(in crate::sync) struct Typed<V>(PhantomData<fn() -> V>);

impl<V> Typed<V> {
    pub(in crate::sync) const SHAPE: Self = Self(PhantomData);
}

impl<V> Clone for Typed<V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Typed<V> {}

impl<V: ShmValue> Typed<V> {
    pub(in crate::sync) const SLOT_SIZE: usize = slot_size(size_of::<V>(), align_of::<V>());
}

impl<V: ShmValue> Shape for Typed<V> {
    type Value = V;
    type Buffer = MaybeUninit<V>;

    #[inline(always)]
    fn size(self) -> usize {
        size_of::<V>()
    }

    #[inline(always)]
    fn slot_size(self) -> usize {
        Self::SLOT_SIZE
    }

    #[inline(always)]
    unsafe fn copy_out(self, slot: *const Unit, buffer: &mut MaybeUninit<V>) {
        // SAFETY: a slot is as large as the value in whole units, and aligned, by the caller. `buffer` has room for it.
        unsafe { copy::copy_out(slot, buffer.as_mut_ptr()) }
    }

    #[inline(always)]
    unsafe fn copy_in(self, value: &V, slot: *mut Unit) {
        // SAFETY: a slot is as large as the value in whole units, and aligned, by the caller. A V has no padding.
        unsafe { copy::copy_in(value, slot) }
    }

    #[inline(always)]
    fn prepare_copy_in(self, slot: *const Unit) {
        copy::prepare_copy_in::<V>(slot);
    }

    #[inline(always)]
    fn bytes(value: &V) -> &[u8] {
        // SAFETY: as many bytes as the value has, which is borrowed. It has no padding, as `ShmValue` promises.
        unsafe { slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<V>()) }
    }

    #[inline(always)]
    unsafe fn is_at(self, slot: *const Unit, value: &V) -> bool {
        let mut there = MaybeUninit::<V>::uninit();
        // SAFETY: the caller's promise is the same.
        unsafe { self.copy_out(slot, &mut there) };
        // SAFETY: as many bytes as the value has, all initialized by the copy.
        let there = unsafe { slice::from_raw_parts(there.as_ptr().cast::<u8>(), size_of::<V>()) };
        there == Self::bytes(value)
    }
}

/// The shape of values of which only a schema is known. A value is a slice of exactly that many bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::sync) struct Bytes {
    size: usize,
    slot_size: usize,
}

impl Bytes {
    pub(in crate::sync) fn new(size: usize, align: usize) -> Self {
        Self { size, slot_size: slot_size(size, align) }
    }

    /// Checks the length of a private value, on which the copies rely.
    #[inline]
    fn check(self, len: usize) {
        assert!(len == self.size, "{len} bytes for a value of {}", self.size);
    }
}

impl Shape for Bytes {
    type Value = [u8];
    type Buffer = [u8];

    #[inline]
    fn size(self) -> usize {
        self.size
    }

    #[inline]
    fn slot_size(self) -> usize {
        self.slot_size
    }

    #[inline]
    unsafe fn copy_out(self, slot: *const Unit, buffer: &mut [u8]) {
        self.check(buffer.len());
        // SAFETY: a slot has so many bytes in whole units, aligned, by the caller. The buffer is as long, and borrowed.
        unsafe { copy::copy_bytes_out(slot, buffer.as_mut_ptr(), self.size) }
    }

    #[inline]
    unsafe fn copy_in(self, value: &[u8], slot: *mut Unit) {
        self.check(value.len());
        // SAFETY: a slot has so many bytes in whole units, aligned, by the caller. The value is as long, and borrowed.
        unsafe { copy::copy_bytes_in(value.as_ptr(), slot, self.size) }
    }

    fn prepare_copy_in(self, _: *const Unit) {}

    fn bytes(value: &[u8]) -> &[u8] {
        value
    }

    unsafe fn is_at(self, slot: *const Unit, value: &[u8]) -> bool {
        // SAFETY: the caller's promise is the same.
        unsafe { self.bytes_at(slot) == value }
    }
}

/// The size of a slot in bytes.
const fn slot_size(size: usize, align: usize) -> usize {
    size.next_multiple_of(if align > UNIT { align } else { UNIT })
}
