//! The fields of objects.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::layout::ShmObject;
use crate::layout::check::view_is_alike;
use crate::layout::schema::Schema;

/// A field whose type is a parameter, once its bounds were checked.
#[derive(Clone, Copy, Debug)]
pub struct ParamField {
    /// The layout of the type. Its view was checked to have the same size and alignment.
    pub schema: &'static Schema,
}

/// Describes a field whose type is a parameter.
#[must_use]
pub const fn of_param<O: ShmObject>() -> ParamField {
    view_is_alike::<O>();
    ParamField { schema: O::SCHEMA }
}

macro_rules! object_fields {
    ($($name:ident: $label:literal $(, $note:literal)?;)*) => {$(
        #[doc = concat!("A field of an object, with advice: ", $label, ".")]
        ///
        /// # Safety
        ///
        /// The implementer promises the same as for [`ShmObject`].
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not an object that processes can share in place",
            label = $label
            $(, note = $note)?
        )]
        pub unsafe trait $name {
            /// The layout of the type. Its view was checked to have the same size and alignment.
            const SCHEMA: &'static Schema;
            /// Compiles only if the type implements this trait. Generated code calls it with a type it cannot name.
            fn asked(_: PhantomData<Self>) {}
        }

        // SAFETY: forwards to a trait that promises the same.
        #[diagnostic::do_not_recommend]
        unsafe impl<O: ShmObject> $name for O {
            const SCHEMA: &'static Schema = of_param::<O>().schema;
        }
    )*};
}

object_fields! {
    ObjectField: "not a `ShmObject`: if it is a value, use `Versioned<{Self}>`, or `AtomicValue<{Self}>` up to 8 bytes",
        "`#[derive(ShmObject)]` and `#[repr(C)]` make your own type an object; `#[derive(Clone, Copy, ShmValue)]` and `#[repr(C)]` make it a value";
    PlainField: "other processes write during the borrow: use `AtomicValue<{Self}>` or `Versioned<{Self}>`";
    PlainArrayField: "other processes write during the borrow: use an array of `AtomicValue`, or `Versioned<{Self}>`";
    CopiedField: "other processes write during the borrow: use `Versioned<{Self}>`";
    PhantomField: "the type in a `PhantomData` is `Send` and `Sync`: write `PhantomData<fn() -> T>`";
    PadField: "an object may have padding, so it needs no field for it: remove it";
    AtomicBoolField: "a byte of another process that is not 0 or 1 would be undefined behavior: use `AtomicValue<bool>`";
    WidthField: "its width is this process's own: use `AtomicU64` or `AtomicI64`";
    WideField: "its alignment differs between compilers: use `Versioned<[u64; 2]>`";
    TextField: "its text lies in this process's own memory: use `Versioned<FixedString<N>>`";
    ListField: "its items lie in this process's own memory: use `Versioned<FixedVec<V, N>>`, or an array of objects";
    MapField: "its entries lie in this process's own memory: use `Map<K, V, N>`";
    StreamField: "its items lie in this process's own memory: use `Queue<V, N>`, in which each item goes to one process, or `Broadcast<V, N>`, in which it goes to all";
    PointerField: "an address means nothing in another process: use the object itself, or `Versioned<V>`";
    TupleField: "the compiler decides how a tuple is laid out: use a struct with `#[repr(C)]`";
    OptionField: "the compiler decides how it is stored: use `Versioned<V>`, which has version 0 until the first store";
    NonZeroField: "shared memory starts as zeros: use an atomic integer, with 0 for none";
    CellField: "a cell works in one thread or process only: use `AtomicValue<V>` or `Versioned<V>`";
    LockField: "std's locks work in one process only: use `Versioned<V>` for the data, with `update` or `Transaction` for one writer at a time",
        "a `Lock` guards an invariant over several parts beside it: the data stays in `Versioned` parts and atomics";
    EventField: "it wakes threads of one process only: use an `Event`, which counts notifications and wakes the waiting processes";
    TimeField: "the compiler decides how it is stored: use `AtomicValue<Timestamp>` for a moment, `AtomicU64` of nanoseconds for a duration";
}
