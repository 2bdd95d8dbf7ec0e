//! Maps within one process, without shared memory: the standard library's, behind a lock, and papaya's.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use papaya::LocalGuard;

use super::maps::{Get, Loop, Map, Value};
use crate::Failure;

/// The standard library's map, with its own hash function, behind a lock.
pub type Locked = Arc<RwLock<HashMap<u64, Value>>>;

/// papaya's map: readers take no lock.
pub type Papaya = Arc<papaya::HashMap<u64, Value>>;

const ELSEWHERE: &str = "no process can open the memory of another one";

impl Map for Locked {
    const NAME: &'static str = "RwLock<HashMap>";
    type Reader<'a> = &'a Self;

    fn create(_: &Path, entries: usize) -> Result<Self, Failure> {
        Ok(Arc::new(RwLock::new(HashMap::with_capacity(entries))))
    }

    fn open(_: &Path, _: usize) -> Result<Self, Failure> {
        Err(ELSEWHERE.into())
    }

    #[inline]
    fn reader(&self) -> Self::Reader<'_> {
        self
    }

    #[inline]
    fn insert(&self, key: u64, value: &Value) {
        self.write().expect("no panic under this lock").insert(key, *value);
    }

    #[inline]
    fn remove(&self, key: u64) -> bool {
        self.write().expect("no panic under this lock").remove(&key).is_some()
    }

    fn each(&self, into: &mut Value, mut see: impl FnMut(u64, &Value)) {
        for (key, value) in self.read().expect("no panic under this lock").iter() {
            *into = *value;
            see(*key, into);
        }
    }
}

impl Get for &Locked {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        match self.read().expect("no panic under this lock").get(&key) {
            Some(value) => *into = *value,
            None => return false,
        }
        true
    }
}

impl Map for Papaya {
    const NAME: &'static str = "papaya";
    // A guard for many look-ups, as papaya advises.
    const LOOPS: &'static [Loop] = &[Loop { name: Self::NAME, is_one: true }];
    type Reader<'a> = (&'a Self, LocalGuard<'a>);

    fn create(_: &Path, entries: usize) -> Result<Self, Failure> {
        Ok(Arc::new(papaya::HashMap::with_capacity(entries)))
    }

    fn open(_: &Path, _: usize) -> Result<Self, Failure> {
        Err(ELSEWHERE.into())
    }

    #[inline]
    fn reader(&self) -> Self::Reader<'_> {
        (self, self.guard())
    }

    #[inline]
    fn insert(&self, key: u64, value: &Value) {
        self.pin().insert(key, *value);
    }

    #[inline]
    fn remove(&self, key: u64) -> bool {
        self.pin().remove(&key).is_some()
    }

    fn each(&self, into: &mut Value, mut see: impl FnMut(u64, &Value)) {
        for (key, value) in self.pin().iter() {
            *into = *value;
            see(*key, into);
        }
    }
}

impl Get for (&Papaya, LocalGuard<'_>) {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        match self.0.get(&key, &self.1) {
            Some(value) => *into = *value,
            None => return false,
        }
        true
    }
}
