//! The words of maps, one by one, as an attacker would try them first.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::map::InsertError;
use shmstore::view::MapView;
use shmstore::{Map, Shared, ShmId, ShmObject, ShmValue, WaitError};
use shmstore_tests::map_words::MapWords;
use shmstore_tests::objects::Block;
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{DEADLINE, flat_out};

use super::harm::{in_time, meanwhile, place};
use super::store;

const BRIEF: Duration = Duration::from_micros(200);
const CAPACITY: usize = 4;
const INTENT: usize = 16;
const HEADS: usize = 256;

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'N')]
struct Sessions {
    map: Map<u64, u64, CAPACITY>,
}

/// Numbers that are wrong as a link, a count, a state, a version or an intent.
const ENDS: [u64; 18] = [
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    u32::MAX as u64,
    1 << 31,
    1 << 32 | 1,
    1 << 32 | 5,
    3 << 32 | 2,
    u64::MAX << 32 | 1,
    u64::MAX << 32 | 2,
    1 << 63,
    u64::MAX,
    u64::MAX - 1,
    u64::MAX / 3,
];

/// Makes every call that has a limit, or that waits for nothing.
fn use_map(map: &Map<u64, u64, CAPACITY>) {
    for key in [5, 6, 9] {
        let _ = in_time(|| (map.get_timeout(&key, BRIEF), map.contains_key(&key)));
        let _ = in_time(|| (map.try_insert(key, 1), map.insert_timeout(key + 10, 1, BRIEF)));
        let _ = in_time(|| (map.try_remove(&key), map.remove_timeout(&(key + 10), BRIEF)));
        let _ = in_time(|| map.wait_newer(&key, 0, BRIEF));
        if let Some(entry) = in_time(|| map.entry(&key)) {
            let _ = in_time(|| (entry.writer_timeout(BRIEF).map(|mut writer| writer.store(7)), entry.is_removed()));
            let _ = in_time(|| (entry.begin_timeout(BRIEF).map(drop), entry.try_writer().map(drop), entry.version()));
            let _ = in_time(|| (entry.wait_newer(1, BRIEF), format!("{entry:?}")));
        }
    }
    let _ = in_time(|| map.wait_changed(map.changes(), BRIEF));
    assert!(in_time(|| map.iter().count()) <= CAPACITY && in_time(|| map.keys().count()) <= CAPACITY);
    assert!(map.len() <= CAPACITY);
    let _ = in_time(|| format!("{map:?} {}", map.is_empty()));
}

fn look(view: &MapView<u64, u64, CAPACITY>) {
    for key in [5, 9] {
        let _ = in_time(|| (view.get_timeout(&key, BRIEF), view.wait_newer(&key, 0, BRIEF)));
    }
    assert!(in_time(|| view.iter().count()) <= CAPACITY && view.len() <= CAPACITY);
    let _ = in_time(|| (view.wait_changed(0, BRIEF), format!("{view:?}")));
}

/// Empties the map, and inserts two keys.
fn make_whole(sessions: &Shared<Sessions>, raw: &Raw) {
    raw.write(place(sessions, &sessions.map, raw), &[0; size_of::<Sessions>()]);
    sessions.map.insert(5, 50).unwrap();
    sessions.map.insert(6, 60).unwrap();
}

#[test]
fn no_word_of_a_map_stops_a_call_from_ending() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let sessions: Shared<Sessions> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Sessions>().unwrap();
    let raw = Raw::at_key(scratch.key(Sessions::ID));
    let at = place(&sessions, &sessions.map, &raw);
    let words = MapWords::of::<u64, u64>(&raw, at, CAPACITY);
    let of_structure = [0, 4, 8, 12, INTENT, 24, 28, 32, 40, 48, 128].into_iter().map(|offset| at + offset);
    let heads = (0..2 * CAPACITY).map(|bucket| at + HEADS + 8 * bucket);
    let of_entries =
        (0..3).flat_map(|index| [0, 4, 8, 16, 20, 24, 28, 32, 48].map(|offset| words.entry(index) + offset));
    for word in of_structure.chain(heads).chain(of_entries) {
        for end in ENDS {
            make_whole(&sessions, &raw);
            // The lock words are 4 bytes: what is next to them stays.
            raw.write(
                word,
                &end.to_le_bytes()[..if (word - at) % 8 == 0 && end > u64::from(u32::MAX) { 8 } else { 4 }],
            );
            look(&seen.map);
            use_map(&sessions.map);
        }
    }
}

