//! The model of a screen with all objects. It knows no terminal.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::Instant;

use super::all::{One, Seen};
use super::list::List;
use super::model::rate;
use crate::text::shown_path;

/// An object and its rate of updates.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) one: One,
    /// Stores a second.
    pub(super) rate: Option<f64>,
    /// Whether it was stored to since the previous read.
    pub(super) is_changed: bool,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) hz: f64,
    /// The path that all objects are below.
    pub(super) path: Option<String>,
    pub(super) list: List,
    pub(super) rows: Vec<Row>,
    pub(super) note: Option<String>,
    measured: HashMap<i32, VecDeque<(Instant, f64)>>,
}

impl Board {
    pub(super) fn new(path: Option<&Path>, hz: f64) -> Self {
        let path = path.map(shown_path);
        Self { hz, path, list: List::default(), rows: Vec::new(), note: None, measured: HashMap::new() }
    }

    /// Takes the news in, unless the list is paused.
    pub(super) fn take(&mut self, seen: Seen) {
        if self.list.paused {
            return;
        }
        let mut before = std::mem::take(&mut self.measured);
        self.note = seen.note;
        self.rows.clear();
        for one in seen.objects {
            let mut measured = before.remove(&one.shmid).unwrap_or_default();
            let last = measured.back().map(|(_, stores)| *stores);
            match one.stores {
                Some(stores) => measured.push_back((seen.at, stores)),
                None => measured.clear(),
            }
            let is_changed = last.is_some() && one.stores > last;
            self.rows.push(Row { rate: rate(&mut measured), is_changed, one });
            let row = &self.rows[self.rows.len() - 1];
            self.measured.insert(row.one.shmid, measured);
        }
    }

    /// Returns the rows that match the filter.
    pub(super) fn matching(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|Row { one, .. }| self.list.matches(&format!("{} {}", one.title, one.type_shown())))
    }

    /// Returns the sums of sizes, attachments and dead participants.
    pub(super) fn totals(&self) -> (u64, u64, usize) {
        self.rows.iter().fold((0, 0, 0), |(size, attached, dead), Row { one, .. }| {
            (size.saturating_add(one.size), attached.saturating_add(one.attached), dead + one.dead)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmstore::inspect::SegmentState;
    use std::time::{Duration, SystemTime};

    fn one(shmid: i32, stores: f64) -> One {
        let (title, state) = (format!("/p{shmid}"), SegmentState::Ready);
        let [path, name, type_name] = [None, None, None];
        One { shmid, title, path, name, type_name, state, size: 10, attached: 1, dead: 1, stores: Some(stores) }
    }

    #[test]
    fn each_object_has_the_rate_of_its_own_stores() {
        let (mut board, start) = (Board::new(None, 4.0), Instant::now());
        let mut see = |millis, objects| {
            let at = start + Duration::from_millis(millis);
            board.take(Seen { at, wall: SystemTime::now(), objects, note: None });
            board.rows.iter().map(|row| (row.rate, row.is_changed)).collect::<Vec<_>>()
        };
        assert_eq!(see(0, vec![one(1, 0.0), one(2, 5.0)]), [(None, false), (None, false)]);
        assert_eq!(see(500, vec![one(1, 10.0), one(2, 5.0)]), [(Some(20.0), true), (Some(0.0), false)]);
        assert_eq!(see(1000, vec![one(2, 5.0), one(3, 0.0)]), [(Some(0.0), false), (None, false)]);
        assert_eq!(board.totals(), (20, 2, 2));
        assert_eq!(board.measured.len(), 2, "a missing object is forgotten");
    }
}
