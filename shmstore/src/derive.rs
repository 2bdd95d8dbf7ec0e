//! The derives, beside the traits of the same names.

/// Makes a struct an object, which lives in shared memory and is used in place: implements
/// [`ShmObject`](trait@crate::ShmObject) and [`ShmLayout`](crate::ShmLayout).
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// use shmstore::{Atomic, ShmId, ShmLayout, ShmObject, ShmValue, Versioned};
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Position {
///     x: f64,
///     y: f64,
///     z: f64,
/// }
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'T')]
/// struct Telemetry {
///     frames: AtomicU64,
///     rate: Atomic<f64>,
///     position: Versioned<Position>,
/// }
///
/// assert_eq!(Telemetry::ID, 'T');
/// assert_eq!(Telemetry::SCHEMA.size(), size_of::<Telemetry>());
/// ```
///
/// # Fields
///
/// | field | accepted | otherwise |
/// |---|---|---|
/// | `AtomicU8` … `AtomicU64`, `AtomicI8` … `AtomicI64` | yes | |
/// | `Atomic<V>`, `Versioned<V>` of a value | yes | |
/// | `Lock`, `Event` | yes | |
/// | `CacheAligned<O>`, other objects, arrays of one or more objects | yes | |
/// | `PhantomData<T>` with `T: Send + Sync` | yes | `PhantomData<fn() -> T>` |
/// | integers, floats, `bool`, `char`, enums | no: others write while we hold a reference | `Atomic<T>`, `Versioned<T>` |
/// | other values, `FixedString<N>`, `FixedVec<V, N>` | no, for the same reason | `Versioned<T>` |
/// | `AtomicBool` | no: a foreign byte may be neither 0 nor 1 | `Atomic<bool>` |
/// | `AtomicUsize`, `AtomicIsize`, `AtomicPtr` | no: width and address are the process's own | `AtomicU64` |
/// | `String`, `Vec`, `Box`, references, cells, std's locks, … | no: they are one process's own | what the error says |
///
/// The struct has `#[repr(C)]` or `#[repr(transparent)]`, at most `align(4096)`, const parameters or none, and no `Drop`.
/// Padding is allowed: it is zero, and never copied. Enums, unions, structs without bytes, `packed`, type parameters and
/// lifetimes are refused. A struct is an object or a value, so it has one of the two derives.
///
/// # Attributes
///
/// - `#[shm(id = 'T')]`: the type-id-char, printable ASCII. It makes the type a root: implements
///   [`ShmId`](crate::ShmId).
/// - `#[shm(name = "…")]`: the name in the schema, instead of the struct's own.
/// - `#[shm(crate = "…")]`: the path to this crate, if it is renamed in `Cargo.toml` or re-exported by another.
///   It is trusted with all checks.
///
/// # The view
///
/// [`ShmObject::View`](trait@crate::ShmObject#associatedtype.View) is a struct with the same layout and the same field
/// names and visibilities, whose fields are the views of the object's fields: they load, and never write.
///
/// # When it is checked
///
/// All of the above by `cargo check`. Only what depends on the values of const parameters (an array of `N` elements may
/// have none; whether there is a `Drop`) is checked where the values are known: by `cargo build` of a program that uses
/// the type. Nothing rests on what the derive saw alone: if an attribute macro below it changes the struct, so that the
/// description would not be true, the program does not compile.
pub use shmstore_derive::ShmObject;

/// Makes a struct or an enum a value, which is copied in and out of shared memory: implements
/// [`ShmValue`](trait@crate::ShmValue) and [`ShmLayout`](crate::ShmLayout).
///
/// ```
/// use shmstore::{Pad, ShmValue};
///
/// #[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
/// #[repr(u8)]
/// enum Mode {
///     Unset,
///     Idle,
///     Drive = 7,
/// }
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Command {
///     speed: f32,
///     mode: Mode,
///     _pad: Pad<3>,
/// }
///
/// assert_eq!(Command::zeroed().mode, Mode::Unset);
/// assert_eq!(Command::check_bits(&[0, 0, 0, 0, 9, 0, 0, 0]).unwrap_err().to_string(),
///     "`mode` is not a valid Mode: found 9");
/// ```
///
/// # Fields
///
/// | field | accepted | otherwise |
/// |---|---|---|
/// | `u8` … `u64`, `i8` … `i64`, `f32`, `f64` | yes | |
/// | `bool`, `char`, enums with this derive | yes, checked on every read | |
/// | `FixedString<N>`, `FixedVec<V, N>`, `Pad<N>`, `Timestamp`, other values, arrays of one or more values | yes | |
/// | `PhantomData<T>` with `T: Send + Sync` | yes | `PhantomData<fn() -> T>` |
/// | [types of other crates](trait@crate::ShmValue#types-of-other-crates) | by features | a struct with the same content |
/// | `SystemTime`, `Instant`, `Duration` | no: the compiler decides how they are stored | `Timestamp`, or nanoseconds as `u64` |
/// | `usize`, `isize` | no: the width is the process's own | `u64`, `i64` |
/// | `u128`, `i128` | no: the alignment differs between compilers | `[u64; 2]` |
/// | atomics and other parts of objects | no: they are shared in place | the plain value, or an object |
/// | `String`, `Vec`, `Box`, `Option`, `NonZero`, references, pointers, tuples, … | no: they are one process's, or one compiler's, own | what the error says |
///
/// The struct is `Copy` and has `#[repr(C)]` or `#[repr(transparent)]`, at most `align(4096)`, and const parameters or
/// none. It has **no padding**, which would be read uninitialised: the error says where there is a gap, and which
/// [`Pad`](crate::Pad) closes it. Unions, structs without bytes, `packed`, type parameters and lifetimes are refused.
///
/// ```compile_fail
/// # use shmstore::ShmValue;
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Reading {
///     kind: u8,
///     t: f64, // 7 bytes of padding at offset 1, before `t`: add `_pad: Pad<7>` here, or put larger fields first
/// }
/// ```
///
/// # Enums
///
/// An enum has no fields, one of `#[repr(u8)]` … `#[repr(u64)]`, `#[repr(i8)]` … `#[repr(i64)]`, and a variant of value
/// 0, because shared memory starts as zeros.
///
/// # Attributes
///
/// - `#[shm(id = 'T')]`: the type-id-char, printable ASCII. `Versioned` and `Atomic` of the value take it as theirs.
/// - `#[shm(name = "…")]`: the name in the schema, instead of the type's own.
/// - `#[shm(crate = "…")]`: the path to this crate, if it is renamed in `Cargo.toml` or re-exported by another.
///   It is trusted with all checks.
///
/// # When it is checked
///
/// All of the above by `cargo check`. Only what depends on the values of const parameters (whether there is padding, or
/// an array without elements) is checked where the values are known: by `cargo build` of a program that uses the type.
/// Nothing rests on what the derive saw alone: if an attribute macro below it changes the struct, so that the
/// description would not be true, the program does not compile.
pub use shmstore_derive::ShmValue;
