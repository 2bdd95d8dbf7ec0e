//! Boost's `unordered_map`, from C++: the code is in `boost_maps.cpp`.
//!
//! # Safety
//!
//! Assumes that the declarations here match `boost_maps.cpp`. Promises to pass sides that are open, and memory of one
//! value.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;
use std::ptr::NonNull;

use super::maps::{Get, Map, Memory, Value, WholeMap};
use crate::Failure;
use crate::sysv::{self, Anchor};

unsafe extern "C" {
    fn boost_map_create(anchor: *const c_char, bytes: usize) -> *mut c_void;
    fn boost_map_open(anchor: *const c_char) -> *mut c_void;
    fn boost_map_close(side: *mut c_void);
    fn boost_map_get(side: *mut c_void, key: u64, into: *mut u8) -> c_int;
    fn boost_map_insert(side: *mut c_void, key: u64, from: *const u8) -> c_int;
    fn boost_map_remove(side: *mut c_void, key: u64) -> c_int;
    fn boost_map_each(side: *mut c_void, into: *mut u8, context: *mut c_void, see: See) -> c_int;
    fn boost_map_used(side: *mut c_void) -> usize;
    fn boost_map_create_and_remove(anchor: *const c_char, bytes: usize) -> c_int;
}

type See = extern "C" fn(*mut c_void, u64);

/// The room for an entry, in bytes: it takes 112, and a larger table of buckets needs room beside the old one.
const EACH: usize = 192;
const LEAST: usize = 1 << 16;

/// A map in a segment.
pub struct BoostMap {
    // INVARIANT: returned by `boost_map_create` or `boost_map_open`, and not closed.
    side: NonNull<c_void>,
    anchor: Anchor,
}

fn bytes(entries: usize) -> usize {
    entries * EACH + LEAST
}

impl BoostMap {
    fn new(side: *mut c_void, anchor: Anchor) -> Result<Self, Failure> {
        let side = NonNull::new(side).ok_or_else(|| format!("Boost has no segment for {:?}", anchor.path()))?;
        Ok(Self { side, anchor })
    }
}

impl Drop for BoostMap {
    fn drop(&mut self) {
        // SAFETY: open until now.
        unsafe { boost_map_close(self.side.as_ptr()) };
    }
}

impl Map for BoostMap {
    const NAME: &'static str = "Boost";
    type Reader<'a> = &'a Self;

    fn create(directory: &Path, entries: usize) -> Result<Self, Failure> {
        let anchor = Anchor::make(directory)?;
        // SAFETY: a C string, alive during the call, and a number.
        Self::new(unsafe { boost_map_create(anchor.name().as_ptr(), bytes(entries)) }, anchor)
    }

    fn open(directory: &Path, _: usize) -> Result<Self, Failure> {
        let anchor = Anchor::at(directory);
        // SAFETY: a C string, alive during the call.
        Self::new(unsafe { boost_map_open(anchor.name().as_ptr()) }, anchor)
    }

    #[inline]
    fn reader(&self) -> Self::Reader<'_> {
        self
    }

    #[inline]
    fn insert(&self, key: u64, value: &Value) {
        // SAFETY: an open side, a number, and one value.
        succeeded(unsafe { boost_map_insert(self.side.as_ptr(), key, value.bytes().as_ptr()) });
    }

    #[inline]
    fn remove(&self, key: u64) -> bool {
        // SAFETY: an open side, and a number.
        succeeded(unsafe { boost_map_remove(self.side.as_ptr(), key) })
    }

    fn each(&self, into: &mut Value, mut see: impl FnMut(u64, &Value)) {
        each_of(self.side, into, &mut see);
    }
}

impl Get for &BoostMap {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        // SAFETY: an open side, a number, and memory for one value.
        succeeded(unsafe { boost_map_get(self.side.as_ptr(), key, into.bytes_mut().as_mut_ptr()) })
    }
}

/// What C++ hands back for each entry.
struct Context<'a, F> {
    // INVARIANT: points to a value that nobody else uses until `boost_map_each` returns.
    into: *mut Value,
    see: &'a mut F,
}

fn each_of<F: FnMut(u64, &Value)>(side: NonNull<c_void>, into: &mut Value, see: &mut F) {
    extern "C" fn one<F: FnMut(u64, &Value)>(context: *mut c_void, key: u64) {
        // SAFETY: the context that is passed below, which nothing else refers to during this call.
        let context = unsafe { &mut *context.cast::<Context<'_, F>>() };
        // SAFETY: by the invariant, and C++ writes to it between calls only.
        let value = unsafe { &*context.into };
        (context.see)(key, value);
    }
    let mut context = Context { into: &raw mut *into, see };
    let room = context.into.cast::<u8>();
    // SAFETY: an open side, memory for one value, and a function for this context.
    succeeded(unsafe { boost_map_each(side.as_ptr(), room, (&raw mut context).cast(), one::<F>) });
}

impl WholeMap for BoostMap {
    fn memory(&self) -> Result<Memory, Failure> {
        // SAFETY: an open side.
        let mapped = unsafe { boost_map_used(self.side.as_ptr()) };
        Ok(Memory { resident: sysv::resident(self.anchor.find()?)?, mapped })
    }

    fn attaching(directory: &Path, entries: usize) -> Result<impl FnMut() + 'static, Failure> {
        drop(Self::create(directory, entries)?);
        let (directory, mut into) = (directory.to_owned(), Value::filled(0));
        Ok(move || {
            let map = Self::open(&directory, entries).expect("created before");
            assert!(!map.reader().get(1, &mut into), "it is empty");
        })
    }

    fn creating(directory: &Path, entries: usize) -> Result<impl FnMut() + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        Ok(move || {
            // SAFETY: a C string, alive during the call, and a number.
            succeeded(unsafe { boost_map_create_and_remove(anchor.name().as_ptr(), bytes(entries)) });
        })
    }
}

#[inline]
fn succeeded(answer: c_int) -> bool {
    assert!(answer >= 0, "Boost's map failed");
    answer > 0
}
