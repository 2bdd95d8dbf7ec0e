//! The last minute of the objects that somebody looks at.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// How long numbers are kept, in milliseconds.
const KEPT: u64 = 60_000;
/// The most ticks and numbers of an object.
const MOST_TICKS: usize = 240;
const MOST_NUMBERS: usize = 128;

/// The numbers of an object at one moment, by their paths.
pub(super) type Numbers = Arc<BTreeMap<String, f64>>;

/// Moments, in milliseconds since 1970, with the numbers of an object.
pub(super) type History = VecDeque<(u64, Numbers)>;

/// The histories of objects, by the nonce of each.
#[derive(Default)]
pub(super) struct Histories(HashMap<u64, History>);

impl Histories {
    /// Notes the numbers of an object, and returns its history up to now.
    pub(super) fn note(&mut self, nonce: u64, time: u64, numbers: impl Iterator<Item = (String, f64)>) -> History {
        let history = self.0.entry(nonce).or_default();
        // The clock may have been set back.
        if history.back().is_some_and(|(last, _)| *last > time) {
            history.clear();
        }
        history.push_back((time, Arc::new(numbers.take(MOST_NUMBERS).collect())));
        while history.len() > MOST_TICKS {
            history.pop_front();
        }
        self.forget_before(time.saturating_sub(KEPT));
        self.0.get(&nonce).cloned().unwrap_or_default()
    }

    /// Forgets old numbers, and objects at which nobody has looked since.
    pub(super) fn forget_before(&mut self, oldest: u64) {
        self.0.retain(|_, history| {
            while history.front().is_some_and(|(time, _)| *time < oldest) {
                history.pop_front();
            }
            !history.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_has_a_minute_and_is_forgotten_after_one() {
        let mut histories = Histories::default();
        let number = || std::iter::once(("n".to_owned(), 1.0));
        for tick in 0..1000 {
            let history = histories.note(7, tick * 250, number());
            let first = history.front().unwrap().0;
            assert!(history.len() <= MOST_TICKS && tick * 250 - first <= KEPT, "{first}");
        }
        histories.note(8, 1_000_000, number());
        assert_eq!(histories.0.len(), 1);
    }
}
