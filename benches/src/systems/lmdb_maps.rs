//! LMDB through heed, as a map: a B+ tree of numbers in a mapped file.
//!
//! In its favor: the settings of `lmdb.rs`, none of which waits for a disk, and integer keys. Each change is a
//! transaction of its own, as other processes are to see each. A look-up has a transaction of its own, too, or all
//! look-ups of a loop have one: then they see nothing that other processes change meanwhile.
//!
//! # Safety
//!
//! Assumes that nobody else changes the file, and that it is opened once in a process.
#![allow(unsafe_code)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::ptr::NonNull;

use heed::byteorder::NativeEndian;
use heed::types::{Bytes, U64};
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, IntegerComparator, RoTxn, RwTxn, WithTls};

use super::lmdb::FAST;
use super::maps::{Get, Loop, Map, Memory, Value, WholeMap};
use crate::Failure;

/// The room for an entry, in bytes: pages are half full at least, and a change copies pages.
const EACH: usize = 1024;
const LEAST: usize = 64 << 20;

type Numbers = Database<'static, U64<NativeEndian>, Bytes, IntegerComparator>;

/// An environment with one database.
pub struct LmdbMap {
    // INVARIANT: the database belongs to this environment.
    database: Numbers,
    environment: Env,
}

fn environment(directory: &Path, entries: usize) -> Result<Env, Failure> {
    let mut options = EnvOpenOptions::new();
    options.map_size((entries * EACH).max(LEAST).next_multiple_of(1 << 20));
    // SAFETY: data that a crash of the machine would lose is of no interest; all locks stay on.
    unsafe { options.flags(FAST) };
    // SAFETY: a directory of this run, opened only once at a time.
    Ok(unsafe { options.open(directory) }?)
}

impl LmdbMap {
    fn with(environment: Env, open: impl FnOnce(&'static Env) -> heed::Result<Numbers>) -> Result<Self, Failure> {
        // SAFETY: used by `open` alone, during this call; the database that it returns has no pointer to it.
        let borrowed = unsafe { NonNull::from(&environment).as_ref() };
        let database = open(borrowed)?;
        Ok(Self { database, environment })
    }

    /// Does one change. It is repeated if there is no room: a delayed reader keeps all pages that were written since.
    fn change<T>(&self, mut change: impl FnMut(&mut RwTxn<'_>) -> heed::Result<T>) -> T {
        loop {
            let mut transaction = self.environment.write_txn().expect("the writer's lock");
            match change(&mut transaction).and_then(|done| transaction.commit().map(|()| done)) {
                Ok(done) => return done,
                Err(heed::Error::Mdb(heed::MdbError::MapFull)) => std::thread::yield_now(),
                Err(error) => panic!("LMDB: {error}"),
            }
        }
    }
}

impl Map for LmdbMap {
    const NAME: &'static str = "LMDB";
    const LOOPS: &'static [Loop] =
        &[Loop { name: "LMDB, one transaction", is_one: true }, Loop { name: Self::NAME, is_one: false }];
    type Reader<'a> = (Numbers, RoTxn<'a, WithTls>);

    fn create(directory: &Path, entries: usize) -> Result<Self, Failure> {
        Self::with(environment(directory, entries)?, |environment| {
            let created =
                environment.create_databases_and_commit(environment.write_txn()?, |opener, transaction| {
                    let options = opener.database_options().types::<U64<NativeEndian>, Bytes>();
                    let options = options.key_comparator::<IntegerComparator>();
                    options.create(transaction).map(CommitOrAbort::<_, ()>::Commit)
                })?;
            Ok(created.unwrap_commit())
        })
    }

    fn open(directory: &Path, entries: usize) -> Result<Self, Failure> {
        Self::with(environment(directory, entries)?, |environment| {
            let opened = environment.open_databases_and_commit(environment.read_txn()?, |opener, transaction| {
                let options = opener.database_options().types::<U64<NativeEndian>, Bytes>();
                let options = options.key_comparator::<IntegerComparator>();
                options.open(transaction).map(CommitOrAbort::<_, ()>::Commit)
            })?;
            Ok(opened.unwrap_commit().expect("created before"))
        })
    }

    #[inline]
    fn reader(&self) -> Self::Reader<'_> {
        (self.database, self.environment.read_txn().expect("a slot for this thread"))
    }

    fn insert(&self, key: u64, value: &Value) {
        self.change(|transaction| self.database.put(transaction, &key, value.bytes()));
    }

    fn remove(&self, key: u64) -> bool {
        self.change(|transaction| self.database.delete(transaction, &key))
    }

    fn each(&self, into: &mut Value, mut see: impl FnMut(u64, &Value)) {
        let (database, transaction) = self.reader();
        for entry in database.iter(&transaction).expect("a complete database") {
            let (key, value) = entry.expect("a complete database");
            into.bytes_mut().copy_from_slice(value);
            see(key, into);
        }
    }

    fn fill(&self, keys: &[u64], value: impl Fn(u64) -> Value) {
        self.change(|transaction| {
            keys.iter().try_for_each(|&key| self.database.put(transaction, &key, value(key).bytes()))
        });
    }
}

impl Get for (Numbers, RoTxn<'_, WithTls>) {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        let Some(value) = self.0.get(&self.1, &key).expect("a complete database") else { return false };
        into.bytes_mut().copy_from_slice(value);
        true
    }
}

const DATA: &str = "data.mdb";
const LOCK: &str = "lock.mdb";

impl WholeMap for LmdbMap {
    fn memory(&self) -> Result<Memory, Failure> {
        let page = self.environment.unnamed_database_stat().page_size as usize;
        let mapped = (self.environment.info().last_page_number + 1) * page;
        let file = |name| fs::metadata(self.environment.path().join(name));
        let lock = file(LOCK)?;
        let resident = (file(DATA)?.blocks() + lock.blocks()) * 512;
        Ok(Memory { resident: resident as usize, mapped: mapped + lock.len() as usize })
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
        let directory = directory.to_owned();
        Ok(move || {
            drop(Self::create(&directory, entries).expect("room for one"));
            [DATA, LOCK].iter().for_each(|name| fs::remove_file(directory.join(name)).expect("created above"));
        })
    }
}
