//! This process as the store knows it: its token, what it has attached, which locks it holds.
//!
//! A child of `fork` is another process: everything here lives behind a page that the kernel wipes in the child, so that
//! the child starts anew, without ever taking a mutex that a thread of the parent may hold.
//!
//! # Safety
//!
//! Assumes that [`wiped_on_fork_page`] gives a page that stays mapped. Promises that what it leaks stays alive.
#![allow(unsafe_code)]

pub(crate) mod append;
pub(crate) mod bytes;
mod descriptor;
pub(crate) mod held;
pub(crate) mod registry;

use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;

use crate::participants::{Facts, TOKEN_BITS};
use crate::sys::process::{self, wiped_on_fork_page};
use bytes::HeldByte;
use descriptor::LockDescriptor;
use held::Anchors;
use registry::Index;

/// What a page that `fork` wipes holds: all zero in a process that has not asked for it yet.
#[repr(C)]
struct Page {
    token: AtomicU32,
    /// The thread that keeps others from forking, or is forking: see `descriptor`.
    fork_barrier: AtomicU32,
    local: AtomicPtr<Local>,
}

/// Null until the first use in this process or one it was forked from; then the page, for ever.
static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());

/// What belongs to this very process, not to one it was forked from. Made once, never freed.
pub(crate) struct Local {
    /// Held while this process gets a token, or a segment: processes are judged then, and files opened. Before `registry`.
    attaching: Mutex<()>,
    /// Held while the registry is read or changed, for moments only: every wait looks its segment up there.
    registry: Mutex<Index>,
    /// The anchors that threads of this process have locked, by device and inode.
    anchors: Mutex<Anchors>,
    /// The file of the last lock, for the next one.
    idle_lock_file: Mutex<Option<LockDescriptor>>,
    /// The bytes by which processes of other PID namespaces see that this one lives.
    bytes: Mutex<Vec<HeldByte>>,
    /// Tells waiting threads that an anchor was unlocked.
    anchor_unlocked: Condvar,
    facts: Facts,
    /// What the numbers of new segments are made of: begins somewhere, and goes on by a fixed step.
    nonces: AtomicU64,
}

/// The page, mapped by whoever comes first.
fn page() -> Result<&'static Page, Errno> {
    let mut found = PAGE.load(Acquire);
    if found.is_null() {
        let fresh = wiped_on_fork_page()?.cast::<Page>().as_ptr();
        found = match PAGE.compare_exchange(ptr::null_mut(), fresh, AcqRel, Acquire) {
            Ok(_) => fresh,
            // Another thread was faster; the page mapped in vain stays, once.
            Err(theirs) => theirs,
        };
    }
    // SAFETY: mapped by `wiped_on_fork_page`, page-aligned, never unmapped; all zero, or written by us: atomics.
    Ok(unsafe { &*found })
}

#[cold]
fn page_or_panic() -> &'static Page {
    page().expect("one page of memory for the process's own state")
}

/// The word by which a thread keeps others from forking: 0, or its thread id. Wiped in a child, where nobody has it.
fn fork_barrier() -> &'static AtomicU32 {
    &page_or_panic().fork_barrier
}

/// What belongs to this very process.
pub(crate) fn local() -> &'static Local {
    let page = page_or_panic();
    let mut found = page.local.load(Acquire);
    if found.is_null() {
        let fresh = Box::into_raw(Box::new(Local {
            attaching: Mutex::default(),
            registry: Mutex::default(),
            anchors: Mutex::default(),
            idle_lock_file: Mutex::default(),
            bytes: Mutex::default(),
            anchor_unlocked: Condvar::new(),
            facts: Facts::gather(),
            nonces: AtomicU64::new(process::random_u64()),
        }));
        found = match page.local.compare_exchange(ptr::null_mut(), fresh, AcqRel, Acquire) {
            Ok(_) => fresh,
            Err(theirs) => {
                // SAFETY: made by `Box::into_raw` just now, and published to nobody.
                drop(unsafe { Box::from_raw(fresh) });
                theirs
            }
        };
    }
    // SAFETY: made by `Box::into_raw`, published once, never freed, and only ever shared.
    unsafe { &*found }
}

/// The process's token: random, 29 bits, never 0, another one after `fork` and after `exec`.
///
/// The first call in a process, also in a child of `fork`, registers it in every segment it has attached.
///
/// # Panics
///
/// In a child of `fork`, if others could not see that it lives: see [`registry::inherit`].
#[inline]
pub(crate) fn token() -> u32 {
    match current_token() {
        0 => new_token(),
        token => token,
    }
}

/// Where the token is: 0 in a child that was forked since. For those who ask again and again.
#[inline]
pub(crate) fn token_word() -> &'static AtomicU32 {
    let page = PAGE.load(Acquire);
    // SAFETY: null, or as in `page()`.
    match unsafe { page.as_ref() } {
        Some(page) => &page.token,
        None => &page_or_panic().token,
    }
}

/// The token, or 0 if this process has not needed one yet: so for a child of `fork` that has touched nothing.
#[inline]
pub(crate) fn current_token() -> u32 {
    let page = PAGE.load(Acquire);
    // SAFETY: null, or as in `page()`.
    unsafe { page.as_ref() }.map_or(0, |page| page.token.load(Acquire))
}

#[cold]
fn new_token() -> u32 {
    let page = page_or_panic();
    let local = local();
    // Held until the token is published, so that no thread sees it before its slots are claimed.
    let _attaching = local.lock_attaching();
    let existing = page.token.load(Acquire);
    if existing != 0 {
        return existing;
    }
    descriptor::close_inherited();
    let token = registry::inherit(local, draw_token);
    page.token.store(token, Release);
    token
}

fn draw_token() -> u32 {
    loop {
        let token = process::random_u64() as u32 >> (u32::BITS - TOKEN_BITS);
        if token != 0 {
            return token;
        }
    }
}

impl Local {
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A number that no other segment has, but by a chance of one in 2⁶⁴: another one each time, made of what this process
    /// alone has drawn.
    pub(crate) fn draw_nonce(&self) -> u64 {
        // SplitMix64: a permutation, so no number comes twice.
        let step = self.nonces.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let mixed = (step ^ step >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn lock_attaching(&self) -> MutexGuard<'_, ()> {
        // A panic leaves at most a slot or a byte of ours that nobody uses.
        self.attaching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_drawn_once() {
        let drawn = token();
        assert!(drawn != 0 && drawn < 1 << TOKEN_BITS);
        assert!(std::thread::spawn(token).join().unwrap() == drawn);
    }
}
