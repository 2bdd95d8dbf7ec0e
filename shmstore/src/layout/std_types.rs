//! The types of the language and of std that are values or objects.
//!
//! # Safety
//!
//! This file assumes nothing. Its implementations for primitives, atomics, arrays, `PhantomData` and `()` follow from
//! the layout rules of the language reference.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use super::{Any, Checked, ShmLayout, ShmObject, ShmValue, Validity};
use crate::layout::InvalidValue;
use crate::layout::schema::{Kind, Primitive, Schema};
use crate::layout::view::AtomicView;

macro_rules! any_bits_primitives {
    ($($type:ty, $primitive:ident;)*) => {$(
        // SAFETY: a primitive of the size and alignment that `Schema::of` asks the compiler for.
        unsafe impl ShmLayout for $type {
            const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Primitive(Primitive::$primitive));
        }
        // SAFETY: a number: no padding, no pointer, and every bit pattern is valid.
        unsafe impl ShmValue for $type {
            type Validity = Any;
            fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
                Ok(())
            }
        }
    )*};
}

any_bits_primitives! {
    u8, U8; u16, U16; u32, U32; u64, U64;
    i8, I8; i16, I16; i32, I32; i64, I64;
    f32, F32; f64, F64;
}

// SAFETY: `bool` has size and alignment 1.
unsafe impl ShmLayout for bool {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Primitive(Primitive::Bool));
}

// SAFETY: one byte, false is 0, and only 0 and 1 are let through.
unsafe impl ShmValue for bool {
    type Validity = Checked;
    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue> {
        if bytes[0] <= 1 { Ok(()) } else { Err(InvalidValue::new("bool", i128::from(bytes[0]))) }
    }
}

// SAFETY: `char` has the size and alignment of `u32`.
unsafe impl ShmLayout for char {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Primitive(Primitive::Char));
}

// SAFETY: four bytes without padding, '\0' is 0, and only Unicode scalar values are let through.
unsafe impl ShmValue for char {
    type Validity = Checked;
    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue> {
        let number: u32 = bytemuck::pod_read_unaligned(&bytes[..size_of::<u32>()]);
        match char::from_u32(number) {
            Some(_) => Ok(()),
            None => Err(InvalidValue::new("char", i128::from(number))),
        }
    }
}

macro_rules! atomics {
    ($($type:ty, $primitive:ident;)*) => {$(
        // SAFETY: an atomic integer has the size of its integer, and the alignment the compiler gives.
        unsafe impl ShmLayout for $type {
            const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Atomic(Primitive::$primitive));
        }
        // SAFETY: atomic as a whole, any bits are valid, nothing to drop; the view is a transparent wrapper of it.
        unsafe impl ShmObject for $type {
            type View = AtomicView<$type>;
        }
    )*};
}

atomics! {
    AtomicU8, U8; AtomicU16, U16; AtomicU32, U32; AtomicU64, U64;
    AtomicI8, I8; AtomicI16, I16; AtomicI32, I32; AtomicI64, I64;
}

// SAFETY: an array is its elements, one after the other.
unsafe impl<T: ShmLayout, const N: usize> ShmLayout for [T; N] {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Array { len: N, element: T::SCHEMA });
}

// SAFETY: elements without padding, one after the other, leave none; each is checked by its own rule.
unsafe impl<V: ShmValue, const N: usize> ShmValue for [V; N] {
    type Validity = V::Validity;
    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue> {
        if <V::Validity as Validity>::ANY {
            return Ok(());
        }
        (0..N).try_for_each(|at| V::check_bits(&bytes[at * size_of::<V>()..]).map_err(|invalid| invalid.in_element(at)))
    }
}

// SAFETY: the promises hold for each element, so for the array. The view is the array of the elements' views.
unsafe impl<O: ShmObject, const N: usize> ShmObject for [O; N] {
    type View = [O::View; N];
}

// SAFETY: no bytes.
unsafe impl<T: ?Sized + Send + Sync + 'static> ShmLayout for PhantomData<T> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Phantom);
}

// SAFETY: no bytes.
unsafe impl<T: ?Sized + Send + Sync + 'static> ShmValue for PhantomData<T> {
    type Validity = Any;
    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}

// SAFETY: no bytes.
unsafe impl ShmLayout for () {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Phantom);
}

// SAFETY: no bytes.
unsafe impl ShmValue for () {
    type Validity = Any;
    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}

// SAFETY: no bytes.
unsafe impl<T: ?Sized + Send + Sync + 'static> ShmObject for PhantomData<T> {
    type View = PhantomData<T>;
}
