//! The fields of values.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use crate::layout::InvalidValue;
use crate::layout::schema::{Field, Schema};
use crate::layout::{ShmValue, Validity};

/// A field whose type is a parameter, once its bounds were checked.
#[derive(Clone, Copy, Debug)]
pub struct ParamField {
    /// The layout of the type.
    pub schema: &'static Schema,
    /// Checks the bytes of a value from an offset on. An error has the given name of the field before its path.
    pub check_field: fn(&[u8], usize, &str) -> Result<(), InvalidValue>,
}

/// Describes a field whose type is a parameter.
#[must_use]
pub const fn of_param<V: ShmValue>() -> ParamField {
    ParamField { schema: V::SCHEMA, check_field: check_field::<V> }
}

#[inline]
fn check_field<V: ShmValue>(value: &[u8], offset: usize, name: &str) -> Result<(), InvalidValue> {
    V::check_bits(&value[offset..]).map_err(|invalid| invalid.in_field(name))
}

macro_rules! value_fields {
    ($($name:ident: $label:literal $(, $note:literal)?;)*) => {$(
        #[doc = concat!("A field of a value, with advice: ", $label, ".")]
        ///
        /// # Safety
        ///
        /// The implementer promises the same as for [`ShmValue`].
        #[diagnostic::on_unimplemented(
            message = "`{Self}` is not a value that can be copied through shared memory",
            label = $label
            $(, note = $note)?
        )]
        pub unsafe trait $name {
            /// The layout of the type.
            const SCHEMA: &'static Schema;
            /// Compiles only if the type implements this trait. Generated code calls it with a type it cannot name.
            fn asked(_: PhantomData<Self>) {}
            /// True if every bit pattern is valid.
            const ANY_BITS: bool;
            /// Checks the bytes of the field, which are those of `value` from `offset` on.
            ///
            /// # Errors
            ///
            /// [`InvalidValue`], with the field's name before its path.
            fn check_field(value: &[u8], offset: usize, name: &str) -> Result<(), InvalidValue>;
            /// Checks the bytes of the fields of `value` that have the indices `of` in `fields`.
            ///
            /// # Errors
            ///
            /// [`InvalidValue`], with the field's name before its path.
            fn check_fields(value: &[u8], fields: &[Field], of: &[usize]) -> Result<(), InvalidValue>;
        }

        // SAFETY: forwards to a trait that promises the same.
        #[diagnostic::do_not_recommend]
        unsafe impl<V: ShmValue> $name for V {
            const SCHEMA: &'static Schema = V::SCHEMA;
            const ANY_BITS: bool = <V::Validity as Validity>::ANY;
            #[inline]
            fn check_field(value: &[u8], offset: usize, name: &str) -> Result<(), InvalidValue> {
                check_field::<V>(value, offset, name)
            }
            #[inline]
            fn check_fields(value: &[u8], fields: &[Field], of: &[usize]) -> Result<(), InvalidValue> {
                of.iter().try_for_each(|&at| check_field::<V>(value, fields[at].offset, fields[at].name))
            }
        }
    )*};
}

value_fields! {
    ValueField: "not a `ShmValue`",
        "`#[derive(Clone, Copy, ShmValue)]` and `#[repr(C)]` make your own type a value; for a type of another crate, see \"Types of other crates\" in the documentation of `ShmValue`";
    WidthField: "its width is this process's own: use `u64` or `i64`";
    WideField: "its alignment differs between compilers: use `[u64; 2]`";
    TextField: "its text lies in this process's own memory: use `FixedString<N>`";
    ListField: "its items lie in this process's own memory: use `FixedVec<V, N>` or an array";
    MapField: "its entries lie in this process's own memory: use `FixedVec<V, N>` of pairs here, or a `Map<K, V, N>` beside the value, in an object";
    StreamField: "its items lie in this process's own memory: use `FixedVec<V, N>` here, or a `Queue<V, N>` or `Broadcast<V, N>` beside the value, in an object";
    PointerField: "an address means nothing in another process: use the value itself";
    TupleField: "the compiler decides how a tuple is laid out: use a struct with `#[repr(C)]`";
    OptionField: "the compiler decides how it is stored: use the value and a `bool` beside it, or `FixedVec<V, 1>`";
    NonZeroField: "shared memory starts as zeros: use the plain integer, with 0 for none";
    CellField: "a value is copied as a whole, so it needs no cell: use what is in it";
    LockField: "std's locks work in one process only: use what is in it here, and `Versioned<V>` of this value in an object";
    EventField: "it wakes threads of one process only, and a value is copied: use an `Event` beside the value, in an object";
    AtomicField: "an atomic is shared in place, a value is copied: use the plain integer or `bool` here, or derive `ShmObject` instead";
    PartField: "it is an object, shared in place, and a value is copied: put it beside the value, in a struct that derives `ShmObject`";
    PhantomField: "the type in a `PhantomData` is `Send` and `Sync`: write `PhantomData<fn() -> T>`";
    TimeField: "the compiler decides how it is stored: use `Timestamp` for a moment, `u64` of nanoseconds for a duration";
}
