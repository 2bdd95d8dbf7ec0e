//! The traits that the derives implement: layout, value, object, and the view of an object.
//!
//! # Safety
//!
//! This file assumes nothing. Everything else rests on the promises of its unsafe traits.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::fmt;
use std::ptr::NonNull;

use crate::layout::InvalidValue;
use crate::layout::hash::LayoutHash;
use crate::layout::schema::Schema;

/// A type with a layout that [`SCHEMA`](Self::SCHEMA) describes byte for byte.
///
/// Both derives implement it. Two types can stand for each other in shared memory if, and only if, their
/// [`LAYOUT_HASH`](Self::LAYOUT_HASH) is the same.
///
/// ```
/// use shmstore::ShmLayout;
///
/// assert_eq!(<[u16; 4]>::SCHEMA.size(), 8);
/// assert_ne!(<[u16; 4]>::LAYOUT_HASH, <[u8; 8]>::LAYOUT_HASH);
/// ```
///
/// # Safety
///
/// `SCHEMA` must be true of the type: its size, its alignment, and the offset and kind of each of its components.
pub unsafe trait ShmLayout: 'static {
    /// The layout of the type.
    const SCHEMA: &'static Schema;
    /// The hash of the layout.
    const LAYOUT_HASH: LayoutHash = Self::SCHEMA.hash();
}

/// Makes the compiler evaluate the schema of `T` wherever this function is evaluated.
///
/// For types with parameters, the derives put their checks into the schema. So no value is copied and no object is
/// referenced unless its layout was checked.
pub(crate) const fn is_described<T: ShmLayout>() {
    T::SCHEMA.has_elements();
    assert!(
        T::SCHEMA.size() == size_of::<T>() && T::SCHEMA.align() == align_of::<T>(),
        "the schema of this type has another size or alignment than the type: correct its `unsafe impl ShmLayout`"
    );
}

/// Does the same where bytes become a value, and compares the schema with the [`Validity`].
///
/// Bytes of a value are checked unless its `Validity` is [`Any`]. So a value with a `bool` in it is always checked,
/// even if another macro has deceived the derive.
pub(crate) const fn is_described_value<V: ShmValue>() {
    is_described::<V>();
    assert!(
        V::SCHEMA.has_any_bits() || !<V::Validity as Validity>::ANY,
        "the schema of this type has a `bool`, `char` or enum in it, and its `Validity` is `Any`: write `Checked` in its `unsafe impl ShmValue`"
    );
}

/// A root, which is a type that can be created, attached and removed by itself, under its type-id-char.
///
/// `#[shm(id = 'T')]` implements it. [`Versioned<V>`](crate::Versioned), [`AtomicValue<V>`](crate::AtomicValue),
/// [`Queue<V, N>`](crate::Queue), [`Broadcast<V, N>`](crate::Broadcast) and [`Map<K, V, N>`](crate::Map) have the id of
/// their value, and [`Frames<E, N, K, M>`](crate::Frames) that of an element.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no type-id-char, so it cannot be created or attached by itself",
    label = "add `#[shm(id = 'T')]` to the type, with a letter that no other type has under this path",
    note = "for a `Versioned<V>`, a `Queue<V, N>` or another part of a value, add it to `V`"
)]
pub trait ShmId: ShmLayout {
    /// The type-id-char, printable ASCII (`' '` to `'~'`). The key is made of it, the device and the inode.
    const ID: char;
    /// The size in bytes to which a new object can grow in all, the present fields included:
    /// `#[shm(id = 'T', room = 4096)]`. 0 if an object is exactly as large as the type, and so never grows.
    const ROOM: usize = 0;
}

/// Plain data that is copied in and out of shared memory. A type becomes one by `#[derive(Clone, Copy, ShmValue)]`.
///
/// # Types of other crates
///
/// These types are values with the cargo feature that has the name of their crate, off by default:
///
/// | feature | types |
/// |---|---|
/// | `glam` (0.34) | `Vec2`, `Vec3`, `Mat3`; `DVec2` to `DVec4`, `DMat2` to `DMat4`, `DQuat`; all vectors of `i8` to `i64` and `u8` to `u64` |
/// | `uuid` (1) | `Uuid` |
///
/// The times of [`std`](std::time::SystemTime), `chrono` and `jiff` are stored as a [`Timestamp`](crate::Timestamp).
///
/// `Vec4`, `Quat`, `Vec3A`, `Mat2`, `Mat3A`, `Mat4` and the affine types of `glam` are not values, because they have
/// padding, or their alignment depends on the target and on glam's feature `scalar-math`. Glam's feature `cuda` changes
/// the alignment of most types with two or four components. So a program with that feature and a program without it
/// refuse each other's objects.
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
/// If some contents of the struct are not a value of the other type, the way back is a `TryFrom`, because another
/// process may have stored anything.
///
/// # Safety
///
/// The implementer promises that
/// - the type has no padding, no pointers and no interior mutability, so that every byte of it is always initialized
///   and means the same in every process;
/// - all bytes zero is a valid value;
/// - [`check_bits`](Self::check_bits) accepts only bytes that are a valid value;
/// - [`Validity`](Self::Validity) is [`Any`] only if all bytes are a valid value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value that can be copied through shared memory",
    label = "not a `ShmValue`",
    note = "values are fixed-width numbers, `bool`, `char`, arrays, `FixedString<N>`, `FixedVec<V, N>`, `Timestamp`, `Pad<N>`, and types with `#[derive(Clone, Copy, ShmValue)]`",
    note = "atomics, `Lock`, `Event`, `Queue`, `Broadcast`, `Map`, `Frames` and other objects are shared in place: put them beside a value, not into it"
)]
pub unsafe trait ShmValue:
    ShmLayout
    // rustc shows the next line if a value is not `Copy`.
    + Copy // write `#[derive(Clone, Copy, ShmValue)]`
    + Send
    + Sync
{
    /// [`Any`] if every bit pattern is valid, [`Checked`] otherwise.
    type Validity: Validity;

    /// Checks that the first `size_of::<Self>()` bytes are a valid value.
    ///
    /// ```
    /// use shmstore::ShmValue;
    /// assert!(bool::check_bits(&[1]).is_ok());
    /// assert!(bool::check_bits(&[2]).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidValue`], which names the field that is not valid.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer bytes than the value has.
    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue>;

    /// Returns the value of all bytes zero, with which a new object begins.
    ///
    /// [`zeroed_box`](Self::zeroed_box) makes a value that is too large for the stack.
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

    /// Returns the value of all bytes zero in memory of the heap. It is never on the stack, not even in a debug build.
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
        // SAFETY: all bytes zero are a valid value, as this trait promises.
        unsafe { zeroed_box() }
    }
}

