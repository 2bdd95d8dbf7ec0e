//! A thread that reads, so that keys work during a long read.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Something that can be read repeatedly.
pub(super) trait Source: Send + 'static {
    /// The result of a read.
    type News: Send + 'static;

    /// Reads once.
    fn read(&mut self) -> Self::News;

    /// Turns to another object.
    fn turn(&mut self, turn: Turn);

    /// Detaches a removed object during a pause, because an attached object takes memory.
    fn let_go(&mut self);
}

/// The direction of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The next object.
    Next,
    /// The previous object.
    Previous,
}

/// An order to the reader.
enum Order {
    Turn(Turn),
    Pause(bool),
}

/// How often removed objects are detached during a pause.
const PAUSED: Duration = Duration::from_millis(500);

/// A thread that reads. It ends when this handle is dropped, or with the process.
pub(super) struct Reader<N> {
    news: Receiver<N>,
    orders: Sender<Order>,
}

impl<N: Send + 'static> Reader<N> {
    /// Starts to read once a period. A long read is followed by a pause of the same length, so reading takes at most
    /// half of one CPU.
    pub(super) fn start(source: impl Source<News = N>, period: Duration) -> Self {
        // With a capacity of one, the reader is at most one read ahead.
        let (send, news) = sync_channel(1);
        let (orders, obeyed) = channel();
        thread::spawn(move || {
            // A panic closes the channel. The thread that draws notices it and restores the terminal.
            drop(panic::catch_unwind(AssertUnwindSafe(move || {
                let (mut source, mut paused) = (source, false);
                loop {
                    let begun = Instant::now();
                    if send.send(source.read()).is_err() {
                        return;
                    }
                    let ended = Instant::now();
                    let next = (begun + period).max(ended + (ended - begun));
                    if !obey(&mut source, &obeyed, next, &mut paused) {
                        return;
                    }
                }
            })));
        });
        Self { news, orders }
    }

    /// Returns the news since the last call. Returns `None` if the reader has panicked.
    pub(super) fn news(&self) -> Option<Vec<N>> {
        let mut news = Vec::new();
        loop {
            match self.news.try_recv() {
                Ok(one) => news.push(one),
                Err(std::sync::mpsc::TryRecvError::Empty) => return Some(news),
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return None,
            }
        }
    }

    /// Asks for another object.
    pub(super) fn turn(&self, turn: Turn) {
        drop(self.orders.send(Order::Turn(turn)));
    }

    /// Pauses or resumes.
    pub(super) fn pause(&self, paused: bool) {
        drop(self.orders.send(Order::Pause(paused)));
    }
}

/// Follows orders until the next read. Returns `false` if the handle was dropped.
fn obey<S: Source>(source: &mut S, orders: &Receiver<Order>, next: Instant, paused: &mut bool) -> bool {
    loop {
        let wait = if *paused { PAUSED } else { next.saturating_duration_since(Instant::now()) };
        match orders.recv_timeout(wait) {
            Ok(Order::Pause(now)) => *paused = now,
            Ok(Order::Turn(turn)) => {
                // Another object must be read to be shown.
                *paused = false;
                source.turn(turn);
                return true;
            }
            Err(RecvTimeoutError::Timeout) if *paused => source.let_go(),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Slow(u32);

    impl Source for Slow {
        type News = u32;

        fn read(&mut self) -> u32 {
            self.0 += 1;
            assert!(self.0 < 3, "this test's reader breaks at the third read");
            self.0
        }

        fn turn(&mut self, _: Turn) {
            self.0 = 0;
        }

        fn let_go(&mut self) {}
    }

    fn await_news(reader: &Reader<u32>) -> Option<u32> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match reader.news() {
                Some(news) if news.is_empty() => assert!(Instant::now() < deadline, "no news"),
                Some(news) => return news.last().copied(),
                None => return None,
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_turn_reads_at_once_and_a_panic_of_the_reader_is_noticed() {
        let reader = Reader::start(Slow(0), Duration::from_secs(3600));
        assert_eq!(await_news(&reader), Some(1));
        reader.turn(Turn::Next);
        assert_eq!(await_news(&reader), Some(1));
        let reader = Reader::start(Slow(0), Duration::from_millis(1));
        while await_news(&reader).is_some() {}
    }

    struct Stuck(Receiver<()>);

    impl Source for Stuck {
        type News = u32;

        fn read(&mut self) -> u32 {
            self.0.recv().map_or(0, |()| 7)
        }

        fn turn(&mut self, _: Turn) {}

        fn let_go(&mut self) {}
    }

    #[test]
    fn a_long_read_blocks_no_call() {
        let (end, until) = channel();
        let reader = Reader::start(Stuck(until), Duration::from_millis(1));
        for paused in [true, false] {
            reader.pause(paused);
            reader.turn(Turn::Next);
            assert_eq!(reader.news(), Some(Vec::new()));
        }
        end.send(()).expect("it reads");
        assert_eq!(await_news(&reader), Some(7));
    }
}
