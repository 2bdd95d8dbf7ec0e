//! shmstore: a value, a lock with a transaction, and two values for calls and answers.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use ::shmstore::{CacheAligned, Lock, Shared, ShmObject, Store, Versioned, Writer};

use super::{Board, Lockable, Poll, Read, SECOND, Sides, Talk, Transact, Whole, Write};
use crate::Failure;
use crate::payload::Payload;

/// `Versioned`, where each store takes the lock.
pub struct Stored;
/// `Versioned`, with an exclusive writer.
pub struct Exclusive;

const NAME: &str = "shmstore";

/// An object of one value.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
pub struct Object<const WORDS: usize> {
    value: Versioned<Payload<WORDS>>,
}

/// Keeps an object attached until the process ends, so that it can have an exclusive writer.
pub(super) fn kept<T: ShmObject>(object: Shared<T>) -> &'static T {
    Box::leak(Box::new(object))
}

fn create<const WORDS: usize>(directory: &Path) -> Result<&'static Object<WORDS>, Failure> {
    let object = kept(Store::open(directory)?.create::<Object<WORDS>>()?);
    object.value.store(Payload::filled(1));
    Ok(object)
}

impl Board for Stored {
    const NAME: &'static str = NAME;
    type Writer<const WORDS: usize> = &'static Object<WORDS>;
    type Reader<const WORDS: usize> = Shared<Object<WORDS>>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Self::Writer<WORDS>, Failure> {
        create(directory)
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Self::Reader<WORDS>, Failure> {
        Ok(Store::open(directory)?.attach()?)
    }
}

impl Board for Exclusive {
    const NAME: &'static str = "shmstore, exclusive writer";
    type Writer<const WORDS: usize> = Writer<'static, Payload<WORDS>>;
    type Reader<const WORDS: usize> = Shared<Object<WORDS>>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Self::Writer<WORDS>, Failure> {
        Ok(create(directory)?.value.writer())
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Self::Reader<WORDS>, Failure> {
        Stored::open(directory)
    }
}

impl<const WORDS: usize> Write<WORDS> for &Object<WORDS> {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        self.value.store_from(value);
    }
}

impl<const WORDS: usize> Write<WORDS> for Writer<'_, Payload<WORDS>> {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        self.store_from(value);
    }
}

impl<const WORDS: usize> Read<WORDS> for Shared<Object<WORDS>> {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        self.value.load_into(into);
    }
}

impl Whole for Stored {
    const NAME: &'static str = NAME;

    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let store = Store::open(directory)?;
        // Not kept, because a process that has an object attached gets the same attachment again.
        store.create::<Object<8>>()?.value.store(Payload::filled(1));
        Ok(move || {
            let object = store.attach::<Object<8>>().expect("created before");
            black_box(object.value.load());
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let store = Store::open(directory)?;
        Ok(move || {
            let object = store.create::<Object<8>>().expect("a free key");
            object.value.store(Payload::filled(1));
            drop(object);
            store.remove::<Object<8>>().expect("an object of this process");
        })
    }
}

/// A lock, its count, and a value.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
pub struct Parts {
    lock: Lock,
    count: AtomicU64,
    value: Versioned<Payload<8>>,
}

impl Sides for Shared<Parts> {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Store::open(directory)?.create()?)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Store::open(directory)?.attach()?)
    }
}

impl Lockable for Shared<Parts> {
    #[inline]
    fn locked(&self, work: impl FnOnce()) {
        let _guard = self.lock.lock().expect("no owner has died");
        work();
    }

    fn guarded(&self) -> &AtomicU64 {
        &self.count
    }
}

impl Transact for Shared<Parts> {
    fn change_rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            let mut transaction = self.value.begin();
            *transaction.word_mut() += 1;
            transaction.commit();
        }
    }

    fn word(&mut self) -> u64 {
        self.value.load().word()
    }
}

/// A value for each direction.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
pub struct Values {
    call: CacheAligned<Versioned<u64>>,
    answer: CacheAligned<Versioned<u64>>,
}

/// A side that polls, and is the exclusive writer of the other value.
pub struct Spinning {
    tells: Writer<'static, u64>,
    hears: &'static Versioned<u64>,
}

impl Sides for Spinning {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        let values: &Values = kept(Store::open(directory)?.create()?);
        Ok(Self { tells: values.answer.writer(), hears: &values.call })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        let values: &Values = kept(Store::open(directory)?.attach()?);
        Ok(Self { tells: values.call.writer(), hears: &values.answer })
    }
}

impl Poll for Spinning {
    #[inline]
    fn tell(&mut self, number: u64) {
        self.tells.store(number);
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        self.hears.load() == number
    }
}

/// A side that sleeps.
pub struct Sleeping {
    values: Shared<Values>,
    /// The newest version in the direction that this side hears.
    seen: u64,
}

impl Sides for Sleeping {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { values: Store::open(directory)?.create()?, seen: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { values: Store::open(directory)?.attach()?, seen: 0 })
    }
}

impl Talk for Sleeping {
    fn call(&mut self) {
        self.values.call.store(self.seen + 1);
        self.seen = self.values.answer.wait_newer(self.seen, SECOND).expect("the other process answers").0;
    }

    fn receive(&mut self) -> bool {
        let called = self.values.call.wait_newer(self.seen, SECOND);
        called.map(|(version, _)| self.seen = version).is_ok()
    }

    fn answer(&mut self) {
        self.values.answer.store(self.seen);
    }
}
