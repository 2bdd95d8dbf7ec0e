//! What the derives implement: layout, value, object, and their read-only views.
//!
//! # Safety
//!
//! This file assumes nothing. Its unsafe traits carry the promises that everything else rests on.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::fmt;
use std::ptr::NonNull;

use crate::layout::InvalidValue;
use crate::layout::hash::LayoutHash;
use crate::layout::schema::Schema;

/// A type whose layout is described, byte for byte, by [`SCHEMA`](Self::SCHEMA).
///
/// Implemented by both derives. Two types may stand for each other in shared memory if, and only if, their
/// [`LAYOUT_HASH`](Self::LAYOUT_HASH) is the same.
///
/// # Safety
///
/// `SCHEMA` must tell the truth about the type: its size, its alignment, and the offset and kind of all it is made of.
pub unsafe trait ShmLayout: 'static {
    /// The layout of the type.
    const SCHEMA: &'static Schema;
    /// The hash of the layout.
    const LAYOUT_HASH: LayoutHash = Self::SCHEMA.hash();
}

/// Has the compiler evaluate the schema of `T` wherever this is: and with it the checks that the derives place there for
/// types with const parameters, so that no value is copied, and no object referenced, whose layout nobody has checked.
pub(crate) const fn is_described<T: ShmLayout>() {
    T::SCHEMA.has_elements();
    assert!(
        T::SCHEMA.size() == size_of::<T>() && T::SCHEMA.align() == align_of::<T>(),
        "the schema of this type has another size or alignment than the type: its `unsafe impl ShmLayout` is wrong"
    );
}

/// The same where bytes become a value, which is checked unless its [`Validity`] is [`Any`]: and its schema has to agree with that. So a
/// value with a `bool` in it is checked, whatever a derive has been made to believe.
pub(crate) const fn is_described_value<V: ShmValue>() {
    is_described::<V>();
    assert!(
        V::SCHEMA.has_any_bits() || !<V::Validity as Validity>::ANY,
        "the schema of this type has a `bool`, `char` or enum in it, and its `Validity` is `Any`: its `unsafe impl ShmValue` is wrong"
    );
}

/// A root: a type that may be created, attached and removed by itself, under its type-id-char.
///
/// Given by `#[shm(id = 'T')]`. [`Versioned<V>`](crate::Versioned) and [`AtomicValue<V>`](crate::AtomicValue) take the id of
/// their value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no type-id-char, so it cannot be created or attached by itself",
    label = "add `#[shm(id = 'T')]` to the type (or to the value, in `Versioned<…>` and `AtomicValue<…>`), with a letter that no other type has under this path"
)]
pub trait ShmId: ShmLayout {
    /// The type-id-char, printable ASCII (`' '` to `'~'`): the third part of the key, beside device and inode.
    const ID: char;
}

/// Plain data that is copied in and out of shared memory: `#[derive(Clone, Copy, ShmValue)]`.
///
/// # Types of other crates
///
/// These types are values with a cargo feature of the same name as their crate, off by default:
///
/// | feature | types |
/// |---|---|
/// | `glam` (0.34) | `Vec2`, `Vec3`, `Mat3`; `DVec2` to `DVec4`, `DMat2` to `DMat4`, `DQuat`; all vectors of `i8` to `i64` and `u8` to `u64` |
/// | `uuid` (1) | `Uuid` |
///
/// `Vec4`, `Quat`, `Vec3A`, `Mat2`, `Mat3A`, `Mat4` and the affine types of `glam` are no values: their alignment depends on
/// the target and on glam's feature `scalar-math`, or they have padding. Glam's feature `cuda` changes the alignment of most
/// types with two or four components, so a program with it and a program without it refuse each other's objects.
///
/// The times of [`std`](std::time::SystemTime), `chrono` and `jiff` are stored as a [`Timestamp`](crate::Timestamp).
///
/// Any other type is copied into a struct with the same content, which converts in both directions:
///
/// ```
/// use shmstore::{ShmValue, Versioned};
/// use std::net::SocketAddrV4;
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Address { ip: [u8; 4], port: u16 }
///
/// impl From<SocketAddrV4> for Address {
///     fn from(address: SocketAddrV4) -> Self {
///         Self { ip: address.ip().octets(), port: address.port() }
///     }
/// }
///
/// impl From<Address> for SocketAddrV4 {
///     fn from(address: Address) -> Self {
///         Self::new(address.ip.into(), address.port)
///     }
/// }
///
/// let peer = Versioned::<Address>::default();
/// let address = SocketAddrV4::new([127, 0, 0, 1].into(), 4000);
/// peer.store(address.into());
/// assert_eq!(SocketAddrV4::from(peer.load()), address);
/// ```
///
/// Where not every content of the struct is a value of the other type, the way back is a `TryFrom`: another process may
/// have stored anything.
///
/// # Safety
///
/// The implementer promises that
/// - the type has no padding, no pointers and no interior mutability: every byte of it is always initialized and
///   always means the same in every process;
/// - all bytes zero is a valid value;
/// - [`check_bits`](Self::check_bits) accepts only bytes that are a valid value, and [`Validity`](Self::Validity) is
///   [`Any`] only if all bytes are.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value that can be copied through shared memory",
    label = "not a `ShmValue`",
    note = "values are fixed-width numbers, `bool`, `char`, arrays, `FixedString<N>`, `FixedVec<V, N>`, `Timestamp`, `Pad<N>`, and what has `#[derive(Clone, Copy, ShmValue)]`",
    note = "atomics, `Lock`, `Event` and other objects are shared in place: they stand beside a value, not in it"
)]
pub unsafe trait ShmValue: ShmLayout + Copy + Send + Sync {
    /// [`Any`] if every bit pattern is valid, [`Checked`] otherwise.
    type Validity: Validity;

