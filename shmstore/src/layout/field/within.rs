//! Advice about what is in a field's type: about `String`, of a field `Versioned<String>`.
//!
//! By its name, `Versioned` is shmstore's, but a user may have another. So the advice is asked for only if the field's type
//! is refused: an inherent method, which only types that are accepted have, goes before a trait's of the same name, and
//! says a type instead about which there is nothing to say.

use std::marker::PhantomData;
use std::sync::atomic::AtomicU8;

use crate::layout::{ShmObject, ShmValue};

/// The type of a field of a value.
#[derive(Debug)]
pub struct OfValue<T>(PhantomData<T>);

/// The type of a field of an object.
#[derive(Debug)]
pub struct OfObject<T>(PhantomData<T>);

/// Whose type is a field's of a value.
pub const fn of_value<T>(_: *const T) -> OfValue<T> {
    OfValue(PhantomData)
}

/// Whose type is a field's of an object.
pub const fn of_object<T>(_: *const T) -> OfObject<T> {
    OfObject(PhantomData)
}

impl<V: ShmValue> OfValue<V> {
    /// Nothing is to be said of the value `I` in it.
    pub const fn __shm_value<I: ?Sized>(self) -> PhantomData<u8> {
        PhantomData
    }
}

impl<O: ShmObject> OfObject<O> {
    /// Nothing is to be said of the value `I` in it.
    pub const fn __shm_value<I: ?Sized>(self) -> PhantomData<u8> {
        PhantomData
    }

    /// Nothing is to be said of the object `I` in it.
    pub const fn __shm_object<I: ?Sized>(self) -> PhantomData<AtomicU8> {
        PhantomData
    }
}

/// What a type is that is refused.
pub trait Refused: Sized {
    /// The value `I` in it is asked about.
    fn __shm_value<I: ?Sized>(self) -> PhantomData<I> {
        PhantomData
    }

    /// The object `I` in it is asked about.
    fn __shm_object<I: ?Sized>(self) -> PhantomData<I> {
        PhantomData
    }
}

impl<T> Refused for OfValue<T> {}
impl<T> Refused for OfObject<T> {}
