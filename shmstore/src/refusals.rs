//! What the views of parts do not do, by name: whoever tries to write through one is told why not, and what to do,
//! instead of that there is no such method. None of these can be called.

use std::sync::atomic::Ordering;

use sealed::Never;

use crate::layout::ShmValue;
use crate::sync::VersionedView;
use crate::view::AtomicView;

/// Of nothing that is seen through a view.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can only be read",
    label = "a view has no way to write: `Store::attach` gives an object that can be written"
)]
pub trait Writable: Never {}

mod sealed {
    /// Implemented by nothing.
    pub trait Never {
        fn refuse<R>() -> R;
    }
}

macro_rules! refused_atomics {
    ($($exchange:ident)*) => {
        #[doc(hidden)]
        impl<A> AtomicView<A> {
            pub fn store<V>(&self, _: V, _: Ordering)
            where
                Self: Writable,
            {
                Self::refuse()
            }

            $(pub fn $exchange<V>(&self, _: V, _: Ordering) -> V
            where
                Self: Writable,
            {
                Self::refuse()
            })*

            pub fn compare_exchange<V>(&self, _: V, _: V, _: Ordering, _: Ordering) -> Result<V, V>
            where
                Self: Writable,
            {
                Self::refuse()
            }

            pub fn fetch_update<V>(&self, _: Ordering, _: Ordering, _: impl FnMut(V) -> Option<V>) -> Result<V, V>
            where
                Self: Writable,
            {
                Self::refuse()
            }
        }
    };
}

refused_atomics! { swap fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min }

#[doc(hidden)]
impl<V: ShmValue> VersionedView<V> {
    pub fn store(&self, _: V)
    where
        Self: Writable,
    {
        Self::refuse()
    }

    pub fn store_from(&self, _: &V)
    where
        Self: Writable,
    {
        Self::refuse()
    }

    pub fn update<R>(&self, _: impl FnOnce(&mut V) -> R) -> R
    where
        Self: Writable,
    {
        Self::refuse()
    }
}
