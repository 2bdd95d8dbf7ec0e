//! A plugin with this crate in it that is unloaded (`dlclose`): it gives its slots and descriptors back, although its
//! process lives on.
//!
//! The slots become *left*, and the lock bytes are free: others judge by that. The next copy that is loaded takes the
//! slot over, because it looks at slots of its own process first.
//!
//! A process that exits does nothing of the kind. Other threads may still be running then, with locks that nobody must
//! take from them; the kernel gives everything back a moment later. Both run the finalizers of a library, so the order
//! tells them apart:
//!
//! | | first | then |
//! |---|---|---|
//! | `exit` | the functions of `atexit`: [`note_exit`] | `.fini_array`: [`finalize`], which does nothing now |
//! | `dlclose` | `.fini_array`: [`finalize`], then its first entry, the C runtime's, which calls | the library's functions of `atexit` |
//!
//! If a platform has another order, a library keeps its slot until the process ends. A thread that has used
//! thread-locals with destructors keeps glibc from unloading the library; musl never unloads. The fork handlers of a
//! library are unregistered by glibc: `pthread_atfork` is linked statically, and knows its library.
//!
//! # Safety
//!
//! Assumes that a linker collects functions without arguments in `.fini_array`. Promises that the function there takes
//! no lock, allocates nothing, and does nothing in a process that exits.
#![allow(unsafe_code)]

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use super::{lock_descriptor, registry};
use crate::sys::process;

/// Whether a finalizer leaves everything as it is: because the process exits, or because that could not be told.
static LEAVES_ALL: AtomicBool = AtomicBool::new(true);

/// Has a finalizer know whether the process exits. Called before there is anything to give back.
pub(super) fn notice_exit() {
    LEAVES_ALL.store(!process::at_exit(note_exit), Relaxed);
}

extern "C" fn note_exit() {
    LEAVES_ALL.store(true, Relaxed);
}

// SAFETY: the section holds pointers to functions of this type, which is what the linker collects there.
#[unsafe(link_section = ".fini_array")]
#[used]
static FINALIZE: extern "C" fn() = finalize;

/// Nothing of the library runs any more, in any thread: its code is about to go.
extern "C" fn finalize() {
    if !LEAVES_ALL.load(Relaxed) {
        registry::leave_slots();
        lock_descriptor::close_all();
    }
}
