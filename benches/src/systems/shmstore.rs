//! What all this is about.

pub mod part;
pub mod talk;

use std::hint::black_box;
use std::path::Path;

use ::shmstore::{Shared, ShmObject, Store, Versioned, Writer};

use super::{Board, Read, Whole, Write};
use crate::Failure;
use crate::payload::Payload;

/// `Versioned`, each store with a lock of its own.
pub struct Stored;
/// `Versioned`, with the write side leased.
pub struct Leased;

const NAME: &str = "shmstore";

/// An object of one value.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
pub struct Object<const WORDS: usize> {
    value: Versioned<Payload<WORDS>>,
}

/// An object that stays attached for the process's life, so that a lease can be kept.
fn create<const WORDS: usize>(directory: &Path) -> Result<&'static Object<WORDS>, Failure> {
    let object = Box::leak(Box::new(Store::open(directory)?.create::<Object<WORDS>>()?));
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

impl Board for Leased {
    const NAME: &'static str = "shmstore, leased";
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

    fn attaching(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let store = Store::open(directory)?;
        // Not kept: a process that has an object attached is given the same one again.
        store.create::<Object<8>>()?.value.store(Payload::filled(1));
        Ok(move |rounds| {
            for _ in 0..rounds {
                let object = store.attach::<Object<8>>().expect("made before");
                black_box(object.value.load());
            }
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let store = Store::open(directory)?;
        Ok(move |rounds| {
            for _ in 0..rounds {
                let object = store.create::<Object<8>>().expect("a free key");
                object.value.store(Payload::filled(1));
                drop(object);
                store.remove::<Object<8>>().expect("our own");
            }
        })
    }
}
