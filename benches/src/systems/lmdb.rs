//! LMDB through heed: a B+ tree in a mapped file, with transactions.
//!
//! In its favor: files in memory, `WRITE_MAP` (pages are changed in place, not by a system call), `NO_SYNC` and
//! `NO_META_SYNC` (no commit waits for a disk), `NO_MEM_INIT`, `NO_READ_AHEAD`; each thread has a reader slot.
//! Locks stay on, because there are two processes. Each read needs a transaction, to see the newest value.
//!
//! # Safety
//!
//! Assumes that nobody else changes the file, and that it is opened once in a process.
#![allow(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};

use super::{Board, Read, Sides, Transact, Write};
use crate::Failure;
use crate::payload::Payload;

/// A database with one key.
pub struct Lmdb;

/// Either side.
pub struct Side {
    environment: &'static Env,
    database: Database<'static, Bytes, Bytes>,
}

const KEY: &[u8] = b"value";

/// Its settings: nothing waits for a disk.
pub(super) const FAST: EnvFlags = EnvFlags::WRITE_MAP
    .union(EnvFlags::NO_SYNC)
    .union(EnvFlags::NO_META_SYNC)
    .union(EnvFlags::MAP_ASYNC)
    .union(EnvFlags::NO_MEM_INIT)
    .union(EnvFlags::NO_READ_AHEAD);

/// The files that are open: each can be opened only once in a process.
static OPEN: Mutex<Vec<(PathBuf, &'static Env)>> = Mutex::new(Vec::new());

fn environment(directory: &Path) -> Result<&'static Env, Failure> {
    let mut open = OPEN.lock().expect("no panic under this lock");
    if let Some((_, environment)) = open.iter().find(|(path, _)| path == directory) {
        return Ok(environment);
    }
    let mut options = EnvOpenOptions::new();
    options.map_size(256 << 20);
    // SAFETY: data that a crash of the machine would lose is of no interest; all locks stay on.
    unsafe { options.flags(FAST) };
    // SAFETY: a directory of this run, opened only once.
    let environment: &'static Env = Box::leak(Box::new(unsafe { options.open(directory) }?));
    open.push((directory.to_owned(), environment));
    Ok(environment)
}

impl Side {
    fn make<const WORDS: usize>(directory: &Path) -> Result<Self, Failure> {
        let environment = environment(directory)?;
        let created = environment.create_databases_and_commit(environment.write_txn()?, |opener, transaction| {
            let database = opener.create_database::<Bytes, Bytes>(transaction, None)?;
            database.put(transaction, KEY, Payload::<WORDS>::filled(1).bytes())?;
            Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(database))
        })?;
        Ok(Self { environment, database: created.unwrap_commit() })
    }

    /// Returns `false` if there is no room: a delayed reader keeps all pages that were written since.
    fn try_store<const WORDS: usize>(&self, value: &Payload<WORDS>) -> heed::Result<bool> {
        let mut transaction = self.environment.write_txn()?;
        match self.database.put(&mut transaction, KEY, value.bytes()).and_then(|()| transaction.commit()) {
            Err(heed::Error::Mdb(heed::MdbError::MapFull)) => Ok(false),
            stored => stored.map(|()| true),
        }
    }

    fn load<const WORDS: usize>(&self, into: &mut Payload<WORDS>) {
        let transaction = self.environment.read_txn().expect("a slot for this thread");
        let value = self.database.get(&transaction, KEY).expect("a complete database").expect("stored before");
        into.bytes_mut().copy_from_slice(value);
    }
}

impl Board for Lmdb {
    const NAME: &'static str = "LMDB";
    type Writer<const WORDS: usize> = Side;
    type Reader<const WORDS: usize> = Side;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Side, Failure> {
        Side::make::<WORDS>(directory)
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Side, Failure> {
        Sides::open(directory)
    }
}

impl Sides for Side {
    const NAME: &'static str = <Lmdb as Board>::NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::make::<8>(directory)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        let environment = environment(directory)?;
        let opened = environment.open_databases_and_commit(environment.read_txn()?, |opener, transaction| {
            opener.open_database::<Bytes, Bytes>(transaction, None).map(CommitOrAbort::<_, ()>::Commit)
        })?;
        Ok(Side { environment, database: opened.unwrap_commit().ok_or("no database")? })
    }
}

impl<const WORDS: usize> Write<WORDS> for Side {
    fn write(&mut self, value: &Payload<WORDS>) {
        while !self.try_store(value).expect("a complete database") {
            std::thread::yield_now();
        }
    }
}

impl<const WORDS: usize> Read<WORDS> for Side {
    fn read(&mut self, into: &mut Payload<WORDS>) {
        self.load(into);
    }
}

impl Transact for Side {
    fn change_rounds(&mut self, rounds: u64) {
        let mut copy = Payload::<8>::filled(0);
        for _ in 0..rounds {
            let mut transaction = self.environment.write_txn().expect("the writer's lock");
            let value = self.database.get(&transaction, KEY).expect("a complete database").expect("stored before");
            copy.bytes_mut().copy_from_slice(value);
            *copy.word_mut() += 1;
            self.database.put(&mut transaction, KEY, copy.bytes()).expect("room");
            transaction.commit().expect("nothing to wait for");
        }
    }

    fn word(&mut self) -> u64 {
        let mut copy = Payload::<8>::filled(0);
        self.load(&mut copy);
        copy.word()
    }
}