/// Makes a box of zeros.
///
/// # Safety
///
/// All bytes zero are a valid `T`.
unsafe fn zeroed_box<T>() -> Box<T> {
    let layout = Layout::new::<T>();
    let memory = if layout.size() == 0 {
        NonNull::dangling().as_ptr()
    } else {
        // SAFETY: the size is not zero, as was just checked.
        unsafe { alloc_zeroed(layout) }.cast::<T>()
    };
    if memory.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: from the allocator, by the layout of `T`, or dangling, as a box of no bytes may be. All bytes are zero,
    // which are a valid `T`, by the caller.
    unsafe { Box::from_raw(memory) }
}

/// An object, which lives in shared memory. A type becomes one by `#[derive(ShmObject)]`.
///
/// Programs have a `&Self` while other processes use and change the object.
///
/// # Safety
///
/// The implementer promises that
/// - every byte that is read or written through `&Self` is atomic, whatever other processes do to it meanwhile;
/// - any bytes are a valid object, and dropping an object does nothing;
/// - [`View`](Self::View) has the same size and alignment, and any bytes are a valid view;
/// - nothing is written through `&View` but the announcement of a waiter, by an atomic write. It is written only if
///   the registry of this process's attachments says that the mapping at its address is writable;
/// - otherwise the memory of a view is only loaded, by `Relaxed` atomic loads of at most 8 bytes, with fences where
///   needed. So it may be mapped for reading only, while other processes write it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an object that processes can share in place",
    label = "not a `ShmObject`",
    note = "a value is shared in a part: `Versioned<{Self}>`, or `AtomicValue<{Self}>` up to 8 bytes",
    note = "objects are made of atomics, `AtomicValue<V>`, `Versioned<V>`, `Lock`, `Event`, `Queue<V, N>`, `Broadcast<V, N>`, `Map<K, V, N>`, `Frames<E, N, K, M>`, `CacheAligned<O>`, arrays of these, and types with `#[derive(ShmObject)]`"
)]
pub unsafe trait ShmObject: ShmLayout + Send + Sync {
    /// The same memory for reading only, to which [`ReadOnly`](crate::ReadOnly) dereferences.
    ///
    /// It works on a mapping that the kernel does not let this process write. In a mapping that this process may write,
    /// it writes nothing but the announcement of a waiter.
    type View: Send + Sync + 'static;

    /// Makes an object on the heap. All its bytes are zero, as in a new object in shared memory. It is for objects that
    /// are too large for the stack.
    ///
    /// ```
    /// use shmstore::{Queue, ShmObject};
    ///
    /// let queue = Queue::<[u64; 8], 100_000>::zeroed_box(); // 12.8 MB
    /// queue.push([7; 8])?;
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[must_use]
    fn zeroed_box() -> Box<Self>
    where
        Self: Sized,
    {
        // SAFETY: any bytes are a valid object, as this trait promises.
        unsafe { zeroed_box() }
    }
}

/// [`Any`] if all bit patterns of a value are valid, [`Checked`] if some are not.
pub trait Validity: sealed::Sealed {
    /// The validity of a struct with one field of this validity and other fields of validity `R`.
    type And<R: Validity>: Validity;
    /// True for [`Any`], false for [`Checked`].
    const ANY: bool;
}

/// Every bit pattern is a valid value.
#[derive(Debug)]
pub enum Any {}

/// Some bit patterns are not a valid value, so every read checks them.
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

/// A value with only valid bit patterns, so that reading it cannot fail.
///
/// Every [`ShmValue`] without a `bool`, `char` or enum in it implements this trait.
#[diagnostic::on_unimplemented(
    message = "some bit patterns are not a valid `{Self}`, so reading it can fail",
    label = "may have a `bool`, `char` or enum in it: use the method that checks: `load_checked()`, `update_checked()`, `begin_checked()`, or `blocks_checked()` and its like of frames; the bound of a type parameter is `AnyBits`"
)]
pub trait AnyBits: ShmValue<Validity = Any> {}

#[diagnostic::do_not_recommend]
impl<V: ShmValue<Validity = Any>> AnyBits for V {}

/// A value that can be printed.
///
/// It is one bound in place of two, so that `#[derive(Debug)]` on an object reports a type without either only once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be printed",
    label = "`Debug` of a part needs a value with `Debug`: `#[derive(Clone, Copy, Debug, ShmValue)]`"
)]
pub trait DebugValue: ShmValue + fmt::Debug {}

#[diagnostic::do_not_recommend]
impl<V: ShmValue + fmt::Debug> DebugValue for V {}