#[test]
fn words_of_a_map_that_never_rest_stop_no_call_from_ending() {
    let scratch = Scratch::new();
    let sessions: Shared<Sessions> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Sessions>().unwrap();
    let raw = Raw::at_key(scratch.key(Sessions::ID));
    make_whole(&sessions, &raw);
    let at = place(&sessions, &sessions.map, &raw);
    let harm = |raw: &Raw, round: u64| {
        let words = MapWords::of::<u64, u64>(raw, at, CAPACITY);
        let number = round as u32;
        let lock = number << 29 | u32::from(round & 8 == 0);
        raw.write(at, &lock.to_le_bytes());
        raw.write(at + INTENT, &((round % 6) | (round & 1) << 32 | (round % 5) << 33).to_le_bytes());
        raw.write(at + 24, &[number as u8 % 6, 0, 0, 0, number as u8 % 6, 0, 0, 0, number as u8 % 7]);
        raw.write(at + 40, &round.to_le_bytes());
        raw.write(at + 128, &(round / 100).to_le_bytes());
        let bucket = round as usize % (2 * CAPACITY);
        raw.write(at + HEADS + 8 * bucket, &(u64::MAX << 32 | (round % 6)).to_le_bytes());
        let entry = words.entry(round as usize % CAPACITY);
        raw.write(entry, &number.to_le_bytes());
        raw.write(entry + 4, &[number as u8 % 6]);
        raw.write(entry + 16, &lock.to_le_bytes());
        raw.write(entry + 32, &round.to_le_bytes());
    };
    // The calls without a limit may wait for as long as the harm goes on.
    meanwhile(&raw, harm, || {
        for _ in 0..40 {
            let map = &sessions.map;
            for key in [5, 9] {
                let _ = in_time(|| (map.get_timeout(&key, BRIEF), map.wait_newer(&key, u64::MAX, BRIEF)));
                let _ = in_time(|| (map.try_insert(key, 1), map.insert_timeout(key + 10, 1, BRIEF)));
                let _ = in_time(|| (map.try_remove(&key), map.remove_timeout(&(key + 10), BRIEF)));
            }
            let _ = in_time(|| map.wait_changed(u64::MAX, BRIEF));
            look(&seen.map);
            assert!(in_time(|| map.keys().count()) <= CAPACITY);
        }
    });
}

/// So large that, while one copy is made, somebody else gets to run.
type Huge = Block<1_048_576>;

const ROUNDS: usize = 15;
/// Far more than a call with a limit of some microseconds takes, and far less than until the harm happens to pause.
const SOON: Duration = Duration::from_millis(250);

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Shelf {
    books: Map<u64, Huge, 2>,
}

