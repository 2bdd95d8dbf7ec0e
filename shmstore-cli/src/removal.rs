//! Telling what is in use from what others look at meanwhile.
//!
//! Whoever lists the segments, as `shmstore ls` does, attaches each for some microseconds. So a segment is in use only if it stays attached, as
//! [`Segment::remove`] has it too.

use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::Segment;

/// Longer than any list takes to look at one segment, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Segments as they are once those have gone who only looked at them. However many there are, it takes no longer than for one.
#[must_use]
pub fn settled(mut segments: Vec<Segment>) -> Vec<Segment> {
    let since = Instant::now();
    while segments.iter().any(|segment| segment.attached > 0) && since.elapsed() < PATIENCE {
        thread::sleep(PAUSE);
        for segment in segments.iter_mut().filter(|segment| segment.attached > 0) {
            match Segment::of_shmid(segment.shmid) {
                Ok(again) if again.key == segment.key => *segment = again,
                // Gone: who removes it will be told so.
                _ => segment.attached = 0,
            }
        }
    }
    segments
}
