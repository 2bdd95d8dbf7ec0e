//! The elements of frames of each size, read and filled, and the bytes around them, which stay as they are.

use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::sync::copy::Line;

mod checked;
mod filling;
mod parts;
mod reading;

/// The check of a reader that has a pin.
fn pinned() -> Result<(), Infallible> {
    Ok(())
}

/// The memory of a frame, with at least a line before and after it.
struct Memory<E> {
    lines: Vec<Line>,
    /// The line of the first element.
    first: usize,
    capacity: usize,
    elements: PhantomData<E>,
}

/// A byte of memory that is not filled.
const UNTOUCHED: u8 = 0xA5;

impl<E: ShmValue> Memory<E> {
    fn new(capacity: usize) -> Self {
        let align = align_of::<E>().max(LINE);
        let lines = vec![Line([UNTOUCHED; LINE]); 2 + align / LINE + (capacity * size_of::<E>()).div_ceil(LINE)];
        let place = lines.as_ptr().addr() + LINE;
        let first = 1 + (place.next_multiple_of(align) - place) / LINE;
        Self { lines, first, capacity, elements: PhantomData }
    }

    /// Memory that is full of elements of varied bytes.
    fn varied(count: usize) -> Self {
        let mut memory = Self::new(count);
        let bytes = memory.bytes_of_elements();
        bytes.copy_from_slice(&varied(bytes.len(), 7));
        memory
    }

    /// The first `count` elements.
    fn elements(&mut self, count: usize) -> Elements<'_, E> {
        assert!(count <= self.capacity);
        // SAFETY: aligned, within the lines, and borrowed as long.
        unsafe { Elements::new(self.lines[self.first..].as_mut_ptr().cast(), count) }
    }

    fn all(&mut self) -> Elements<'_, E> {
        self.elements(self.capacity)
    }

    /// All bytes, those around the elements included.
    fn bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.0).collect()
    }

    fn bytes_of_elements(&mut self) -> &mut [u8] {
        let (all, lines) = (self.capacity * size_of::<E>(), &mut self.lines[self.first..]);
        // SAFETY: the bytes of the lines, borrowed as long.
        let bytes = unsafe { slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<u8>(), size_of_val(lines)) };
        &mut bytes[..all]
    }

    /// All bytes, as they are after `bytes` were written to the elements from one of them on.
    fn expected(&self, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut all = self.bytes();
        all[self.first * LINE + at * size_of::<E>()..][..bytes.len()].copy_from_slice(bytes);
        all
    }
}

fn varied(count: usize, seed: u8) -> Vec<u8> {
    (0..count).map(|at| (at as u8).wrapping_mul(31).wrapping_add((at >> 8) as u8).wrapping_add(seed)).collect()
}

/// Elements of varied bytes.
fn values<E: AnyBits>(count: usize) -> Vec<E> {
    let Ok(values) = Memory::<E>::varied(count).all().to_vec(pinned);
    values
}

/// Numbers of elements around those at which another way begins.
fn counts<E: ShmValue>() -> impl Iterator<Item = usize> {
    let block = Elements::<'_, E>::BLOCK;
    [0, 1, 2, 3, 63, 64, 65, block - 1, block, block + 1, 2 * block, 2 * block + 3, 3 * block - 1].into_iter()
}

/// Checks elements of each size, from a byte to more than a block, and with an alignment of more than a line.
macro_rules! each_size {
    ($check:ident) => {
        $check::<u8>();
        $check::<[u8; 3]>();
        $check::<f32>();
        $check::<u64>();
        $check::<[u32; 3]>();
        $check::<[u8; 64]>();
        $check::<[u16; 50]>();
        $check::<[u64; 20]>();
        $check::<[u8; 1000]>();
        $check::<[u8; 1025]>();
        $check::<[u8; 5000]>();
    };
}
use each_size;

/// Checks elements of each size, in arrays of each length: in registers and by blocks.
macro_rules! each_size_and_length {
    ($check:ident) => {
        fn check<E: AnyBits>() {
            $check::<E, 1>();
            $check::<E, 2>();
            $check::<E, 7>();
            $check::<E, 8>();
            $check::<E, 16>();
            // Others are too large for the stack.
            if size_of::<E>() <= 64 {
                $check::<E, 64>();
                $check::<E, 256>();
            }
        }
        each_size!(check);
    };
}
use each_size_and_length;

/// A file that is removed at once, with this content.
fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(content).expect("room for it");
    file.rewind().expect("the start");
    file
}

#[test]
fn blocks_are_whole_lines_of_about_a_kibibyte_wherever_there_is_such_a_number() {
    fn bytes<E: ShmValue>() -> usize {
        Elements::<'_, E>::BLOCK * size_of::<E>()
    }
    assert_eq!([bytes::<u8>(), bytes::<u16>(), bytes::<f32>(), bytes::<u64>(), bytes::<[u8; 64]>()], [1024; 5]);
    assert_eq!([bytes::<[u8; 3]>(), bytes::<[u32; 3]>(), bytes::<[u8; 100]>()], [960, 960, 1600]);
    assert_eq!([bytes::<[u8; 192]>(), bytes::<[u64; 20]>(), bytes::<[u8; 1984]>()], [960, 960, 1984]);
    // No run of whole lines is near a block.
    assert_eq!([bytes::<[u8; 65]>(), bytes::<[u8; 1000]>(), bytes::<[u8; 5000]>()], [975, 1000, 5000]);
}
