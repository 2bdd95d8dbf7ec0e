//! The frames that are tortured, and the processes that fill and read them until they are killed.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use shmstore::error::{LoanError, PinError};
use shmstore::frames::{FrameMut, Overrun, Pinned};
use shmstore::view::FramesView;
use shmstore::{Frames, Shared, ShmObject, Store};

use super::os::News;
use crate::random::Random;

/// The elements of 64 KiB, and of 4 MiB.
pub(super) const SMALL: usize = 8192;
pub(super) const LARGE: usize = 524_288;

/// The metadata of a frame: its stamp, which all its elements are, and the number of elements.
type Meta = [u64; 2];

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
pub(super) struct Films {
    pub(super) small: Frames<u64, SMALL, 4, Meta>,
    pub(super) large: Frames<u64, LARGE, 5, Meta>,
    /// For the measurement.
    pub(super) few: Frames<u64, LARGE, 3, Meta>,
}

/// The publications of the last while that are remembered, by their numbers.
const REMEMBERED: usize = 4096;

/// What the processes say of a part of [`Films`].
#[derive(ShmObject)]
#[repr(C)]
pub(super) struct PartBoard {
    /// The greatest number that `publish` has returned.
    pub(super) newest: AtomicU64,
    pub(super) publications: AtomicU64,
    pub(super) pins: AtomicU64,
    /// The frames that were read without a pin, and those that were overwritten meanwhile.
    pub(super) looks: AtomicU64,
    pub(super) overruns: AtomicU64,
    /// The frames that a follower has missed.
    pub(super) missed: AtomicU64,
    numbers: [AtomicU64; REMEMBERED],
}

/// The processes at a time.
pub(super) const PLACES: usize = 10;

/// What the processes and the supervisor tell each other.
#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Board {
    pub(super) parts: [PartBoard; 2],
    /// The pins and the loans that the process of each place has.
    pub(super) pins: [AtomicU64; PLACES],
    pub(super) loans: [AtomicU64; PLACES],
    /// The round of the measurement at which the reader, and the writer, is ready, and the one that is done.
    pub(super) ready: AtomicU64,
    pub(super) waiting: AtomicU64,
    pub(super) done: AtomicU64,
    /// When the writer had a slot, and for how long it was runnable and not scheduled before.
    pub(super) acquired: AtomicU64,
    pub(super) delayed: AtomicU64,
    /// How often the writer has asked, and got a slot.
    pub(super) asked: AtomicU64,
    pub(super) got: AtomicU64,
    /// The order to the reader to look at its frames again, and its answer.
    pub(super) look: AtomicU64,
    pub(super) looked: AtomicU64,
}

/// A place, and its process.
pub(super) struct Job<'a> {
    pub(super) board: &'a Board,
    pub(super) news: &'a News,
    pub(super) place: usize,
    pub(super) random: Random,
    pub(super) generation: u64,
}

/// What the process at a place does: see [`Job::work`].
pub(super) const ROLES: usize = PLACES / 2;

/// A wait of a process.
const LIMIT: Duration = Duration::from_millis(50);