#[test]
fn key_that_never_rests_stops_no_call_from_ending() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let shelf: Shared<Shelf> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Shelf>().unwrap();
    let raw = Raw::at_key(scratch.key(Shelf::ID));
    let value = Huge::zeroed_box();
    shelf.books.insert_from(&5, &value).unwrap();
    let at = place(&shelf, &shelf.books, &raw);
    let entry = MapWords::of::<u64, Huge>(&raw, at, 2).entry(0);
    // Live all the time, and of another generation, which does not come again soon.
    let state = |round: u64| (round as u32).wrapping_mul(0x9e37_79b9) & !3 | 2;
    let harm = |raw: &Raw, round: u64| {
        raw.write(entry, &state(round).to_le_bytes());
        // So long that searches are not disturbed, and so short that all which is done with the entry is.
        (0..150).for_each(|_| std::hint::spin_loop());
    };
    let (ended, end) = channel();
    meanwhile(&raw, harm, || {
        // Not scoped: what does not end is left behind. Copies of the value are made on the stack.
        let calls = thread::Builder::new().stack_size(256 << 20);
        let calls = calls.spawn(move || {
            let calls: [&dyn Fn() -> bool; 5] = [
                &|| shelf.books.get_timeout(&5, BRIEF).is_err(),
                &|| seen.books.get_timeout(&5, BRIEF).is_err(),
                &|| shelf.books.wait_newer(&5, 0, BRIEF).is_err(),
                &|| shelf.books.insert_timeout(5, *value, BRIEF).is_err(),
                &|| shelf.books.remove_timeout(&5, BRIEF).is_err(),
            ];
            for call in calls {
                let time = || {
                    let started = Instant::now();
                    (call(), started.elapsed())
                };
                ended.send((0..ROUNDS).map(|_| time()).collect::<Vec<_>>()).expect("the test waits");
            }
        });
        calls.expect("a thread");
        for call in ["get", "get of a reader", "wait", "insert", "remove"] {
            let mut rounds = end.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("`{call}` outlives its limit"));
            rounds.sort_by_key(|(_, took)| *took);
            let (refused, median) = (rounds.iter().filter(|round| round.0).count(), rounds[ROUNDS / 2].1);
            println!("`{call}`: {refused} refused, median {median:?}, longest {:?}", rounds[ROUNDS - 1].1);
            // Now and then somebody else has the processor, so nobody disturbs the call, and it ends all the same.
            assert!(median < SOON, "`{call}` takes {median:?}");
        }
    });
}

/// Both entries lead to each other, or one to itself.
#[test]
fn chain_that_leads_in_a_circle_ends() {
    let scratch = Scratch::new();
    let sessions: Shared<Sessions> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Sessions>().unwrap();
    let raw = Raw::at_key(scratch.key(Sessions::ID));
    let at = place(&sessions, &sessions.map, &raw);
    let words = MapWords::of::<u64, u64>(&raw, at, CAPACITY);
    let map = &sessions.map;
    for [next_of_first, next_of_second] in [[1_u32, 2], [2, 1], [1, 1], [2, 2], [5, 0], [u32::MAX, u32::MAX]] {
        make_whole(&sessions, &raw);
        raw.write(words.entry(0) + 4, &next_of_first.to_le_bytes());
        raw.write(words.entry(1) + 4, &next_of_second.to_le_bytes());
        let heads = (0..2 * CAPACITY).map(|bucket| at + HEADS + 8 * bucket);
        // Each search comes by them.
        heads.for_each(|head| raw.write(head, &(u64::MAX << 32 | 1).to_le_bytes()));
        for key in 5..15 {
            // It has no limit, and takes the lock of the keys to find out.
            let found = in_time(|| map.get(&key)).unwrap();
            assert!(found.is_none() || found == Some(10 * key), "{key}: {found:?}");
            let found = in_time(|| map.get_timeout(&key, Duration::from_secs(1)));
            assert!(found.as_ref().is_ok_and(|found| found.is_none() || *found == Some(10 * key)), "{key}: {found:?}");
        }
        // One that only reads gives up after some time.
        if next_of_first == 2 {
            assert_eq!(in_time(|| seen.map.get(&9)).unwrap(), None);
        }
        let refused = in_time(|| seen.map.get_timeout(&9, BRIEF));
        assert!(matches!(refused, Err(WaitError::NeverWhole { .. })), "{refused:?}");
        let _ = in_time(|| map.insert_timeout(9, 90, Duration::from_secs(1)));
        assert!(in_time(|| map.remove_timeout(&5, Duration::from_secs(1))).is_ok());
        assert!(in_time(|| map.iter().count()) <= CAPACITY);
        in_time(|| map.clear());
    }
}

