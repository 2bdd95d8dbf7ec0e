//! The sum of all elements.
//!
//! # Safety
//!
//! Assumes that no other process has the object, whose directory is of this run alone.
#![allow(unsafe_code)]

use std::any::type_name;
use std::hint::black_box;
use std::ops::Add;
use std::sync::{Arc, Mutex};

use shmstore::frames::Pinned;
use shmstore::{AnyBits, Frames};

use super::state::{Caches, OtherCore, State};
use super::{IN_PLACE, PRIVATE, Way, alternate, timed};
use crate::frames::{Measure, Options};
use crate::row::{Other, Row, Target};

const BLOCKS: &str = "shmstore, blocks";
const ARRAYS: &str = "shmstore, arrays";
const ROWS: &str = "shmstore, rows of 4 KiB";
const RACY: &str = "shmstore, as_racy";
const COPY: &str = "shmstore, copy_into and sum";

/// A number, of which `A` have 64 bytes. They are added in as many lanes.
pub(super) trait Number: AnyBits + PartialEq + std::fmt::Debug + Add<Output = Self> + Unpin {
    /// A whole number that is exact in the sums.
    fn of(at: usize) -> Self;
    /// The sum, modulo the range of an integer.
    fn plus(self, other: Self) -> Self;
}

macro_rules! number {
    ($($number:ty, $plus:expr;)*) => {$(
        impl Number for $number {
            #[inline(always)]
            fn of(at: usize) -> Self {
                (at % 4) as Self
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                $plus(self, other)
            }
        }
    )*};
}

number! {
    u8, u8::wrapping_add;
    u64, u64::wrapping_add;
    f32, |a: f32, b: f32| a + b;
}

/// Adds elements lane by lane.
#[inline(always)]
fn add<T: Number, const A: usize>(lanes: &mut [T; A], elements: &[T; A]) {
    for (lane, element) in lanes.iter_mut().zip(elements) {
        *lane = lane.plus(*element);
    }
}

/// The sum of a slice, in `A` lanes.
#[inline(always)]
fn sum_of<T: Number, const A: usize>(elements: &[T]) -> T {
    let mut lanes = [T::of(0); A];
    let mut chunks = elements.chunks_exact(A);
    for chunk in &mut chunks {
        add(&mut lanes, chunk.try_into().expect("as many lanes"));
    }
    chunks.remainder().iter().chain(&lanes).fold(T::of(0), |sum, element| sum.plus(*element))
}

#[inline(never)]
fn by_slice<T: Number, const A: usize>(elements: &[T]) -> T {
    sum_of::<T, A>(elements)
}

#[inline(never)]
fn by_blocks<T: Number, const A: usize, const N: usize>(frame: &Pinned<'_, T, N, 3>) -> T {
    let mut sum = T::of(0);
    frame.blocks(|_, block| sum = sum.plus(sum_of::<T, A>(block)));
    sum
}

#[inline(never)]
fn by_arrays<T: Number, const A: usize, const N: usize>(frame: &Pinned<'_, T, N, 3>) -> T {
    let mut lanes = [T::of(0); A];
    frame.arrays::<A>(|_, array| add(&mut lanes, &array));
    lanes.iter().fold(T::of(0), |sum, lane| sum.plus(*lane))
}

#[inline(never)]
fn by_rows<T: Number, const A: usize, const N: usize>(frame: &Pinned<'_, T, N, 3>) -> T {
    let (mut sum, width) = (T::of(0), 4096 / size_of::<T>());
    frame.rows(width, width, |_, row| sum = sum.plus(sum_of::<T, A>(row)));
    sum
}

#[inline(never)]
fn by_racy<T: Number, const N: usize>(frame: &Pinned<'_, T, N, 3>) -> T {
    frame.as_racy().iter().fold(T::of(0), T::plus)
}

