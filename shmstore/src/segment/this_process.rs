//! This process: its token, its attachments, its locks.
//!
//! A child of `fork` starts anew. Everything here is reached through a page that the kernel wipes in the child, so the
//! child never takes a mutex that a thread of the parent may have held.
//!
//! # Where the kernel does not wipe
//!
//! Linux before 4.14, gVisor and some sandboxes refuse `MADV_WIPEONFORK`. A page there has an *owner*: the process that
//! mapped it.
//!
//! * The page keeps the owner's token in a second word. The word that the fast paths read stays 0, so every use of the
//!   token takes the slow path.
//! * The slow path compares the owner with `getpid`, one system call. A process that is not the owner replaces the page
//!   by one of its own.
//! * The handler that every child of `fork` runs disowns the page, because the pid of a child may be that of its owner:
//!   the first process of every PID namespace has pid 1, and the kernel reuses the pids of processes that have ended.
//! * Nothing is wiped in place, and one compare-exchange decides which new page counts. So a child may be made by
//!   `fork` or by a raw `clone`, and may have several threads when it first comes here.
//!
//! Two cases are not covered:
//!
//! * A child of a raw `clone` that has the very pid of the owner takes itself for the owner.
//! * Processes that share their memory (`CLONE_VM`) and are not threads of one process replace each other's page. They
//!   must not use the store.
//!
//! # Safety
//!
//! Assumes that [`OwnPage`] is a page that stays mapped. Promises that what it leaks stays alive.
#![allow(unsafe_code)]

pub(crate) mod anchor_locks;
pub(crate) mod append_list;
pub(in crate::segment) mod lock_descriptor;
pub(crate) mod registry;
mod unload;

use std::ops::Range;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use nix::errno::Errno;

use crate::segment::liveness::{LivenessLocks, ProcessFacts};
use crate::segment::participants::TOKEN_BITS;
use crate::sys::process::{self, OwnPage};
use anchor_locks::AnchorLocks;
use lock_descriptor::LockDescriptor;
use registry::Index;

/// The page that `fork` wipes. It is all zero until this process uses it.
#[repr(C)]
struct Page {
    /// Always 0 if the page has an owner.
    token: AtomicU32,
    /// The process that mapped the page, or [`NO_PROCESS`]; 0 if the kernel wipes it.
    owner: AtomicU32,
    /// The token of the owner.
    owners_token: AtomicU32,
    /// The thread that is forking, or that keeps others from forking: see `lock_descriptor`.
    fork_barrier: AtomicU32,
    local: AtomicPtr<Local>,
}

/// No process has this number.
const NO_PROCESS: u32 = u32::MAX;

/// The page; null until the first use in this process or a process that it was forked from. Only a child replaces it.
static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());

/// The state of this very process. It is made once, never freed, and not inherited by a child.
pub(crate) struct Local {
    /// Held while this process gets a token or a segment, which can take long. Locked before `registry`.
    attaching: Mutex<()>,
    /// Held for moments only, because every wait finds its segment here.
    registry: Mutex<Index>,
    /// See [`before_detach`].
    before_detach: OnceLock<fn(Range<usize>)>,
    /// The anchors that threads of this process have locked.
    anchor_locks: Mutex<AnchorLocks>,
    /// The file of the last lock, for the next one.
    idle_lock_file: Mutex<Option<LockDescriptor>>,
    liveness_locks: LivenessLocks,
    /// Wakes threads that wait for an anchor.
    anchor_unlocked: Condvar,
    facts: ProcessFacts,
    /// The source of [`draw_nonce`](Self::draw_nonce): a random start, and a fixed step.
    nonces: OnceLock<AtomicU64>,
}

impl Page {
    /// The page of this process, or of a process that it was forked from.
    #[inline(always)]
    fn known() -> Option<&'static Self> {
        // SAFETY: null, or an `OwnPage`: page-aligned, never unmapped; all zero, or written by us: atomics.
        unsafe { PAGE.load(Acquire).as_ref() }
    }

    /// Returns `true` unless the page was inherited and the kernel has not wiped it.
    fn is_ours(&self) -> bool {
        let owner = self.owner.load(Relaxed);
        owner == 0 || owner == std::process::id()
    }

    /// The word in which this page keeps the token.
    fn kept_token(&self) -> &AtomicU32 {
        if self.owner.load(Relaxed) == 0 { &self.token } else { &self.owners_token }
    }
}

/// The page of this very process. The thread that comes first maps it.
fn page() -> Result<&'static Page, Errno> {
    loop {
        let known = Page::known();
        if let Some(page) = known.filter(|page| page.is_ours()) {
            return Ok(page);
        }
        let fresh = OwnPage::map()?;
        // SAFETY: just mapped, page-aligned, all zero, never unmapped: atomics.
        let page = unsafe { fresh.base.cast::<Page>().as_ref() };
        if !fresh.is_wiped_on_fork {
            page.owner.store(std::process::id(), Relaxed);
        }
        let known = known.map_or(ptr::null_mut(), |known| ptr::from_ref(known).cast_mut());
        // If another thread was faster, this page stays mapped in vain.
        if PAGE.compare_exchange(known, ptr::from_ref(page).cast_mut(), AcqRel, Acquire).is_ok() {
            if !fresh.is_wiped_on_fork {
                // The handlers use the page, so they are registered after it is published.
                lock_descriptor::watch_forks();
            }
            return Ok(page);
        }
    }
}

