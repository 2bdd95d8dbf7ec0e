//! The models have a map of three entries, and a process that is killed while it inserts, removes, or completes what
//! another one has left.

#[path = "../map/order.rs"]
mod order;
#[path = "../map/part.rs"]
mod part;

use self::part::{A, B, C, D, Key, Part};
use super::{atomics, protocol, seqlock, state};
use crate::recorder::each_crash;

/// The entry that is removed.
const REMOVED: usize = 1;

/// Maps whose next entry was never used, and was used before. The chain of the new key has others, or none.
fn with_room() -> Vec<Part> {
    let [one_free, two_free] = [(); 2].map(|()| Part::new(&[A, C, D]));
    one_free.remove(2);
    two_free.remove(2);
    two_free.remove(1);
    vec![Part::new(&[D]), Part::new(&[A]), Part::new(&[D, A]), one_free, two_free]
}

/// Maps with the key B in front of a chain, between others, at the end, and alone.
fn with_key() -> Vec<Part> {
    [&[A, B][..], &[A, B, C], &[D, B, A], &[D, B]].into_iter().map(Part::new).collect()
}

fn insert(part: &Part) {
    assert!(part.insert(B));
}

fn remove(part: &Part) {
    part.remove(REMOVED);
}

fn keys(part: &Part) -> Vec<Key> {
    part.end().into_iter().map(|(key, ..)| key).collect()
}

/// Checks a map from which B came or went, or did neither. Then the map goes on.
fn is_in_order(part: &Part, before: &[Key]) {
    part.recover();
    let mut after = keys(part);
    let is_in = after.contains(&B);
    assert!(is_in || part.floor() >= 1 || !before.contains(&B), "the next version of B is newer");
    let others = |keys: &[Key]| keys.iter().copied().filter(|key| *key != B).collect::<Vec<Key>>();
    assert_eq!(others(&after), others(before), "the others are still there");
    let new = if is_in { Key(5, 5) } else { B };
    if part.insert(new) {
        after.push(new);
        after.sort_unstable_by_key(|key| key.0);
    }
    part.ends_with(&after);
}

/// The key came, or did not.
pub(crate) fn insertions_are_cut_short() {
    for part in with_room() {
        let before = keys(&part);
        each_crash(|| part.copy(), insert, |part| is_in_order(part, &before));
    }
}

/// The key went, or did not.
pub(crate) fn removals_are_cut_short() {
    for part in with_key() {
        let before = keys(&part);
        each_crash(|| part.copy(), remove, |part| is_in_order(part, &before));
    }
}

/// The next process is killed, too.
pub(crate) fn recoveries_are_cut_short() {
    let cases = with_room().into_iter().map(|part| (part, insert as fn(&Part)));
    for (part, process) in cases.chain(with_key().into_iter().map(|part| (part, remove as fn(&Part)))) {
        let before = keys(&part);
        each_crash(
            || part.copy(),
            process,
            |part| each_crash(|| part.copy(), Part::recover, |part| is_in_order(part, &before)),
        );
    }
}
