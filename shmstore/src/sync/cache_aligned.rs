//! `CacheAligned<O>`: an object on cache lines of its own.
//!
//! # Safety
//!
//! Only the promises of the layout traits are unsafe here. They hold for the wrapper as for its object.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::Deref;

use crate::layout::check::view_is_alike;
use crate::layout::schema::{Kind, Schema};
use crate::layout::{ShmLayout, ShmObject};

/// Puts an object on cache lines of its own, so that writes to its neighbors do not slow down its users.
///
/// Its alignment is 128 bytes, and its size a multiple of that. x86 processors fetch lines of 64 bytes in pairs (*Intel
/// 64 and IA-32 Architectures Optimization Reference Manual*, "Spatial Prefetcher"), and some Arm processors have lines
/// of 128 bytes. The alignment is the same on every machine, because it is part of the layout.
///
/// ```
/// use shmstore::CacheAligned;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// let counters: [CacheAligned<AtomicU64>; 2] = Default::default();
/// counters[1].fetch_add(1, Relaxed);
/// assert_eq!(size_of_val(&counters), 256);
/// ```
#[derive(Default)]
#[repr(C, align(128))]
pub struct CacheAligned<O> {
    object: O,
}

impl<O> CacheAligned<O> {
    /// Puts an object, or a view, on cache lines of its own.
    pub const fn new(object: O) -> Self {
        Self { object }
    }
}

impl<O> Deref for CacheAligned<O> {
    type Target = O;

    fn deref(&self) -> &O {
        &self.object
    }
}

impl<O: fmt::Debug> fmt::Debug for CacheAligned<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}

// SAFETY: the object is at offset 0. Size and alignment are the compiler's.
unsafe impl<O: ShmObject> ShmLayout for CacheAligned<O> {
    const SCHEMA: &'static Schema = {
        // The wrappers may have equal sizes even if the object and its view do not.
        view_is_alike::<O>();
        &Schema::of::<Self>(Kind::CacheAligned { object: O::SCHEMA })
    };
}

// SAFETY: all promises of the object hold with unused bytes behind it, which carry no data. The view has the object's
// view at offset 0, which has the same size and alignment, so the wrappers agree too.
unsafe impl<O: ShmObject> ShmObject for CacheAligned<O> {
    type View = CacheAligned<O::View>;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn object_and_view_have_one_layout_of_whole_line_pairs() {
        type Part = CacheAligned<[AtomicU64; 17]>;
        type View = <Part as ShmObject>::View;
        assert_eq!((size_of::<Part>(), align_of::<Part>()), (256, 128));
        assert_eq!((size_of::<View>(), align_of::<View>()), (256, 128));
        let part = Part::default();
        part[16].store(7, Relaxed);
        // SAFETY: the layout is the same, and any bytes are valid in a view.
        let view: &View = unsafe { &*std::ptr::from_ref(&part).cast() };
        assert_eq!(view[16].load(Relaxed), 7);
        assert_eq!(format!("{:?}", CacheAligned::new(7)), "7");
    }
}
