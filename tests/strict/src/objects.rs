//! Objects.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, AtomicU64};

use store::{AtomicValue, CacheAligned, ShmObject, ShmValue, Versioned};

use crate::values::Mode;

/// A counter in a foreign style.
#[allow(non_snake_case)]
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'L', room = 4096)]
pub struct Linked {
    /// A name from elsewhere.
    pub uiTick: AtomicU32,
    /// A name from elsewhere, with a level of its own.
    #[allow(clippy::pub_underscore_fields)]
    pub _Reserved: AtomicU32,
}

/// As many rows as are asked for, and as many again.
#[allow(non_upper_case_globals)]
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'W', room = 2 * 8 * width)]
pub struct Wide<const width: usize> {
    /// The rows.
    pub rows: [AtomicU64; width],
}

/// A part for the values of others.
#[derive(Debug, ShmObject)]
#[allow(non_camel_case_types, reason = "as the values of others are called")]
#[repr(C)]
pub struct Latest<#[allow(non_camel_case_types)] value: ShmValue, O, const N: usize = 2>
where
    O: ShmObject,
{
    /// The newest values.
    pub newest: [Versioned<value>; N],
    /// What goes with them.
    pub beside: CacheAligned<O>,
    /// Which unit they have.
    pub unit: PhantomData<fn() -> O>,
}

/// What is in use.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[deprecated(note = "use `Latest`")]
pub struct State {
    /// One of the states.
    pub mode: AtomicValue<Mode>,
    /// A field of the past.
    #[deprecated]
    pub old: AtomicU32,
}

/// Fields without names.
#[derive(Debug, ShmObject)]
#[repr(C)]
pub struct Tuple(
    /// Counts.
    pub AtomicU64,
    #[allow(dead_code)] AtomicU64,
);
