//! The derives, beside the traits of the same names.

/// Makes a struct an object, which lives in shared memory and is used in place.
///
/// It implements [`ShmObject`](trait@crate::ShmObject) and [`ShmLayout`](crate::ShmLayout).
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// use shmstore::{AtomicValue, ShmId, ShmLayout, ShmObject, ShmValue, Versioned};
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
///     rate: AtomicValue<f64>,
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
/// | `AtomicValue<V>`, `Versioned<V>` of a value | yes | |
/// | `Queue<V, N>`, `Broadcast<V, N>` of a value | yes | |
/// | `Map<K, V, N>` of a [key](trait@crate::ShmKey) and a value | yes | |
/// | `Frames<E, N, K, M>` of values | yes | |
/// | `Lock`, `Event` | yes | |
/// | `CacheAligned<O>`, other objects, arrays of one or more objects | yes | |
/// | `PhantomData<T>` with `T: Send + Sync + 'static` | yes | `PhantomData<fn() -> T>` |
/// | integers, floats, `bool`, `char`, enums | no: other processes write during the borrow | `AtomicValue<T>`, `Versioned<T>` |
/// | other values, `FixedString<N>`, `FixedVec<V, N>` | no, for the same reason | `Versioned<T>` |
/// | `AtomicBool` | no: another process may store a byte that is neither 0 nor 1 | `AtomicValue<bool>` |
/// | `AtomicUsize`, `AtomicIsize`, `AtomicPtr` | no: width and address are the process's own | `AtomicU64` |
/// | `VecDeque`, channels | no: they work in one process only | `Queue<V, N>`, `Broadcast<V, N>` |
/// | `HashMap`, `BTreeMap` | no, for the same reason | `Map<K, V, N>` |
/// | `String`, `Vec`, `Box`, references, cells, std's locks, … | no: they work in one process only | see the error |
///
/// The struct has `#[repr(C)]` or `#[repr(transparent)]`, at most `align(4096)`, and no `Drop`. Padding is allowed. It
/// is zero and never copied. Enums, unions, structs without bytes, `packed` and lifetimes are refused. A struct is an
/// object or a value, so it has only one of the two derives.
///
/// # Parameters
///
/// A struct can have const parameters, and type parameters with a bound. `T: ShmValue` is for the value of a part,
/// `K: ShmKey` for a key of a map, `O: ShmObject` for a field. So a library can publish parts for the types of its
/// users:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// use shmstore::{AnyBits, Shared, ShmObject, ShmValue, Versioned};
///
/// /// The newest value of each of `N` sensors.
/// #[derive(ShmObject)]
/// #[repr(C)]
/// pub struct Board<T: ShmValue, const N: usize> {
///     stored: AtomicU64,
///     newest: [Versioned<T>; N],
/// }
///
/// impl<T: ShmValue, const N: usize> Board<T, N> {
///     pub fn store(&self, sensor: usize, value: T) {
///         self.newest[sensor].store(value);
///         self.stored.fetch_add(1, Relaxed);
///     }
/// }
///
/// impl<T: AnyBits, const N: usize> Board<T, N> {
///     pub fn newest(&self) -> [T; N] {
///         std::array::from_fn(|sensor| self.newest[sensor].load())
///     }
/// }
///
/// let board = Shared::<Board<[f32; 3], 2>>::new_private()?;
/// board.store(1, [1.0, 2.0, 3.0]);
/// assert_eq!(board.newest(), [[0.0; 3], [1.0, 2.0, 3.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// - [`AnyBits`](crate::AnyBits) is the bound for generic code that calls `load()`. With `T: ShmValue` there is
///   `load_checked()`.
/// - A type argument counts in the schema and in the layout hash only through the fields that have it. A const argument
///   counts by its value.
/// - `Self`, macros and attributes are refused in bounds, `where` clauses and the types of fields.
///
/// # Attributes
///
/// | attribute | meaning |
/// |---|---|
/// | `#[shm(id = 'T')]` | the type-id-char, printable ASCII; it makes the type a root, which implements [`ShmId`](crate::ShmId) |
/// | `#[shm(id = 'T', room = 4096)]` | the size in bytes to which a new object can grow in all, by [appended fields](#room) |
/// | `#[shm(name = "…")]` | the name in the schema, instead of the struct's own |
/// | `#[shm(crate = "…")]` | the path to this crate, if another crate re-exports it |
///
/// In a `macro_rules!` macro the path is `crate = $crate::shmstore`. A dependency that is renamed in `Cargo.toml` is
/// found under its new name. The crate at this path, or `::shmstore` without it, makes all checks. A program that gives
/// the name to a module of its own switches the checks off. It then has the responsibility of a hand-written
/// implementation.
///
/// Lint levels of the item, its fields and its parameters apply to the generated code, too. Names that begin with
/// `__shm` are reserved for that code.
///
/// # Room
///
/// An object with room can grow. A later version of the struct has more fields at its end, and programs of both
/// versions use one object at the same time. `room = 4096` means that the object can grow to 4096 bytes in all, the
/// present fields included.
///
/// **Decide before the first start.** Only an object that was created with room can grow. Room can be given later by a
/// [migration](crate::Store::migrate), for which all programs have to end.
///
/// **If you go back to the old version, do not append another field.** The object keeps the layout that it has grown
/// to. A version with a *different* field in that place is refused. End all programs, then let the new program call
/// [`Store::migrate`](crate::Store::migrate). Or call [`Store::replace`](crate::Store::replace) at any time, which
/// loses the values.
///
/// ```
/// use shmstore::{ShmObject, Store, Versioned};
///
/// mod before {
///     use shmstore::{ShmObject, Versioned};
///
///     #[derive(ShmObject)]
///     #[repr(C)]
///     #[shm(id = 'S', room = 1024)]
///     pub struct Settings { pub speed: Versioned<f64> }
/// }
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'S', room = 1024)]
/// struct Settings { speed: Versioned<f64>, limit: Versioned<f64> }
///
/// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
/// let old = store.create::<before::Settings>()?; // most often in another process
/// let new = store.attach::<Settings>()?;
/// new.limit.store(3.0);
/// old.speed.store(1.5);
/// assert_eq!((new.speed.load(), new.limit.load()), (1.5, 3.0));
/// # store.remove::<Settings>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// - Give the size that the object may ever need, 1 byte to 1 TiB. Memory that no field uses stays free, up to the end
///   of a page. But the whole room counts for the kernel's limits (`kernel.shmall`), and a process that locks all its
///   memory (`mlockall`) fills it. A number, a constant or another expression of type `usize` is accepted.
/// - A new object has the room of the program that creates or migrates it. The room is a property of the object, and in
///   no schema or hash. So a program can attach to an object with another room than its own.
/// - New fields are zero. [`Shared::grown_from`](crate::Shared::grown_from) tells a program that it has extended the
///   object.
/// - Growth is new fields at the end of the root's struct. Fields are never removed, renamed or put in another order.
///   A new variant of an enum, a longer array or a change in a value is no growth, but a
///   [migration](crate::Store::migrate).
/// - An object with a room of at most 1024 bytes lies on the first page of its segment. With more room it has pages of
///   its own.
/// - A struct that is larger than its room does not compile.
///
/// # The view
///
/// [`ShmObject::View`](trait@crate::ShmObject#associatedtype.View) is a struct with the same layout, the same field
/// names and the same visibilities. Its fields are the views of the object's fields, which load and never write.
///
/// # When it is checked
///
/// `cargo check` checks all of the above, with one exception. Rules that depend on arguments of the type are checked
/// where the arguments are known, by `cargo build` of a program that uses the type. They are the number of elements of
/// an array `[O; N]`, the absence of `Drop`, and the size of the struct beside its room.
///
/// The checks are made on the finished type. So a program does not compile if an attribute macro below the derive
/// changes the struct in a way that makes the description false.
pub use shmstore_derive::ShmObject;

