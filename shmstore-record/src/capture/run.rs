//! The loop of a recording.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::Segment;

use super::{Capture, OutputError};

/// The time from one poll to the next.
const FAST: Duration = Duration::from_millis(1);
/// The same after a second without a change.
const SLOW: Duration = Duration::from_millis(10);
/// The least pause between two polls.
const LEAST: Duration = Duration::from_micros(50);
/// The pause between two lists of objects.
const LIST: Duration = Duration::from_millis(250);
/// A list takes at most this part of the time.
const SHARE: u32 = 20;

/// What a recording does after a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It goes on.
    Poll,
    /// It ends.
    End,
}

/// Polls until `each` ends it, the capture [is over](Capture::is_over), or the file cannot be written.
///
/// Another thread calls `list` four times a second, or less often if that takes long, and offers the result. `each` is
/// called after each poll. A caller ends the recording by [`Capture::finish`] afterwards.
///
/// # Errors
///
/// Those of [`Capture::offer`] and [`Capture::poll`].
pub fn run(
    capture: &mut Capture,
    list: impl FnMut() -> Vec<Segment> + Send,
    mut each: impl FnMut(&mut Capture) -> Next,
) -> Result<(), OutputError> {
    let (sender, lists) = mpsc::sync_channel(1);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let is_over = &is_over;
        let lister = scope.spawn(move || list_often(list, &sender, is_over));
        let ended = loop {
            let start = Instant::now();
            let offered = lists.try_recv().map_or(Ok(()), |segments: Vec<Segment>| capture.offer(&segments));
            if let Err(error) = offered.and_then(|()| capture.poll()) {
                break Err(error);
            }
            if each(capture) == Next::End || capture.is_over() {
                break Ok(());
            }
            let period = if capture.is_calm() { SLOW } else { FAST };
            thread::sleep(period.saturating_sub(start.elapsed()).max(LEAST));
        };
        is_over.store(true, Relaxed);
        lister.thread().unpark();
        // A list that waits for its turn is not needed any more.
        drop(lists);
        ended
    })
}

fn list_often(mut list: impl FnMut() -> Vec<Segment>, to: &SyncSender<Vec<Segment>>, is_over: &AtomicBool) {
    while !is_over.load(Relaxed) {
        let start = Instant::now();
        if to.send(list()).is_err() {
            return;
        }
        let pause = LIST.max(start.elapsed() * SHARE);
        let end = Instant::now() + pause;
        while !is_over.load(Relaxed) && Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
    }
}