impl Job<'_> {
    /// Works until it is killed.
    pub(super) fn work(mut self, store: &Store) {
        let films: Shared<Films> = store.attach().expect("films");
        let board = &self.board.parts[self.place / ROLES];
        if self.place < ROLES {
            self.work_with(store, &films.small, |films| &films.small, board);
        } else {
            self.work_with(store, &films.large, |films| &films.large, board);
        }
    }

    fn work_with<const N: usize, const K: usize>(
        &mut self,
        store: &Store,
        frames: &Frames<u64, N, K, Meta>,
        part: fn(&<Films as ShmObject>::View) -> &FramesView<u64, N, K, Meta>,
        board: &PartBoard,
    ) {
        match self.place % ROLES {
            0 | 1 => self.write(frames, board),
            2 => self.pin(frames, board),
            3 => self.follow(frames, board),
            _ => {
                let seen = store.attach_read_only::<Films>().expect("films");
                self.look(part(&seen), board);
            }
        }
    }

    fn write<const N: usize, const K: usize>(&mut self, frames: &Frames<u64, N, K, Meta>, board: &PartBoard) {
        let loans = &self.board.loans[self.place];
        for count in 1_u64.. {
            let loan = match self.random.within(0..3) {
                0 => frames.try_loan(),
                _ => frames.loan_timeout(LIMIT),
            };
            let mut frame = match loan {
                Ok(frame) => frame,
                Err(LoanError::Full { .. } | LoanError::Busy(_)) => continue,
                Err(error) => return self.news.violation(&error.to_string()),
            };
            loans.store(1, SeqCst);
            fill(&mut frame, self.generation << 32 | count, N - self.random.within(0..N / 8));
            if self.random.one_in(8) {
                drop(frame);
                loans.store(0, SeqCst);
                continue;
            }
            match frame.publish() {
                Ok(number) => self.acknowledge(board, number),
                Err(error) => self.news.violation(&format!("a living process: {error}")),
            }
            loans.store(0, SeqCst);
        }
    }

    fn acknowledge(&self, board: &PartBoard, number: u64) {
        board.publications.fetch_add(1, SeqCst);
        board.newest.fetch_max(number, SeqCst);
        if board.numbers[number as usize % REMEMBERED].swap(number, SeqCst) == number {
            self.news.violation(&format!("frame {number} was published twice"));
        }
    }

    fn pin<const N: usize, const K: usize>(&mut self, frames: &Frames<u64, N, K, Meta>, board: &PartBoard) {
        loop {
            let least = board.newest.load(SeqCst);
            let way = self.random.within(0..4);
            let pinned = match way {
                0 | 1 => frames.pin_newest(),
                2 => frames.pin(least.saturating_sub(self.random.within(0..3) as u64).max(1)),
                _ => frames.wait_newer(least, LIMIT).map(Some),
            };
            match pinned {
                Ok(Some(frame)) => {
                    let (number, is_newest) = (frame.number(), way < 2);
                    if is_newest && number < least || way == 3 && number <= least {
                        self.news.violation(&format!("{number} is pinned as the newest frame after {least}"));
                    }
                    self.read_twice(frame, board);
                }
                Ok(None) if way != 2 && least > 0 => self.news.violation("there is no frame any more"),
                Ok(None) | Err(PinError::NotYet { .. } | PinError::Disturbed { .. }) => {}
                Err(error) => self.news.violation(&error.to_string()),
            }
        }
    }

    fn follow<const N: usize, const K: usize>(&mut self, frames: &Frames<u64, N, K, Meta>, board: &PartBoard) {
        let mut follower = frames.follow();
        loop {
            let before = follower.position();
            match follower.next(LIMIT) {
                Ok(frame) => {
                    if frame.number() != before + 1 + frame.missed() {
                        self.news.violation(&format!("frame {} follows {before}", frame.number()));
                    }
                    board.missed.fetch_add(frame.missed(), SeqCst);
                    self.read_twice(frame, board);
                }
                Err(PinError::NotYet { .. } | PinError::Disturbed { .. }) => {}
                Err(error) => self.news.violation(&error.to_string()),
            }
        }
    }

    /// Reads a pinned frame, and once more after some time.
    fn read_twice<const N: usize, const K: usize>(&mut self, frame: Pinned<'_, u64, N, K, Meta>, board: &PartBoard) {
        let pins = &self.board.pins[self.place];
        pins.store(1, SeqCst);
        for _ in 0..2 {
            if let Err(error) = check(&frame) {
                self.news.violation(&error);
            }
            thread::sleep(Duration::from_micros(self.random.within(0..3000) as u64));
        }
        drop(frame);
        pins.store(0, SeqCst);
        board.pins.fetch_add(1, SeqCst);
    }

    fn look<const N: usize, const K: usize>(&mut self, frames: &FramesView<u64, N, K, Meta>, board: &PartBoard) {
        loop {
            let least = board.newest.load(SeqCst);
            let read = frames.read_newest(|frame| {
                if frame.number() < least {
                    self.news.violation(&format!("{} is read as the newest frame after {least}", frame.number()));
                }
                let &[stamp, len] = frame.meta().expect("any bytes are valid");
                let mut is_whole = len == frame.len() as u64;
                frame.blocks(|_, block| is_whole &= block.iter().all(|element| *element == stamp))?;
                Ok::<bool, Overrun>(is_whole)
            });
            match read {
                Ok(Some(false)) => self.news.violation("torn: a frame that was read without a pin"),
                Ok(Some(true)) => _ = board.looks.fetch_add(1, SeqCst),
                Ok(None) => thread::yield_now(),
                Err(_) => _ = board.overruns.fetch_add(1, SeqCst),
            }
        }
    }
}

/// Fills a frame: all its elements are its stamp.
pub(super) fn fill<const N: usize, const K: usize>(frame: &mut FrameMut<'_, u64, N, K, Meta>, stamp: u64, len: usize) {
    frame.fill(len, |_, block| block.fill(stamp)).expect("a frame with room");
    frame.set_meta([stamp, len as u64]);
}

/// Checks that a pinned frame is whole.
pub(super) fn check<const N: usize, const K: usize>(frame: &Pinned<'_, u64, N, K, Meta>) -> Result<(), String> {
    let &[stamp, len] = frame.meta();
    let mut others = u64::from(len != frame.len() as u64);
    frame.blocks(|_, block| others += block.iter().filter(|element| **element != stamp).count() as u64);
    let number = frame.number();
    if others > 0 {
        return Err(format!(
            "torn: frame {number} of {} elements has {others} that are not of {stamp:#x}",
            frame.len()
        ));
    }
    if frame.is_intact() { Ok(()) } else { Err(format!("the pin on frame {number} was removed")) }
}

/// Checks that each slot of frames that no process uses can be loaned, and that the newest one is whole. Returns its
/// number.
pub(super) fn check_unused<const N: usize, const K: usize>(
    news: &News,
    frames: &Frames<u64, N, K, Meta>,
    board: &PartBoard,
) -> u64 {
    let mut loans = Vec::new();
    let refused = loop {
        match frames.try_loan() {
            Ok(loan) => loans.push(loan),
            Err(error) => break error,
        }
    };
    let (number, acknowledged) = (frames.newest_number(), board.newest.load(SeqCst));
    let expected = if number == 0 { K } else { K - 1 };
    if loans.len() != expected {
        news.violation(&format!("{} slots of {K} can be loaned, and {refused}", loans.len()));
    }
    if number < acknowledged {
        news.violation(&format!("frame {acknowledged} was acknowledged, and the newest is {number}"));
    }
    match frames.pin_newest() {
        Ok(Some(frame)) => check(&frame).unwrap_or_else(|error| news.violation(&error)),
        Ok(None) if number == 0 => {}
        other => news.violation(&format!("frame {number} is the newest, and {other:?} is pinned")),
    }
    number
}
