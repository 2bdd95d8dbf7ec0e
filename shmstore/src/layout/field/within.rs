//! Advice about the argument of a field's type, for example about `String` in a field `Versioned<String>`.
//!
//! The name `Versioned` is shmstore's, but a user may have another type of this name. So advice is given only if the
//! type of the field is refused. Method resolution decides that: the inherent methods here exist only for accepted
//! types, and go before the trait's methods of the same names. They return a type that always fits.

use std::marker::PhantomData;
use std::sync::atomic::AtomicU8;

use crate::layout::{ShmObject, ShmValue};

/// The type `T` of a field of a value.
#[derive(Debug)]
pub struct OfValue<T>(PhantomData<T>);

/// The type `T` of a field of an object.
#[derive(Debug)]
pub struct OfObject<T>(PhantomData<T>);

/// Takes the type of a field of a value from a pointer to the field.
pub const fn of_value<T>(_: *const T) -> OfValue<T> {
    OfValue(PhantomData)
}

/// Takes the type of a field of an object from a pointer to the field.
pub const fn of_object<T>(_: *const T) -> OfObject<T> {
    OfObject(PhantomData)
}

impl<V: ShmValue> OfValue<V> {
    /// Gives no advice about the key `I` in the type, which is accepted.
    pub const fn __shm_key<I: ?Sized>(self) -> PhantomData<u8> {
        PhantomData
    }

    /// Gives no advice about the value `I` in the type, which is accepted.
    pub const fn __shm_value<I: ?Sized>(self) -> PhantomData<u8> {
        PhantomData
    }
}

impl<O: ShmObject> OfObject<O> {
    /// Gives no advice about the key `I` in the type, which is accepted.
    pub const fn __shm_key<I: ?Sized>(self) -> PhantomData<u8> {
        PhantomData
    }

    /// Gives no advice about the value `I` in the type, which is accepted.
    pub const fn __shm_value<I: ?Sized>(self) -> PhantomData<u8> {
        PhantomData
    }

    /// Gives no advice about the object `I` in the type, which is accepted.
    pub const fn __shm_object<I: ?Sized>(self) -> PhantomData<AtomicU8> {
        PhantomData
    }
}

/// The methods of a refused type.
pub trait Refused: Sized {
    /// Gives advice about the key `I` in the type.
    fn __shm_key<I: ?Sized>(self) -> PhantomData<I> {
        PhantomData
    }

    /// Gives advice about the value `I` in the type.
    fn __shm_value<I: ?Sized>(self) -> PhantomData<I> {
        PhantomData
    }

    /// Gives advice about the object `I` in the type.
    fn __shm_object<I: ?Sized>(self) -> PhantomData<I> {
        PhantomData
    }
}

impl<T> Refused for OfValue<T> {}
impl<T> Refused for OfObject<T> {}
