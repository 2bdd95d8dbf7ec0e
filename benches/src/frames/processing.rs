//! Computing with the elements of frames of 4 MiB, beside slices in place.
//!
//! All systems take turns, one frame at a time. Before each frame, its memory is brought into the same state.

mod fill;
mod state;
mod sum;

use std::path::Path;
use std::time::{Duration, Instant};

use shmstore::{Frames, Shared, ShmObject, Store};

use super::Measure;
use crate::Failure;
use crate::batch::{Sample, Series};
use state::OtherCore;

/// The size of a frame in bytes.
const BYTES: usize = 4 << 20;

/// Two names of the bare machine, which are in the list of [`BARE`](crate::row::BARE).
const IN_PLACE: &str = "slice in place";
const PRIVATE: &str = "private slice";

/// Frames of each type of element.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'P')]
struct Processed {
    bytes: Frames<u8, BYTES, 3>,
    words: Frames<u64, { BYTES / 8 }, 3>,
    floats: Frames<f32, { BYTES / 4 }, 3>,
}

/// All rows, by their names. The other processor fills frames for some of them.
///
/// # Errors
///
/// A failure of shmstore.
pub fn rows(directory: &Path, other: usize) -> Result<Vec<(String, Measure)>, Failure> {
    let object: &'static Shared<Processed> = Box::leak(Box::new(Store::open(directory)?.create::<Processed>()?));
    object.bytes.prefault()?;
    object.words.prefault()?;
    object.floats.prefault()?;
    let other: &'static OtherCore = Box::leak(Box::new(OtherCore::new(other)));
    let mut rows = sum::rows("bytes", &object.bytes, other);
    rows.extend(sum::rows("u64", &object.words, other));
    rows.extend(sum::rows("f32", &object.floats, other));
    rows.extend(fill::rows(&object.words));
    Ok(rows)
}

/// A system: its name, and what does the work once and returns its time.
type Way<'a> = (&'static str, Box<dyn FnMut() -> Result<Duration, Failure> + 'a>);

/// Lets all systems do their work in turn, a number of times.
fn alternate(times: usize, ways: &mut [Way<'_>]) -> Result<Vec<Series>, Failure> {
    let mut all: Vec<Series> = ways.iter().map(|(name, _)| Series { name, ..Series::default() }).collect();
    for time in 0..times {
        for turn in 0..ways.len() {
            let at = (time + turn) % ways.len();
            let taken = ways[at].1()?;
            all[at].samples.push(Sample { nanoseconds: taken.as_nanos() as f64, rounds: 1, ..Sample::default() });
        }
    }
    Ok(all)
}

/// Does some work, and returns its time.
fn timed<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}