/// Runs in a child of `fork`. A page that the kernel has not wiped is the parent's, whatever pid the child has.
fn disown_page() {
    if let Some(page) = Page::known().filter(|page| page.owner.load(Relaxed) != 0) {
        page.owner.store(NO_PROCESS, Relaxed);
    }
}

#[cold]
fn page_or_panic() -> &'static Page {
    page().expect("one page of memory for the process's own state")
}

/// The word by which a thread keeps others from forking: 0, or its thread id. It is 0 again in a child.
fn fork_barrier() -> &'static AtomicU32 {
    &page_or_panic().fork_barrier
}

/// The state of this very process.
pub(crate) fn local() -> &'static Local {
    let page = page_or_panic();
    let mut found = page.local.load(Acquire);
    if found.is_null() {
        let fresh = Box::into_raw(Box::new(Local {
            attaching: Mutex::default(),
            registry: Mutex::default(),
            before_detach: OnceLock::new(),
            anchor_locks: Mutex::default(),
            idle_lock_file: Mutex::default(),
            liveness_locks: LivenessLocks::default(),
            anchor_unlocked: Condvar::new(),
            facts: ProcessFacts::gather(),
            nonces: OnceLock::new(),
        }));
        found = match page.local.compare_exchange(ptr::null_mut(), fresh, AcqRel, Acquire) {
            Ok(_) => fresh,
            Err(published) => {
                // SAFETY: made by `Box::into_raw` just now, and not published: the compare-exchange has failed.
                drop(unsafe { Box::from_raw(fresh) });
                published
            }
        };
    }
    // SAFETY: made by `Box::into_raw`, published once, never freed, and only ever shared.
    unsafe { &*found }
}

/// The process's token: random, 29 bits, never 0. A process has another one after `fork` and after `exec`.
///
/// The first call in a child of `fork` claims a slot in every segment that the child has inherited.
///
/// # Panics
///
/// Panics in a child of `fork` if others could not see that it is alive: see [`registry::inherit`]. Panics if the
/// kernel gives no random numbers.
#[inline]
pub(crate) fn token() -> u32 {
    match Page::known().map_or(0, |page| page.token.load(Acquire)) {
        0 => slow_token(),
        token => token,
    }
}

/// Returns `true` if a token that is not 0 is this process's.
#[inline(always)]
pub(crate) fn is_ours(token: u32) -> bool {
    Page::known().map_or(0, |page| page.token.load(Acquire)) == token || is_kept_apart(token)
}

/// [`is_ours`], where [`token_word`] is 0.
#[cold]
pub(crate) fn is_kept_apart(token: u32) -> bool {
    current_token() == token
}

/// The word with the token, for code that reads it again and again. It is 0 in a child that was forked since, and where
/// the kernel does not wipe: a caller that finds another token than its own asks for [`current_token`].
#[inline]
pub(crate) fn token_word() -> &'static AtomicU32 {
    match Page::known() {
        Some(page) => &page.token,
        None => &page_or_panic().token,
    }
}

/// The token; 0 if this process has not needed one yet. A child of `fork` has none at first.
#[inline]
pub(crate) fn current_token() -> u32 {
    let Some(page) = Page::known() else { return 0 };
    match page.token.load(Acquire) {
        0 => token_kept_apart(page),
        token => token,
    }
}

#[cold]
fn token_kept_apart(page: &Page) -> u32 {
    if page.owner.load(Relaxed) != 0 && page.is_ours() { page.owners_token.load(Acquire) } else { 0 }
}

#[cold]
fn slow_token() -> u32 {
    match current_token() {
        0 => new_token(),
        token => token,
    }
}

fn new_token() -> u32 {
    let page = page_or_panic();
    let local = local();
    // Held until the token is published: no thread sees the token before its slots are claimed.
    let _attaching = local.lock_attaching();
    let existing = page.kept_token().load(Acquire);
    if existing != 0 {
        return existing;
    }
    lock_descriptor::close_all();
    let token = registry::inherit(local, draw_token);
    page.kept_token().store(token, Release);
    token
}

fn draw_token() -> u32 {
    loop {
        let token = random_bits() as u32 >> (u32::BITS - TOKEN_BITS);
        if token != 0 {
            return token;
        }
    }
}

fn random_bits() -> u64 {
    process::random_u64().unwrap_or_else(|errno| {
        panic!(
            "shmstore cannot draw a random number for this process: `getrandom` is refused ({}), and /dev/urandom \
             cannot be read. Let the process use one of them",
            errno.desc()
        )
    })
}

/// Has a function called with the addresses of each segment before it is detached. It is called without the registry's
/// lock, and must not use the memory any more when it returns.
pub(crate) fn before_detach(call: fn(Range<usize>)) {
    _ = local().before_detach.set(call);
}

impl Local {
    pub(crate) fn facts(&self) -> &ProcessFacts {
        &self.facts
    }

    pub(in crate::segment) fn liveness_locks(&self) -> &LivenessLocks {
        &self.liveness_locks
    }

    /// A random number for a new segment, each time another one. Two segments have the same with a chance of one in
    /// 2⁶⁴.
    pub(crate) fn draw_nonce(&self) -> u64 {
        // SplitMix64 is a permutation, so no number comes twice.
        let nonces = self.nonces.get_or_init(|| AtomicU64::new(random_bits()));
        let step = nonces.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
        let mixed = (step ^ step >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn lock_attaching(&self) -> MutexGuard<'_, ()> {
        // A panic leaves at most a slot or a liveness lock of ours that is not used.
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