#[test]
fn lock_of_the_keys_that_a_living_process_keeps_ends_no_call_late() {
    let scratch = Scratch::new();
    let sessions: Shared<Sessions> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Sessions>().unwrap();
    let raw = Raw::at_key(scratch.key(Sessions::ID));
    let at = place(&sessions, &sessions.map, &raw);
    let words = MapWords::of::<u64, u64>(&raw, at, CAPACITY);
    let map = &sessions.map;
    make_whole(&sessions, &raw);
    let entry = map.entry(&5).unwrap();
    let writer = entry.writer().unwrap();
    let ours = raw.word(words.entry(0) + 16);
    drop(writer);
    raw.write(at, &ours.to_le_bytes());
    let limit = Duration::from_millis(5);
    for tried in [in_time(|| map.try_insert(9, 90)), in_time(|| map.insert_timeout(9, 90, limit))] {
        assert!(matches!(tried, Err(InsertError::Busy(_))), "{tried:?}");
    }
    assert!(in_time(|| map.try_remove(&5)).is_err() && in_time(|| map.remove_timeout(&5, limit)).is_err());
    // What needs no lock, or that of a value.
    assert_eq!((map.get(&5).unwrap(), map.get(&9).unwrap(), map.len()), (Some(50), None, 2));
    assert_eq!(in_time(|| map.try_insert(5, 51)).unwrap(), Some(50));
    entry.store(52).unwrap();
    assert_eq!(seen.map.get(&5).unwrap(), Some(52));
    assert!(in_time(|| map.wait_changed(map.changes(), limit)).is_err());
    // No search can be undisturbed: the entry says that it is free.
    let heads = (0..2 * CAPACITY).map(|bucket| at + HEADS + 8 * bucket);
    heads.for_each(|head| raw.write(head, &(u64::MAX << 32 | 3).to_le_bytes()));
    let never = in_time(|| map.get_timeout(&9, limit));
    assert!(matches!(never, Err(WaitError::NeverWhole { .. })), "{never:?}");
    assert!(in_time(|| map.wait_newer(&9, 0, limit)).is_err());
    let refused = in_time(|| map.insert_timeout(9, 90, limit));
    assert!(matches!(refused, Err(InsertError::Busy(_))), "{refused:?}");
    raw.write(at, &[0; 4]);
}

/// A seed that is another than that of the insertions, and filters without a bit, hide keys, and do no more harm.
#[test]
fn seed_or_filter_that_lies_only_hides_keys() {
    let scratch = Scratch::new();
    let sessions: Shared<Sessions> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key(Sessions::ID));
    let at = place(&sessions, &sessions.map, &raw);
    let map = &sessions.map;
    for seed in [0, 1, u64::MAX] {
        make_whole(&sessions, &raw);
        raw.write(at + 128, &seed.to_le_bytes());
        for key in [5, 6] {
            let found = in_time(|| map.get(&key)).unwrap();
            assert!(found.is_none() || found == Some(10 * key), "{found:?}");
        }
        let _ = in_time(|| (map.try_insert(7, 70), map.try_insert(8, 80), map.try_remove(&5)));
        assert!(map.iter().all(|item| item.is_ok_and(|(key, value)| value == 10 * key)));
    }
    make_whole(&sessions, &raw);
    (0..2 * CAPACITY).for_each(|bucket| raw.write(at + HEADS + 8 * bucket + 4, &[0; 4]));
    assert_eq!((map.get(&5).unwrap(), map.contains_key(&6), map.iter().count()), (None, false, 2));
    assert_eq!(in_time(|| map.insert(5, 51)).unwrap(), None);
    assert_eq!(map.get(&5).unwrap(), Some(51));
}
