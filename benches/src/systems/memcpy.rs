//! The bare machine: the same bytes copied to the same place, by nobody's rules.
#![allow(unsafe_code)]

use std::path::Path;
use std::ptr;

use super::{Board, Read, Write};
use crate::Failure;
use crate::payload::{Aligned, Payload};

/// A copy within one process.
pub struct Memcpy;

/// Memory of its own.
pub struct Memory<const WORDS: usize>(Box<Aligned<Payload<WORDS>>>);

impl Board for Memcpy {
    const NAME: &'static str = "memcpy";
    type Writer<const WORDS: usize> = Memory<WORDS>;
    type Reader<const WORDS: usize> = Memory<WORDS>;

    fn create<const WORDS: usize>(_: &Path) -> Result<Memory<WORDS>, Failure> {
        Ok(Memory(Box::new(Aligned(Payload::filled(1)))))
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Memory<WORDS>, Failure> {
        Self::create(directory)
    }
}

impl<const WORDS: usize> Write<WORDS> for Memory<WORDS> {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        copy(value, &mut self.0.0);
    }
}

impl<const WORDS: usize> Read<WORDS> for Memory<WORDS> {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        copy(&self.0.0, into);
    }
}

#[inline]
fn copy<const WORDS: usize>(from: &Payload<WORDS>, to: &mut Payload<WORDS>) {
    // SAFETY: two values of one type; a unique reference overlaps nothing.
    unsafe { ptr::copy_nonoverlapping(from, to, 1) }
}
