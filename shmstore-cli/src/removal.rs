//! What `rm`, `gc` and `load` share: the question, and the test whether a segment is in use.
//!
//! A program that lists segments, such as `shmstore ls`, attaches each of them for some microseconds. So a segment is
//! in use only if it stays attached. [`Segment::remove`] has the same rule.

use std::io::{self, BufRead, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::Segment;

use crate::about::{called, times};
use crate::failure::Failure;

/// Longer than a list looks at one segment, also on a busy machine.
const GRACE_PERIOD: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Asks the user at the terminal. Returns `true` if the user agrees, or if `yes` was given on the command line.
///
/// # Errors
///
/// [`Failure::Refused`] if there is no terminal to ask at.
pub fn agreed(yes: bool, question: &str) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Refused(format!("{question} There is no terminal to ask at: use --yes")));
    }
    let mut stderr = io::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Waits until programs that only list the segments have detached them. Returns the segments in their new state.
///
/// All segments share one grace period.
#[must_use]
pub fn settled(mut segments: Vec<Segment>) -> Vec<Segment> {
    let since = Instant::now();
    while segments.iter().any(|segment| segment.attached > 0) && since.elapsed() < GRACE_PERIOD {
        thread::sleep(PAUSE);
        for segment in segments.iter_mut().filter(|segment| segment.attached > 0) {
            match Segment::of_shmid(segment.shmid) {
                Ok(again) if again.key == segment.key => *segment = again,
                // The segment no longer exists: its removal will say so.
                _ => segment.attached = 0,
            }
        }
    }
    segments
}

/// Says why a segment in use should not be removed.
#[must_use]
pub fn would_be_split(segment: &Segment, attached: u64) -> String {
    let segment = called(segment);
    format!(
        "{segment} is attached {}: these processes would keep it, and other processes could not find it",
        times(attached)
    )
}
