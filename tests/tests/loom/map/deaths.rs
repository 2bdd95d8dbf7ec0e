//! A process is killed at each step in turn. The kernel tells of a death after all that the process has done, so the
//! process that inherits its lock goes on in the same thread.

use loom::sync::Arc;
use loom::thread;

use super::changes::spawn;
use super::locks::Map;
use super::part::{A, B, D, Death, Got, K, Key, Part};
use super::protocol::Reached;
use crate::harness::check;

/// The processes, by their tokens.
const DEAD: u32 = 2;
const HEIR: u32 = 3;
const WRITER: u32 = 4;

const IN_AN_INSERTION: [Death; 9] = [
    Death::Locked,
    Death::At(Reached::Intended),
    Death::At(Reached::EntryTaken),
    Death::Filling,
    Death::At(Reached::EntryLinked),
    Death::At(Reached::EntryChained),
    Death::At(Reached::KeyInserted),
    Death::At(Reached::Counted),
    Death::Unlocking,
];
const IN_A_REMOVAL: [Death; 8] = [
    Death::Locked,
    Death::At(Reached::Intended),
    Death::At(Reached::KeyRemoved),
    Death::At(Reached::EntryUnlinked),
    Death::At(Reached::EntryFreed),
    Death::At(Reached::EntryListed),
    Death::At(Reached::Counted),
    Death::Unlocking,
];
const IN_A_RECOVERY: [Death; 6] = [
    Death::Locked,
    Death::At(Reached::EntryUnlinked),
    Death::At(Reached::EntryFreed),
    Death::At(Reached::EntryListed),
    Death::At(Reached::Counted),
    Death::Unlocking,
];

/// The operation of a process that is killed.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// Of this key, into an entry that was used before, or was not.
    Insert(Key),
    /// Of A.
    Remove,
}

impl Cut {
    /// Executes it, and is killed. Returns the keys that are there then.
    fn until(self, part: &Part, death: Death) -> Vec<Key> {
        match self {
            Self::Insert(key) => {
                let came_to = part.insert_until(key, key.value(), death);
                let is_in = matches!(came_to, Some(Reached::KeyInserted | Reached::Counted));
                if is_in { vec![K, A, key] } else { vec![K, A] }
            }
            Self::Remove => {
                let came_to = part.remove_until(1, death);
                if matches!(came_to, None | Some(Reached::Intended)) { vec![K, A] } else { vec![K] }
            }
        }
    }

    fn deaths(self) -> &'static [Death] {
        match self {
            Self::Insert(_) => &IN_AN_INSERTION,
            Self::Remove => &IN_A_REMOVAL,
        }
    }

    /// Reads, while the process dies and others go on.
    fn read(self, part: &Part) {
        match self {
            Self::Insert(key) if matches!(part.get(key), Got::Value(..)) => {
                assert_ne!(part.get(key), Got::Absent, "nobody removes it");
            }
            Self::Remove if part.get(A) == Got::Absent => {
                assert!(!matches!(part.get(A), Got::Value(..)), "nobody inserts it");
            }
            _ => {}
        }
        assert_ne!(part.get(K), Got::Absent, "nobody removes it");
    }
}

fn sorted(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_unstable_by_key(|key| key.0);
    keys
}

/// A map with the keys K and A. The next entry was used before, or was not.
fn part(is_used_again: bool) -> Part {
    if !is_used_again {
        return Part::new(&[K, A]);
    }
    let part = Part::new(&[K, A, D]);
    part.remove(2);
    part
}

/// The next process inserts another key. A reader is there meanwhile.
pub(crate) fn a_writer_dies() {
    for cut in [Cut::Insert(B), Cut::Remove] {
        for death in cut.deaths() {
            for is_used_again in [false, true] {
                check(1, move || one_dies(cut, *death, is_used_again));
            }
        }
    }
}

fn one_dies(cut: Cut, death: Death, is_used_again: bool) {
    let part = Arc::new(part(is_used_again));
    let reader = thread::spawn({
        let part = part.clone();
        move || cut.read(&part)
    });
    let mut keys = cut.until(&part, death);
    assert_eq!(part.len_now() as usize, keys.len());
    part.recover();
    part.ends_with(&sorted(keys.clone()));
    if keys.len() < 3 {
        assert!(part.insert(D));
        keys.push(D);
    }
    reader.join().unwrap();
    part.ends_with(&sorted(keys));
}

/// The next process is killed, too, while it completes what the first one left. The third one goes on.
pub(crate) fn the_heir_dies_too() {
    for cut in [Cut::Insert(B), Cut::Remove] {
        for first in cut.deaths() {
            for second in IN_A_RECOVERY {
                check(1, move || two_die(cut, *first, second));
            }
        }
    }
}

fn two_die(cut: Cut, first: Death, second: Death) {
    let part = Arc::new(part(true));
    let reader = thread::spawn({
        let part = part.clone();
        move || assert_ne!(part.get(K), Got::Absent, "nobody removes it")
    });
    let keys = cut.until(&part, first);
    part.recover_until(second);
    part.recover();
    reader.join().unwrap();
    part.ends_with(&sorted(keys));
}

/// A process is killed while it removes a key. A second one inherits the lock of the entry, and stores by a handle. A
/// third one inherits the structure lock, and uses the entry again.
pub(crate) fn a_remover_leaves_two_locks() {
    a_handle_inherits(|map, place| map.is_live(place));
}

/// Refuted: the store does not look at the state. It destroys the value of another key.
pub(crate) fn an_heir_of_an_entry_does_not_look() {
    a_handle_inherits(|_, _| true);
}

fn a_handle_inherits(look: fn(&Map, (usize, u32)) -> bool) {
    for death in IN_A_REMOVAL {
        check(3, move || {
            let map = Arc::new(Map::new(&[A]));
            let place = map.find(A).expect("it is there");
            map.entries[0].lock(DEAD);
            map.structure.lock(DEAD);
            let came_to = map.part.remove_until(0, death);
            let is_gone = !matches!(came_to, None | Some(Reached::Intended));
            let writer = spawn(&map, move |map| {
                map.entries[0].inherit(DEAD, WRITER);
                let is_live = look(map, place);
                if is_live {
                    map.part.store(0, A.value() + 1);
                }
                map.entries[0].unlock(WRITER);
                is_live
            });
            map.structure.inherit(DEAD, HEIR);
            map.part.recover();
            assert!(map.part.insert(B));
            map.structure.unlock(HEIR);
            assert_ne!(writer.join().unwrap(), is_gone);
            let inserted = (B, if is_gone { 2 } else { 1 }, B.value());
            let keys = map.part.end();
            assert!(if is_gone { keys == [inserted] } else { keys == [(A, 2, A.value() + 1), inserted] });
        });
    }
}
