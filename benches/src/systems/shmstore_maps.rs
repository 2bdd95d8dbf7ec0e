//! shmstore's `Map`.

use std::path::Path;

use ::shmstore::{Map as Part, Shared, ShmObject, Store};

use super::maps::{Get, Map, Memory, Value, WholeMap};
use crate::Failure;
use crate::sysv;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
struct Object<const ENTRIES: usize> {
    map: Part<u64, Value, ENTRIES>,
}

/// A map that is read by `get_into`, and written by `insert_from`.
pub struct Mapped<const ENTRIES: usize>(Shared<Object<ENTRIES>>);

/// The same, read by `get`. Known keys are written by `update`.
pub struct ByValue<const ENTRIES: usize>(Mapped<ENTRIES>);

impl<const ENTRIES: usize> Map for Mapped<ENTRIES> {
    const NAME: &'static str = "shmstore";
    type Reader<'a> = &'a Part<u64, Value, ENTRIES>;

    fn create(directory: &Path, entries: usize) -> Result<Self, Failure> {
        assert!(entries <= ENTRIES, "{entries} entries in a map of {ENTRIES}");
        Ok(Self(Store::open(directory)?.create()?))
    }

    fn open(directory: &Path, _: usize) -> Result<Self, Failure> {
        Ok(Self(Store::open(directory)?.attach()?))
    }

    #[inline]
    fn reader(&self) -> Self::Reader<'_> {
        &self.0.map
    }

    #[inline]
    fn insert(&self, key: u64, value: &Value) {
        self.0.map.insert_from(&key, value).expect("room, and no owner of it that hangs");
    }

    #[inline]
    fn remove(&self, key: u64) -> bool {
        self.0.map.remove(&key).expect("a valid value").is_some()
    }

    fn each(&self, into: &mut Value, mut see: impl FnMut(u64, &Value)) {
        for entry in self.0.map.iter() {
            let (key, value) = entry.expect("a valid value");
            *into = value;
            see(key, into);
        }
    }
}

impl<const ENTRIES: usize> Get for &Part<u64, Value, ENTRIES> {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        self.get_into(&key, into).expect("a valid value").is_some()
    }
}

impl<const ENTRIES: usize> Map for ByValue<ENTRIES> {
    const NAME: &'static str = "shmstore, by value";
    type Reader<'a> = &'a Self;

    fn create(directory: &Path, entries: usize) -> Result<Self, Failure> {
        Mapped::create(directory, entries).map(Self)
    }

    fn open(directory: &Path, entries: usize) -> Result<Self, Failure> {
        Mapped::open(directory, entries).map(Self)
    }

    #[inline]
    fn reader(&self) -> Self::Reader<'_> {
        self
    }

    #[inline]
    fn insert(&self, key: u64, value: &Value) {
        let updated = self.0.0.map.update(&key, |stored| *stored = *value);
        if updated.expect("a valid value").is_none() {
            self.0.insert(key, value);
        }
    }

    #[inline]
    fn remove(&self, key: u64) -> bool {
        self.0.remove(key)
    }

    fn each(&self, into: &mut Value, see: impl FnMut(u64, &Value)) {
        self.0.each(into, see);
    }
}

impl<const ENTRIES: usize> Get for &ByValue<ENTRIES> {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        match self.0.0.map.get(&key).expect("a valid value") {
            Some(value) => *into = value,
            None => return false,
        }
        true
    }
}

impl<const ENTRIES: usize> WholeMap for Mapped<ENTRIES> {
    fn memory(&self) -> Result<Memory, Failure> {
        let shmid = Shared::info(&self.0).ok_or("an object that is attached")?.shmid;
        Ok(Memory { resident: sysv::resident(shmid)?, mapped: sysv::status(shmid)?.shm_segsz })
    }

    fn attaching(directory: &Path, _: usize) -> Result<impl FnMut() + 'static, Failure> {
        let store = Store::open(directory)?;
        drop(store.create::<Object<ENTRIES>>()?);
        Ok(move || {
            let object = store.attach::<Object<ENTRIES>>().expect("created before");
            assert!(!object.map.contains_key(&1), "it is empty");
        })
    }

    fn creating(directory: &Path, _: usize) -> Result<impl FnMut() + 'static, Failure> {
        let store = Store::open(directory)?;
        Ok(move || {
            drop(store.create::<Object<ENTRIES>>().expect("a free key"));
            store.remove::<Object<ENTRIES>>().expect("an object of this process");
        })
    }
}
