//! Waits for many changes at a time.

use std::time::{Duration, Instant};

use super::sleep::sleep;
use super::{Awaitable, Ended, Waitable, in_turns};
use crate::error::WaitAnyError;

/// Waits until at least one of several changes is there, at most for `timeout`. Returns which of them are.
///
/// One thread sleeps on all parts at once, of one object or of many. A process that changes one of them wakes it as it
/// wakes any other waiter. Each change is one that the caller has not seen, so it may have come before the call.
///
/// The result says only which changes are there. Load the values and take the items afterwards.
///
/// ```
/// use shmstore::{Event, Versioned, wait_any};
/// use std::time::Duration;
///
/// let (position, speed, stop) = (Versioned::<[f64; 3]>::default(), Versioned::<f64>::default(), Event::new());
/// position.store([1.0, 2.0, 3.0]);
/// stop.notify_all();
/// let ready = wait_any(&[&position.newer(0), &speed.newer(0), &stop.past(0)], Duration::from_secs(1))?;
/// for index in ready {
///     match index {
///         0 => println!("at {:?}", position.load()),
///         1 => println!("{} m/s", speed.load()),
///         _ => println!("stopped {} times", stop.count()),
///     }
/// }
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// If their number is known only at run time, make a list of them first:
///
/// ```
/// use shmstore::{Awaitable, Versioned, wait_any};
/// use std::time::Duration;
///
/// let values: Vec<Versioned<u64>> = std::iter::repeat_with(Versioned::default).take(50).collect();
/// # values[7].store(1);
/// let mut seen = vec![0; values.len()];
/// let newer: Vec<_> = values.iter().zip(&seen).map(|(value, &seen)| value.newer(seen)).collect();
/// let awaited: Vec<&dyn Awaitable> = newer.iter().map(|newer| newer as _).collect();
/// for index in wait_any(&awaited, Duration::from_secs(1))? {
///     let (version, value) = values[index].load_versioned();
///     seen[index] = version;
///     println!("{index}: {value}");
/// }
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// # Details
///
/// - The kernel takes up to 128 parts at a time. If there are more, or a part that this process may only read, the
///   thread also looks at all of them every millisecond.
/// - Where the kernel has no `futex_waitv` (before Linux 5.16, and in some sandboxes), the thread looks at all of them
///   every millisecond.
/// - A signal does not end the wait. See [`wait_any_while`].
///
/// # Errors
///
/// - [`WaitAnyError::Timeout`] once the time is over.
/// - [`WaitAnyError::Removed`] and [`WaitAnyError::AnchorLost`] if the object of one of the changes, or its anchor, was
///   removed, and no change is there. They have the index of one change of this object. No change of it will come any
///   more, so leave all of them out, or attach again.
///
/// # Panics
///
/// Panics if `awaited` is empty.
#[track_caller]
pub fn wait_any(awaited: &[&dyn Awaitable], timeout: Duration) -> Result<Ready, WaitAnyError> {
    assert!(!awaited.is_empty(), "there is nothing to wait for: the list of `wait_any` is empty");
    let all: Vec<&dyn Waitable> = awaited.iter().map(|awaited| awaited.aim().0).collect();
    let started = Instant::now();
    let mut ready = Vec::new();
    let mut look = || {
        ready.clear();
        ready.extend(all.iter().enumerate().filter(|(_, awaited)| awaited.is_there()).map(|(index, _)| index));
        !ready.is_empty()
    };
    if !look() {
        let left = timeout.saturating_sub(started.elapsed());
        sleep(&all, left, &mut look).map_err(|(index, ended)| error(index, ended, &all, timeout))?;
    }
    Ok(Ready { indices: ready, next: 0 })
}

/// Waits as [`wait_any`] does, without a limit. Returns `None` soon after `keep_waiting` returns `false`, which is
/// called first, and then every 5 ms.
///
/// ```
/// use shmstore::{Versioned, wait_any_while};
/// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
///
/// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
/// let (left, right) = (Versioned::<f64>::default(), Versioned::<f64>::default());
/// # RUNNING.store(false, Relaxed);
/// while let Some(ready) = wait_any_while(&[&left.newer(left.version()), &right.newer(0)], || RUNNING.load(Relaxed))? {
///     println!("{}", ready.contains(0));
/// }
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// # Errors
///
/// As [`wait_any`], and never [`WaitAnyError::Timeout`].
///
/// # Panics
///
/// Panics if `awaited` is empty.
#[track_caller]
pub fn wait_any_while(
    awaited: &[&dyn Awaitable],
    keep_waiting: impl Fn() -> bool,
) -> Result<Option<Ready>, WaitAnyError> {
    assert!(!awaited.is_empty(), "there is nothing to wait for: the list of `wait_any_while` is empty");
    in_turns(keep_waiting, |turn| wait_any(awaited, turn))
}

fn error(index: usize, ended: Ended, all: &[&dyn Waitable], waited: Duration) -> WaitAnyError {
    let awaited = all[index].describe();
    match ended {
        Ended::Removed => WaitAnyError::Removed { index, awaited },
        Ended::AnchorLost(anchor) => WaitAnyError::AnchorLost { index, awaited, anchor },
        Ended::Timeout | Ended::NoThread(_) => WaitAnyError::Timeout { awaited, others: all.len() - 1, waited },
    }
}

/// Which changes [`wait_any`] found: the indices in its list, in ascending order. At least one.
#[derive(Debug, Clone)]
pub struct Ready {
    indices: Vec<usize>,
    next: usize,
}

impl Ready {
    /// Returns `true` if the change with this index is there, also after the iterator has passed it.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.indices.binary_search(&index).is_ok()
    }

    /// Returns the index of the first change that is there.
    #[must_use]
    pub fn first(&self) -> usize {
        self.indices[0]
    }
}

impl Iterator for Ready {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let next = self.indices.get(self.next).copied();
        self.next += usize::from(next.is_some());
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.indices.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Ready {}
