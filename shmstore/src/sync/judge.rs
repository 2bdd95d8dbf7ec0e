//! Which of the processes whose tokens stand in the words of a part are dead.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::describe::PartRef;
use crate::segment::this_process;
use crate::segment::this_process::registry::{SegmentRef, segment_at};

/// The time in which one search asks about processes. A peer may have written a token of its own into every word. The
/// words of processes that were not asked about stay for a later search.
const TO_JUDGE: Duration = Duration::from_millis(100);

/// One search of a part for the tokens of dead processes. The kernel is asked once for each process.
pub(super) struct Judge {
    part: PartRef,
    ours: u32,
    /// Looked up only if there is a token of another process.
    segment: OnceCell<Option<SegmentRef>>,
    judged: HashMap<u32, bool>,
    started: Option<Instant>,
}

impl Judge {
    pub(super) fn of(part: PartRef) -> Self {
        let ours = this_process::token();
        Self { part, ours, segment: OnceCell::new(), judged: HashMap::new(), started: None }
    }

    /// Returns `true` if the process with this token is dead. `false` once the time of the search is over.
    pub(super) fn is_dead(&mut self, token: u32) -> bool {
        if token == self.ours {
            return false;
        }
        if let Some(is_dead) = self.judged.get(&token) {
            return *is_dead;
        }
        if self.started.get_or_insert_with(Instant::now).elapsed() >= TO_JUDGE {
            return false;
        }
        let segment = self.segment.get_or_init(|| segment_at(self.part.address()));
        let is_dead = segment.as_ref().is_some_and(|segment| segment.token_is_dead(token));
        self.judged.insert(token, is_dead);
        is_dead
    }
}
