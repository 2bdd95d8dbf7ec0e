//! Unloading a plugin that contains this crate (`dlclose`): the plugin gives its slots and descriptors back, although
//! its process continues.
//!
//! The slots become *left*, and the liveness locks are free, which proves to others that the tokens are dead. The next
//! copy that is loaded takes the slots over, because a process looks at the slots with its own pid first.
//!
//! A process that exits must leave everything as it is. Its other threads may still run, with locks that no other
//! process may take from them, and the kernel cleans up a moment later. `exit` and `dlclose` both run the finalizers of
//! a library, and are told apart by the order:
//!
//! | | first | then |
//! |---|---|---|
//! | `exit` | the functions of `atexit`: [`note_exit`] | `.fini_array`: [`finalize`], which then does nothing |
//! | `dlclose` | `.fini_array`: [`finalize`], and last the C runtime's entry | which calls the functions of `atexit` |
//!
//! # Details
//!
//! * On a platform with another order, a library keeps its slots until the process ends.
//! * glibc does not unload a library while a thread has thread-locals of it with destructors. musl never unloads.
//! * glibc unregisters the fork handlers of a library: `pthread_atfork` is linked statically, and knows its library.
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

/// True if a finalizer leaves everything as it is, because the process exits, or because an exit would not be noticed.
static LEAVES_ALL: AtomicBool = AtomicBool::new(true);

/// Registers [`note_exit`]. Called before there is anything to give back.
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

/// Runs when no thread runs code of the library any more, before the code is unmapped.
extern "C" fn finalize() {
    if !LEAVES_ALL.load(Relaxed) {
        registry::leave_slots();
        lock_descriptor::close_all();
    }
}
