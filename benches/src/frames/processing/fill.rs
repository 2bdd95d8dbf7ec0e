//! Filling all elements.
//!
//! # Safety
//!
//! Assumes that no other process has the object, whose directory is of this run alone.
#![allow(unsafe_code)]

use std::hint::black_box;

use shmstore::Frames;
use shmstore::frames::FrameMut;

use super::state::{Caches, State};
use super::{IN_PLACE, Way, alternate, timed};
use crate::frames::{Measure, Options};
use crate::row::{Other, Row, Target};

const FILL: &str = "shmstore, fill";
const ARRAYS: &str = "shmstore, fill_arrays";
const COPY: &str = "shmstore, private slice and copy_from";

/// What makes the elements.
trait Kernel {
    /// Its name, and in words.
    const NAMES: [&str; 2];
    fn new() -> Self;
    /// Overwrites elements, of which the first has this index.
    fn fill(&mut self, at: usize, elements: &mut [u64]);
}

/// Counts, as fast as memory is written.
struct Count;

impl Kernel for Count {
    const NAMES: [&str; 2] = ["fast", "at memory speed"];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn fill(&mut self, at: usize, elements: &mut [u64]) {
        for (element, at) in elements.iter_mut().zip(at as u64..) {
            *element = at;
        }
    }
}

/// Numbers that look random, each made of the one before it: xorshift64.
struct Random(u64);

impl Kernel for Random {
    const NAMES: [&str; 2] = ["slow", "by a slower kernel"];

    fn new() -> Self {
        Self(1)
    }

    #[inline(always)]
    fn fill(&mut self, _: usize, elements: &mut [u64]) {
        let mut random = self.0;
        for element in elements {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            *element = random;
        }
        self.0 = random;
    }
}

type Loan<'a, const N: usize> = FrameMut<'a, u64, N, 3>;

#[inline(never)]
fn in_place<K: Kernel, const N: usize>(frame: &mut Loan<'_, N>, _: &mut [u64]) {
    // SAFETY: no other process has the object, and this one does not fork.
    K::new().fill(0, unsafe { frame.as_mut_slice() });
}

#[inline(never)]
fn by_blocks<K: Kernel, const N: usize>(frame: &mut Loan<'_, N>, _: &mut [u64]) {
    let mut kernel = K::new();
    frame.fill(N, |at, block| kernel.fill(at, block)).expect("as long as the frame");
}

#[inline(never)]
fn by_arrays<K: Kernel, const N: usize>(frame: &mut Loan<'_, N>, _: &mut [u64]) {
    let mut kernel = K::new();
    let array = |at| {
        let mut array = [0; 8];
        kernel.fill(at, &mut array);
        array
    };
    frame.fill_arrays::<8>(N, array).expect("as long as the frame");
}

#[inline(never)]
fn by_copy<K: Kernel, const N: usize>(frame: &mut Loan<'_, N>, private: &mut [u64]) {
    K::new().fill(0, private);
    frame.copy_from(private).expect("as long as the frame");
}

/// All rows.
pub(super) fn rows<const N: usize>(frames: &'static Frames<u64, N, 3>) -> Vec<(String, Measure)> {
    let states = || State::all().iter().filter(|state| **state != State::Fresh);
    let slow = states().map(|&state| row::<Random, N>(state, 1.1, frames));
    let fast = states().map(|&state| row::<Count, N>(state, if state == State::Cache { 1.2 } else { 1.4 }, frames));
    slow.chain(fast).collect()
}

fn row<K: Kernel, const N: usize>(state: State, at_most: f64, frames: &'static Frames<u64, N, 3>) -> (String, Measure) {
    let [kernel, words] = K::NAMES;
    let name = format!("fill-{kernel}-{}", state.name());
    let work = format!("fill of a frame of 4 MiB {words}, {}", state.words());
    let measure = {
        let name = name.clone();
        move |options: &Options| {
            let caches = Caches::new();
            let private = std::cell::RefCell::new(vec![0; N]);
            let mut expected = vec![0; N];
            K::new().fill(0, &mut expected);
            type Fill<const N: usize> = fn(&mut Loan<'_, N>, &mut [u64]);
            let of = |fill: Fill<N>| {
                let (caches, private, expected) = (&caches, &private, &expected);
                move || {
                    let mut frame = frames.try_loan()?;
                    let mut private = private.borrow_mut();
                    {
                        // SAFETY: no other process has the object, and this one does not fork.
                        let slot = unsafe { frame.as_mut_slice() };
                        slot.fill(0);
                        caches.bring(slot, state);
                    }
                    let (time, ()) = timed(|| fill(black_box(&mut frame), &mut private));
                    // SAFETY: as above.
                    assert!(unsafe { frame.as_mut_slice() } == *expected, "each way fills the same");
                    Ok(time)
                }
            };
            let mut ways: Vec<Way<'_>> = vec![
                (IN_PLACE, Box::new(of(in_place::<K, N>))),
                (FILL, Box::new(of(by_blocks::<K, N>))),
                (ARRAYS, Box::new(of(by_arrays::<K, N>))),
                (COPY, Box::new(of(by_copy::<K, N>))),
            ];
            let series = alternate(options.frames, &mut ways)?;
            let target = Target::new(FILL, Other::Named(IN_PLACE), at_most);
            Ok(Row { name: name.clone(), work: work.clone(), unit: "ns", series, targets: vec![target] })
        }
    };
    (name, Box::new(measure))
}
