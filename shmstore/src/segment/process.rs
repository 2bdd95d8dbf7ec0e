//! This process as the store knows it: its token, what it has attached, which locks it holds.
//!
//! A child of `fork` is another process: everything here lives behind a page that the kernel wipes in the child, so that
//! the child starts anew, without ever taking a mutex that a thread of the parent may hold.
//!
//! # Where the kernel does not wipe
//!
//! Linux before 4.14, gVisor and some sandboxes refuse `MADV_WIPEONFORK`. There a page has an *owner*, the process that
//! mapped it, and keeps its token apart: the word that the fast paths read stays 0. So every use of the token takes the
//! slow path, which compares the owner with `getpid` (one system call), and a process that is not the owner replaces
//! the page by one of its own. Nothing is wiped in place, so it does not matter how the child was made, by `fork` or by
//! a raw `clone`, nor how many threads it has when it first comes here: one compare-exchange decides whose page is the
//! new one.
//!
//! A pid tells a child from its parent, except where both have the same number: the first process of a new PID
//! namespace is 1 like the first process of another, and a grandchild may get the number of a grandparent that has
//! ended. So the handler that every child of `fork` runs disowns the page. What is left is a raw `clone` with the very
//! same number, which takes itself for its parent. And processes that share their memory (`CLONE_VM`) without being
//! threads of one process must not use the store: they would replace each other's page.
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

use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use nix::errno::Errno;

use crate::segment::liveness::lock::LivenessLock;
use crate::segment::participants::{ProcessFacts, TOKEN_BITS};
use crate::sys::process::{self, OwnPage};
use anchor_locks::AnchorLocks;
use lock_descriptor::LockDescriptor;
use registry::Index;

/// What a page that `fork` wipes holds: all zero in a process that has not asked for it yet.
#[repr(C)]
struct Page {
    /// Always 0 if the page has an owner.
    token: AtomicU32,
    /// The process that mapped a page that the kernel does not wipe, or [`NOBODY`]. 0 if the kernel wipes it.
    owner: AtomicU32,
    /// The token of the owner.
    owners_token: AtomicU32,
    /// The thread that keeps others from forking, or is forking: see `lock_descriptor`.
    fork_barrier: AtomicU32,
    local: AtomicPtr<Local>,
}

/// No process has this number.
const NOBODY: u32 = u32::MAX;

/// Null until the first use in this process or one it was forked from; then the page, forever, or until it is replaced
/// in a child.
static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());

/// What belongs to this very process, not to one it was forked from. Made once, never freed.
pub(crate) struct Local {
    /// Held while this process gets a token, or a segment: processes are judged then, and files opened. Before `registry`.
    attaching: Mutex<()>,
    /// Held while the registry is read or changed, for moments only: every wait looks its segment up there.
    registry: Mutex<Index>,
    /// The anchors that threads of this process have locked, by device and inode.
    anchor_locks: Mutex<AnchorLocks>,
    /// The file of the last lock, for the next one.
    idle_lock_file: Mutex<Option<LockDescriptor>>,
    /// The bytes by which processes of other PID namespaces see that this one lives.
    pub(in crate::segment) bytes: Mutex<Vec<LivenessLock>>,
    /// Tells waiting threads that an anchor was unlocked.
    anchor_unlocked: Condvar,
    facts: ProcessFacts,
    /// What the numbers of new segments are made of: begins somewhere, and goes on by a fixed step.
    nonces: OnceLock<AtomicU64>,
}

impl Page {
    /// The page of this process, or of one it was forked from.
    #[inline(always)]
    fn known() -> Option<&'static Self> {
        // SAFETY: null, or an `OwnPage`: page-aligned, never unmapped; all zero, or written by us: atomics.
        unsafe { PAGE.load(Acquire).as_ref() }
    }

    /// Returns `true` unless the page was inherited and the kernel has not wiped it.
    fn is_ours(&self) -> bool {
        let owner = self.owner.load(Relaxed);
        owner == 0 || owner == process::pid()
    }

    /// Where this page keeps the token.
    fn kept_token(&self) -> &AtomicU32 {
        if self.owner.load(Relaxed) == 0 { &self.token } else { &self.owners_token }
    }
}

/// The page of this very process, mapped by the thread that comes first.
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
            page.owner.store(process::pid(), Relaxed);
        }
        let known = known.map_or(ptr::null_mut(), |known| ptr::from_ref(known).cast_mut());
        // If another thread was faster, the page that was mapped in vain stays, once.
        if PAGE.compare_exchange(known, ptr::from_ref(page).cast_mut(), AcqRel, Acquire).is_ok() {
            if !fresh.is_wiped_on_fork {
                // Once the page is there: the handlers use it.
                lock_descriptor::watch_forks();
            }
            return Ok(page);
        }
    }
}

/// Runs in a child of `fork`: a page that the kernel has not wiped is the parent's, whatever number the child has.
fn disown_page() {
    if let Some(page) = Page::known().filter(|page| page.owner.load(Relaxed) != 0) {
        page.owner.store(NOBODY, Relaxed);
    }
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
            anchor_locks: Mutex::default(),
            idle_lock_file: Mutex::default(),
            bytes: Mutex::default(),
            anchor_unlocked: Condvar::new(),
            facts: ProcessFacts::gather(),
            nonces: OnceLock::new(),
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
/// In a child of `fork`, if others could not see that it lives: see [`registry::inherit`]. If there are no random
/// numbers.
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

/// The same, where [`token_word`] does not tell.
#[cold]
pub(crate) fn is_kept_apart(token: u32) -> bool {
    current_token() == token
}

/// Where the token is: 0 in a child that was forked since, and where it is kept apart. For code that asks again and
/// again, and asks for [`current_token`] if it finds another token here.
#[inline]
pub(crate) fn token_word() -> &'static AtomicU32 {
    match Page::known() {
        Some(page) => &page.token,
        None => &page_or_panic().token,
    }
}

/// The token, or 0 if this process has not needed one yet: so for a child of `fork` that has touched nothing.
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
    // Held until the token is published, so that no thread sees it before its slots are claimed.
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
            "shmstore cannot draw a random number for this process: `getrandom` is refused ({}), and /dev/urandom cannot \
             be read. Let the process use one of them",
            errno.desc()
        )
    })
}

impl Local {
    pub(crate) fn facts(&self) -> &ProcessFacts {
        &self.facts
    }

    /// A number that no other segment has, but by a chance of one in 2⁶⁴: another one each time, made of what this process
    /// alone has drawn.
    pub(crate) fn draw_nonce(&self) -> u64 {
        // SplitMix64: a permutation, so no number comes twice.
        let nonces = self.nonces.get_or_init(|| AtomicU64::new(random_bits()));
        let step = nonces.fetch_add(0x9e37_79b9_7f4a_7c15, Relaxed);
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
