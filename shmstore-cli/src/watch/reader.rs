//! Reading on a thread of its own: keys must work, however long a read takes.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// What can be read again and again.
pub(super) trait Source: Send + 'static {
    /// What a read gives.
    type News: Send + 'static;

    /// Reads once.
    fn read(&mut self) -> Self::News;

    /// Turns to another object.
    fn turn(&mut self, turn: Turn);

    /// Lets go of what was removed: as long as anybody has it, it takes memory. Asked for while nothing is read.
    fn let_go(&mut self);
}

/// To which other object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The next one.
    Next,
    /// The one before.
    Previous,
}

/// What the reader is told.
enum Order {
    Turn(Turn),
    Pause(bool),
}

/// How often what was removed is let go in a pause.
const PAUSED: Duration = Duration::from_millis(500);

/// A thread that reads. It ends when this is dropped, or with the process.
pub(super) struct Reader<N> {
    news: Receiver<N>,
    orders: Sender<Order>,
}

impl<N: Send + 'static> Reader<N> {
    /// Starts to read, once a period. Reads that take long are followed by a rest as long: half of one CPU is enough.
    pub(super) fn start(source: impl Source<News = N>, period: Duration) -> Self {
        // One read ahead: if nobody takes them, nothing is read.
        let (send, news) = sync_channel(1);
        let (orders, obeyed) = channel();
        thread::spawn(move || {
            // A panic shows as a channel without a sender; whoever reads it gives the terminal back.
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

    /// What was read since: `None` if the reader has ended, which it does by a panic only.
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

    /// Rests, or goes on.
    pub(super) fn pause(&self, paused: bool) {
        drop(self.orders.send(Order::Pause(paused)));
    }
}

/// Waits for the next read, and does what is asked for meanwhile. False if nobody asks any more.
fn obey<S: Source>(source: &mut S, orders: &Receiver<Order>, next: Instant, paused: &mut bool) -> bool {
    loop {
        let wait = if *paused { PAUSED } else { next.saturating_duration_since(Instant::now()) };
        match orders.recv_timeout(wait) {
            Ok(Order::Pause(now)) => *paused = now,
            Ok(Order::Turn(turn)) => {
                // To see another object, one has to look.
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
    fn a_turn_reads_at_once_and_a_reader_that_breaks_is_noticed() {
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
    fn nobody_waits_for_a_read_that_takes_long() {
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
