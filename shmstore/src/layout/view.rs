//! Read-only views of atomics, for mappings that the kernel does not let us write.

use std::fmt;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, SeqCst};
use std::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence};

/// Loads with the given ordering from memory that may be mapped read-only, by a relaxed load and fences.
///
/// For such memory std promises relaxed loads only ([`std::sync::atomic`], "Atomic accesses to read-only memory").
///
/// # Panics
///
/// Panics if the ordering is `Release` or `AcqRel`.
#[track_caller]
pub(crate) fn load_read_only<R>(order: Ordering, relaxed: impl FnOnce() -> R) -> R {
    match order {
        Relaxed => relaxed(),
        Acquire => {
            let loaded = relaxed();
            fence(Acquire);
            loaded
        }
        SeqCst => {
            fence(SeqCst);
            let loaded = relaxed();
            fence(Acquire);
            loaded
        }
        _ => panic!("there is no such thing as a load with ordering {order:?}"),
    }
}

/// An atomic that can only be loaded: the view of `AtomicU64`, [`AtomicValue<V>`](crate::AtomicValue) and the like.
///
/// ```
/// use shmstore::{ShmObject, Store};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'T')]
/// struct Telemetry { frames: AtomicU64 }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let telemetry = store.create::<Telemetry>()?;
/// telemetry.frames.store(7, Relaxed);
/// let view = store.attach_read_only::<Telemetry>()?;
/// assert_eq!(view.frames.load(Relaxed), 7); // `view.frames` is an `AtomicView<AtomicU64>`
/// # store.remove::<Telemetry>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct AtomicView<A>(pub(crate) A);

macro_rules! integer_views {
    ($($atomic:ty, $integer:ty;)*) => {$(
        impl AtomicView<$atomic> {
            /// Loads the value.
            ///
            /// # Panics
            ///
            /// Panics if `order` is `Release` or `AcqRel`, as std's atomics do.
            #[must_use]
            #[inline]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $integer {
                load_read_only(order, || self.0.load(Relaxed))
            }
        }

        impl fmt::Debug for AtomicView<$atomic> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.load(Relaxed).fmt(f)
            }
        }
    )*};
}

integer_views! {
    AtomicU8, u8; AtomicU16, u16; AtomicU32, u32; AtomicU64, u64;
    AtomicI8, i8; AtomicI16, i16; AtomicI32, i32; AtomicI64, i64;
}
