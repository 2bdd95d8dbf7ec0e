//! Measuring a recovery: from the kernel's release of a victim until the measurer has what the victim had.

use std::io::Write;
use std::sync::atomic::Ordering::SeqCst;

use super::check;
use super::job::Common;
use super::measure;
use super::os::{not_scheduled_of, now};
use super::report::{LIMIT, Recovery};
use super::supervisor::{SECOND, Supervisor};
use super::victim::{KINDS, Kind, NAME};
use crate::raw::{Raw, find};
use crate::scratch::key_of;
use crate::segments;

/// A measurement under way.
pub(super) struct Measurement {
    kind: usize,
    generation: u64,
    pub(super) released: u64,
    was_looked_at: bool,
    is_virgin: bool,
    /// For how long the checker had been runnable and not scheduled. It lists all objects now and then, which attaches each
    /// for a moment; and whoever recovers a half-made object waits until nobody else has it attached.
    checker_delayed: u64,
    /// What was seen when half of the limit was over.
    seen: String,
}

impl Supervisor<'_> {
    /// As soon as a victim has its part, the measurer waits for it, and then it is killed within milliseconds.
    pub(super) fn measure_victim(&mut self) {
        let board = self.common.board;
        let Some(victim) = self.running.iter_mut().find(|running| running.has_its_part(board)) else { return };
        if victim.is_measured {
            return;
        }
        let kind = victim.kind.expect("a victim");
        let released = 0;
        board.measured.released.store(released, SeqCst);
        victim.is_measured = true;
        victim.due = now() + self.random.within(0..8_000_000) as u64;
        let generation = victim.generation;
        let (was_looked_at, is_virgin, seen) = (false, false, String::new());
        let checker_delayed = not_scheduled_of(self.long_lived[check::PLACE]);
        let measurement = Measurement { kind, generation, released, was_looked_at, is_virgin, checker_delayed, seen };
        self.measurement = Some(measurement);
        let orders = self.orders.as_mut().expect("not finished");
        // If the measurer has died, that is seen elsewhere.
        let _ = orders.write_all(&measure::order(kind, generation));
    }

    /// Whether the measurer has it; and if not within the limit, whether there is a reason that is documented.
    pub(super) fn look_at_measurement(&mut self) {
        let Some(measurement) = &mut self.measurement else { return };
        let board = self.common.board;
        let Measurement { kind, generation, released, .. } = *measurement;
        if released == 0 {
            return;
        }
        if board.measured.done.load(SeqCst) == generation {
            let since = released.max(board.measured.began.load(SeqCst));
            let nanoseconds = board.measured.acquired.load(SeqCst).saturating_sub(since);
            let mut not_scheduled = board.measured.not_scheduled.load(SeqCst);
            if matches!(KINDS[kind].0, Kind::Create | Kind::Remove) {
                let checker = not_scheduled_of(self.long_lived[check::PLACE]);
                not_scheduled += checker.saturating_sub(measurement.checker_delayed);
            }
            let recovery = Recovery { nanoseconds, not_scheduled, generation };
            self.report.recovered(self.common, kind, recovery, measurement.is_virgin, &measurement.seen);
            self.measurement = None;
        } else if now() > released + LIMIT / 2 && !measurement.was_looked_at {
            measurement.was_looked_at = true;
            // Before we attach it ourselves.
            let table = segments::at_key(key_of(&self.common.path.join(format!("{NAME}.shm")), 'C'));
            let (op, nanoseconds) = board.long_lived[check::PLACE].doing();
            measurement.is_virgin = has_no_first_word(self.common);
            measurement.seen = format!("{table:?}; checker: {} for {} us", op.name(), nanoseconds / 1000);
        } else if now() > released + 10 * SECOND {
            self.report.violation(&format!("generation {generation}: the measurer hangs"));
            self.end = 0;
        }
    }
}

/// Whether the object that is created for the measurer is a segment without a first word.
fn has_no_first_word(common: &Common<'_>) -> bool {
    let path = common.path.join(format!("{NAME}.shm"));
    let segment = find(key_of(&path, 'C')).and_then(Raw::try_attach);
    segment.is_some_and(|segment| segment.read(0..8) == [0; 8])
}
