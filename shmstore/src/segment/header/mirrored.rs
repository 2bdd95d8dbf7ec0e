//! A copy of another machine's object: its origin and its owner, as the header says.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use super::Header;
use super::description::printable;
use super::words::MIRRORED;
use crate::sys::clock;

/// The longest name of an origin, in bytes.
pub(crate) const ORIGIN_BYTES: usize = 64;

impl Header {
    /// Returns `true` if the object is a copy of another machine's.
    pub(crate) fn is_mirrored(&self) -> bool {
        self.flags.has(MIRRORED)
    }

    /// Makes a new segment a copy of another machine's object. The process of the token alone may write it.
    ///
    /// # Panics
    ///
    /// Panics if the name of the origin is too long. The caller has checked it.
    pub(crate) fn set_mirrored(&self, origin: &str, owner: u32) {
        assert!(origin.len() <= ORIGIN_BYTES, "the name of an origin has {ORIGIN_BYTES} bytes at most");
        self.origin.iter().zip(origin.bytes()).for_each(|(field, byte)| field.store(byte, Relaxed));
        self.origin_len.store(origin.len() as u32, Relaxed);
        self.owner_token.store(owner, Relaxed);
        self.flags.set(MIRRORED);
    }

    /// Makes the copy an ordinary object. The caller has the anchor's lock, and has found that the copy has no owner. A
    /// process that is killed in between leaves a copy without an owner.
    pub(crate) fn promote(&self) {
        self.owner_token.store(0, Relaxed);
        self.flags.clear_mirrored();
    }

    /// The token of the process that alone may write the copy; 0 if there is none.
    pub(crate) fn owner_token(&self) -> u32 {
        self.owner_token.load(Acquire)
    }

    /// Makes the process of a token the owner. The caller has the anchor's lock, and has found that the copy has none.
    pub(crate) fn set_owner_token(&self, token: u32) {
        self.owner_token.store(token, Release);
    }

    /// Gives the ownership up, if the process of the token has it.
    pub(crate) fn clear_owner_token(&self, token: u32) {
        // Another process takes it over only if this one is taken for dead.
        let _ = self.owner_token.compare_exchange(token, 0, Release, Relaxed);
    }

    /// The name of the origin, to be read by people: unprintable characters are escaped.
    pub(crate) fn origin(&self) -> String {
        printable(&self.origin_bytes())
    }

    /// Returns `true` if the copy is of this origin.
    pub(crate) fn is_copy_of(&self, origin: &str) -> bool {
        self.origin_bytes() == origin.as_bytes()
    }

    fn origin_bytes(&self) -> Vec<u8> {
        let len = (self.origin_len.load(Relaxed) as usize).min(ORIGIN_BYTES);
        self.origin[..len].iter().map(|byte| byte.load(Relaxed)).collect()
    }

    /// Notes that the owner has heard of the origin just now.
    pub(crate) fn set_heard(&self) {
        self.heard.store(clock::since_boot().max(1), Relaxed);
    }

    /// How long ago the owner last heard of the origin; `None` if it never has. A time in the future counts as now.
    pub(crate) fn heard(&self) -> Option<Duration> {
        let heard = self.heard.load(Relaxed);
        (heard != 0).then(|| Duration::from_nanos(clock::since_boot().saturating_sub(heard)))
    }
}