/// The rows of one type of number.
pub(super) fn rows<T: Number, const N: usize>(
    name: &'static str,
    frames: &'static Frames<T, N, 3>,
    other: &'static OtherCore,
) -> Vec<(String, Measure)> {
    let row = |&state: &State| -> (String, Measure) {
        let name = format!("sum-{name}-{}", state.name());
        let measure: Measure = match 64 / size_of::<T>() {
            64 => Box::new(measure_of::<T, N, 64>(name.clone(), state, frames, other)),
            16 => Box::new(measure_of::<T, N, 16>(name.clone(), state, frames, other)),
            _ => Box::new(measure_of::<T, N, 8>(name.clone(), state, frames, other)),
        };
        (name, measure)
    };
    State::all().iter().map(row).collect()
}

fn measure_of<T: Number, const N: usize, const A: usize>(
    name: String,
    state: State,
    frames: &'static Frames<T, N, 3>,
    other: &'static OtherCore,
) -> impl Fn(&Options) -> Result<Row, crate::Failure> {
    move |options| {
        let caches = Caches::new();
        let private = Arc::new(Mutex::new(vec![T::of(0); N]));
        let mut copy = vec![T::of(0); N];
        let expected = by_slice::<T, A>(&(0..N).map(T::of).collect::<Vec<_>>());
        // The other processor publishes a frame, and the caller pins it.
        let new_frame = || {
            other.work(move || fill(frames));
            let frame = frames.pin_newest().expect("no writer").expect("a frame");
            // SAFETY: no other process has the object, and this one does not fork.
            caches.bring(unsafe { frame.as_slice() }, state);
            frame
        };
        type Sum<T, const N: usize> = fn(&Pinned<'_, T, N, 3>) -> T;
        let of_frame = |sum: Sum<T, N>| {
            let new_frame = &new_frame;
            move || {
                let frame = new_frame();
                let (time, found) = timed(|| black_box(sum(black_box(&frame))));
                assert_eq!(found, expected);
                Ok(time)
            }
        };
        let in_place: Sum<T, N> = |frame| {
            // SAFETY: as above.
            by_slice::<T, A>(unsafe { frame.as_slice() })
        };
        let mut ways: Vec<Way<'_>> = vec![
            (IN_PLACE, Box::new(of_frame(in_place))),
            (BLOCKS, Box::new(of_frame(by_blocks::<T, A, N>))),
            (ARRAYS, Box::new(of_frame(by_arrays::<T, A, N>))),
            (ROWS, Box::new(of_frame(by_rows::<T, A, N>))),
            (RACY, Box::new(of_frame(by_racy::<T, N>))),
            (
                COPY,
                Box::new(|| {
                    let frame = new_frame();
                    let (time, found) = timed(|| {
                        frame.copy_into(&mut copy);
                        black_box(by_slice::<T, A>(black_box(&copy)))
                    });
                    assert_eq!(found, expected);
                    Ok(time)
                }),
            ),
            (
                PRIVATE,
                Box::new(|| {
                    let filled = private.clone();
                    other.work(move || fill_slice(&mut filled.lock().expect("no panic")));
                    let slice = private.lock().expect("no panic");
                    caches.bring(&slice, state);
                    let (time, found) = timed(|| black_box(by_slice::<T, A>(black_box(&slice))));
                    assert_eq!(found, expected);
                    Ok(time)
                }),
            ),
        ];
        let series = alternate(options.frames, &mut ways)?;
        let in_place = |ours, at_most| Target::new(ours, Other::Named(IN_PLACE), at_most);
        let [blocks, arrays] = if state == State::Cache { [2.0, 1.3] } else { [1.1, 1.15] };
        Ok(Row {
            name: name.clone(),
            work: format!("sum of a frame of 4 MiB of `{}`, {}", type_name::<T>(), state.words()),
            unit: "ns",
            series,
            targets: vec![in_place(BLOCKS, blocks), in_place(ARRAYS, arrays)],
        })
    }
}

/// Publishes a frame.
fn fill<T: Number, const N: usize>(frames: &Frames<T, N, 3>) {
    let mut frame = frames.try_loan().expect("two slots are free");
    // SAFETY: no other process has the object, and this one does not fork.
    fill_slice(unsafe { frame.as_mut_slice() });
    frame.set_len(N).expect("as long as the frame");
    frame.publish().expect("this process has the slot");
}

fn fill_slice<T: Number>(elements: &mut [T]) {
    for (at, element) in elements.iter_mut().enumerate() {
        *element = T::of(at);
    }
}
