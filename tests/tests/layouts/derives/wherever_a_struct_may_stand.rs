//! In functions, in modules, under `cfg`, in macros, with doc comments and deprecated fields.
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, warnings, clippy::all, clippy::pedantic)]
#![allow(clippy::non_minimal_cfg)] // as it may stand

use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;

use shmstore::{ShmLayout, ShmObject, ShmValue, Versioned};

mod inner {
    pub(super) mod deep {
        #[derive(Clone, Copy, shmstore::ShmValue)]
        #[repr(C)]
        pub(in crate::derives::wherever_a_struct_may_stand::inner) struct Hidden {
            pub(super) number: u64,
        }

        #[derive(shmstore::ShmObject)]
        #[repr(C)]
        pub(crate) struct Shown {
            pub(in crate::derives::wherever_a_struct_may_stand::inner) of: shmstore::Versioned<Hidden>,
            pub(self) more: shmstore::AtomicValue<u8>,
        }
    }

    pub(super) fn touch(shown: &deep::Shown, view: &<deep::Shown as shmstore::ShmObject>::View) {
        let _ = (&shown.of, &view.of);
        let _ = deep::Hidden { number: 1 }.number;
    }
}

macro_rules! value {
    ($name:ident { $($field:ident: $type:ty),* }) => {
        #[derive(Clone, Copy, ShmValue)]
        #[repr(C)]
        struct $name {
            $($field: $type),*
        }
    };
}

macro_rules! object {
    ($name:ident, $type:ty) => {
        #[derive(ShmObject)]
        #[repr(C)]
        pub(crate) struct $name<const N: usize> {
            itself: PhantomData<$name<N>>,
            first: $type,
            others: [$type; N],
            count: AtomicU64,
        }
    };
}

object! { ObjectFromMacro, shmstore::AtomicValue<bool> }

value! { FromMacro { a: u64, b: [u32; 2] } }

/// Documented.
#[derive(ShmObject)]
#[cfg_attr(all(), repr(C))]
pub struct Configured {
    /// Documented.
    #[cfg(all())]
    pub frames: AtomicU64,
    #[cfg(any())]
    absent: String,
    #[deprecated]
    old: AtomicU64,
    from_macro: Versioned<FromMacro>,
}

/// The view of an object that has a field of this name keeps out of its way.
#[derive(ShmObject)]
#[repr(C)]
struct CounterView {
    count: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
struct Counter {
    view: CounterView,
}

#[test]
fn a_struct_may_stand_anywhere() {
    #[derive(Clone, Copy, ShmValue)]
    #[repr(C)]
    struct Local {
        number: Number,
    }

    #[derive(Clone, Copy, ShmValue)]
    #[repr(i16)]
    enum Number {
        Zero,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    struct LocalObject {
        of: Versioned<Local>,
    }

    assert_eq!(LocalObject::SCHEMA.size(), size_of::<LocalObject>());
    assert_eq!(<ObjectFromMacro<3>>::SCHEMA.size(), size_of::<<ObjectFromMacro<3> as ShmObject>::View>());
    assert_eq!(Configured::SCHEMA.size(), size_of::<Configured>());
    assert_eq!(Counter::SCHEMA.size(), 8);
    let _ = (inner::touch, Number::Zero);
}