/// Makes a struct or an enum a value, which is copied in and out of shared memory.
///
/// It implements [`ShmValue`](trait@crate::ShmValue) and [`ShmLayout`](crate::ShmLayout).
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
/// | `bool`, `char`, enums with this derive | yes; every read checks them | |
/// | `FixedString<N>`, `FixedVec<V, N>`, `Pad<N>`, `Timestamp`, other values, arrays of one or more values | yes | |
/// | `PhantomData<T>` with `T: Send + Sync + 'static` | yes | `PhantomData<fn() -> T>` |
/// | [types of other crates](trait@crate::ShmValue#types-of-other-crates) | by features | a struct with the same content |
/// | `SystemTime`, `Instant`, `Duration` | no: the compiler decides how they are stored | `Timestamp`, or nanoseconds as `u64` |
/// | `usize`, `isize` | no: the width is the process's own | `u64`, `i64` |
/// | `u128`, `i128` | no: the alignment differs between compilers | `[u64; 2]` |
/// | atomics and other parts of objects | no: they are shared in place | the plain value, or an object |
/// | `String`, `Vec`, `Box`, `Option`, `NonZero`, references, pointers, tuples, … | no: they belong to one process or one compiler | see the error |
///
/// The struct is `Copy` and has `#[repr(C)]` or `#[repr(transparent)]`, and at most `align(4096)`. It has **no
/// padding**, because padding would be read uninitialized. The error says where the gap is and which
/// [`Pad`](crate::Pad) closes it. Unions, structs without bytes, `packed` and lifetimes are refused.
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
/// # Parameters
///
/// A struct can have const parameters, and type parameters with a bound. `T: ShmValue` is for a field, `T: Copy + Send
/// + Sync + 'static` for a marker.
///
/// ```
/// use shmstore::{ShmLayout, ShmValue};
///
/// #[derive(Clone, Copy, ShmValue)]
/// #[repr(C)]
/// struct Range<T: ShmValue> {
///     from: T,
///     to: T,
/// }
///
/// assert_ne!(Range::<u32>::LAYOUT_HASH, Range::<f32>::LAYOUT_HASH);
/// ```
///
/// If the offset or the size of a field depends on an argument, only arguments that leave no gap are accepted. A
/// [`Pad`](crate::Pad) of fixed size cannot close the gap for all arguments. A field `Pad<P>` with a const parameter
/// `P` of 1 or more can.
///
/// # Enums
///
/// An enum has no fields, one of `#[repr(u8)]` … `#[repr(u64)]`, `#[repr(i8)]` … `#[repr(i64)]`, and a variant of value
/// 0, because shared memory starts as zeros.
///
/// # Attributes
///
/// `#[shm(id = 'T')]` is the type-id-char, printable ASCII. It makes `Versioned`, `AtomicValue`, `Queue`, `Broadcast`
/// and `Map` of the value and `Frames` of such elements roots, with this id. A value has no `room`. `#[shm(name = "…")]` and `#[shm(crate = "…")]` are
/// as for [`ShmObject`](macro@crate::ShmObject#attributes).
///
/// # When it is checked
///
/// `cargo check` checks all of the above, with one exception. Rules that depend on arguments of the type are checked
/// where the arguments are known, by `cargo build` of a program that uses the type. They are the absence of padding,
/// and the number of elements of an array `[V; N]`.
///
/// The checks are made on the finished type. So a program does not compile if an attribute macro below the derive
/// changes the type in a way that makes the description false.
pub use shmstore_derive::ShmValue;

/// Makes a struct or an enum a key of a map. It is used beside `ShmValue`.
///
/// It implements [`ShmKey`](trait@crate::ShmKey).
///
/// ```
/// use shmstore::{FixedString, ShmKey, ShmValue};
///
/// #[derive(Clone, Copy, ShmValue, ShmKey)]
/// #[repr(u8)]
/// enum Side { Bid, Ask }
///
/// #[derive(Clone, Copy, ShmValue, ShmKey)]
/// #[repr(C)]
/// struct Level {
///     symbol: FixedString<11>,
///     side: Side,
///     price: i64, // in cents, because a float cannot be a key
/// }
/// ```
///
/// All fields are [keys](trait@crate::ShmKey). A struct can have the parameters that it can have as a value. The bound
/// of a type parameter in a field is `K: ShmKey`.
///
/// `#[shm(crate = "…")]` is as for [`ShmObject`](macro@crate::ShmObject#attributes). `cargo check` checks all of this.
pub use shmstore_derive::ShmKey;