    /// Checks that `bytes`, `size_of::<Self>()` of them, are a valid value.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`], naming the field that is not valid.
    ///
    /// # Panics
    ///
    /// If there are fewer bytes than the value has.
    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue>;

    /// Returns the value whose bytes are all zero: what a new object holds. One that is too large for the stack is made
    /// by [`zeroed_box`](Self::zeroed_box).
    ///
    /// ```
    /// use shmstore::ShmValue;
    /// assert_eq!(<[f64; 3]>::zeroed(), [0.0; 3]);
    /// ```
    #[must_use]
    fn zeroed() -> Self {
        // SAFETY: the trait promises that all bytes zero is a valid value.
        unsafe { std::mem::zeroed() }
    }

    /// Returns the value whose bytes are all zero, in memory of the heap. It is never on the stack, in a debug build
    /// either.
    ///
    /// ```
    /// use shmstore::{FixedVec, ShmValue};
    ///
    /// #[derive(Clone, Copy, ShmValue)]
    /// #[repr(C)]
    /// struct Frame { width: u64, height: u64, pixels: FixedVec<u8, { 3840 * 2160 * 4 }> } // 32 MiB
    ///
    /// let mut frame = Frame::zeroed_box();
    /// frame.pixels.extend_from_slice(&[255; 4])?;
    /// assert_eq!((frame.width, frame.pixels.len()), (0, 4));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[must_use]
    fn zeroed_box() -> Box<Self> {
        const { is_described_value::<Self>() };
        let layout = Layout::new::<Self>();
        let memory = if layout.size() == 0 {
            NonNull::dangling().as_ptr()
        } else {
            // SAFETY: the size is not zero, as was just asked.
            unsafe { alloc_zeroed(layout) }.cast::<Self>()
        };
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: from the allocator, by the layout of `Self`, or as a box of no bytes has to be; and all bytes zero,
        // which is a valid value.
        unsafe { Box::from_raw(memory) }
    }
}

/// An object: it lives in shared memory, and `&Self` is handed out while other processes use it:
/// `#[derive(ShmObject)]`.
///
/// # Safety
///
/// The implementer promises that
/// - every byte of the type that is ever read or written through `&Self` is atomic, whatever other processes do to it
///   meanwhile, and any bytes whatever are valid in it;
/// - all bytes zero is a valid object, and dropping one does nothing;
/// - [`View`](Self::View) has the same size and alignment, is as valid over any bytes, and through `&View` nothing is ever
///   written: its memory is only loaded from, by atomic loads of at most 8 bytes that are `Relaxed` (with fences, where
///   that is not enough), so that it may be memory that is mapped for reading only, and that other processes write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an object that processes can share in place",
    label = "not a `ShmObject`",
    note = "a value is shared in a part: `Versioned<{Self}>`, or `AtomicValue<{Self}>` up to 8 bytes",
    note = "objects are made of atomics, `AtomicValue<V>`, `Versioned<V>`, `Lock`, `Event`, `CacheAligned<O>`, arrays of these, and what has `#[derive(ShmObject)]`"
)]
pub unsafe trait ShmObject: ShmLayout + Send + Sync {
    /// The same memory, for reading only: what [`ReadOnly`](crate::ReadOnly) dereferences to. It works on a mapping that the
    /// kernel does not let us write.
    type View: Send + Sync + 'static;
}

/// Whether all bit patterns of a value are valid ([`Any`]), or some are not ([`Checked`]).
pub trait Validity: sealed::Sealed {
    /// The validity of a struct that has a part of this validity and the rest of validity `R`.
    type And<R: Validity>: Validity;
    /// True for [`Any`].
    const ANY: bool;
}

/// Every bit pattern is a valid value.
#[derive(Debug)]
pub enum Any {}

/// Some bit patterns are no valid value: they are checked on every read.
#[derive(Debug)]
pub enum Checked {}

impl Validity for Any {
    type And<R: Validity> = R;
    const ANY: bool = true;
}

impl Validity for Checked {
    type And<R: Validity> = Checked;
    const ANY: bool = false;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Any {}
    impl Sealed for super::Checked {}
}

/// A value every bit pattern of which is valid: reading one cannot fail.
///
/// Implemented by itself for every [`ShmValue`] without a `bool`, `char` or enum in it.
#[diagnostic::on_unimplemented(
    message = "some bit patterns are not a valid `{Self}`, so reading it can fail",
    label = "may have a `bool`, `char` or enum in it: use the method that checks: `load_checked()`, `update_checked()`, `begin_checked()`; the bound of a type parameter is `AnyBits`"
)]
pub trait AnyBits: ShmValue<Validity = Any> {}

#[diagnostic::do_not_recommend]
impl<V: ShmValue<Validity = Any>> AnyBits for V {}

/// A value that can be printed: one bound for two, so that `#[derive(Debug)]` on an object reports a type that is neither only once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed",
    label = "`Debug` of a part needs a value with `Debug`: `#[derive(Clone, Copy, Debug, ShmValue)]`"
)]
pub trait DebugValue: ShmValue + fmt::Debug {}

#[diagnostic::do_not_recommend]
impl<V: ShmValue + fmt::Debug> DebugValue for V {}
