//! Values as bytes, and what a handle keeps.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::dynamic::{DynamicError, Limit};
use shmstore::{Broadcast, FixedString, Frames, Map, Pad, Queue, ShmKey, ShmObject, ShmValue, Versioned, wait_any};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::until_true;

use super::{both, path};

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Symbol {
    account: u16,
    _pad: Pad<2>,
    names: [FixedString<4>; 2],
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'Y')]
struct Bytes {
    count: AtomicU32,
    flag: Versioned<[bool; 2]>,
    feed: Broadcast<[bool; 2], 2>,
    flags: Map<u16, [bool; 2], 2>,
    symbols: Map<Symbol, u8, 4>,
    jobs: Queue<u8, 2>,
    images: Frames<u8, 4, 3>,
}

/// Whether an error is one of a size.
fn is_length<T: std::fmt::Debug>(result: Result<T, DynamicError>) -> bool {
    matches!(result, Err(DynamicError::Length { .. }))
}

/// Whether an error is one of bytes that are not a value.
fn is_invalid<T: std::fmt::Debug>(result: Result<T, DynamicError>) -> bool {
    matches!(result, Err(DynamicError::InvalidValue(_)))
}

#[test]
fn bytes_of_an_atomic_are_swapped_and_changed() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bytes>(&scratch);
    let count = object.atomic(&path("count")).unwrap();
    let mut old = [9; 4];
    count.swap_bytes(&7u32.to_le_bytes(), &mut old).unwrap();
    assert_eq!((old, typed.count.load(Relaxed)), ([0; 4], 7));
    assert!(is_length(count.swap_bytes(&[1], &mut old)) && is_length(count.swap_bytes(&[1; 4], &mut [0])));
    let result = count.update_bytes(|bytes| {
        bytes[0] += 1;
        Ok::<_, DynamicError>(bytes[0])
    });
    assert_eq!((result.unwrap(), typed.count.load(Relaxed)), (8, 8));
    let refused = count.update_bytes(|bytes| {
        bytes[0] = 99;
        Err::<(), _>(DynamicError::Length { expected: 0, found: 0 })
    });
    assert!(is_length(refused) && typed.count.load(Relaxed) == 8);
}

#[test]
fn padding_and_what_follows_a_text_do_not_count_in_the_bytes_of_a_key() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bytes>(&scratch);
    let symbols = object.map(&path("symbols")).unwrap();
    let key = Symbol { account: 7, _pad: Pad::new(), names: ["a".try_into().unwrap(), "full".try_into().unwrap()] };
    let clean = *b"\x07\0\0\0\x01\0\0\0a\0\0\0\x04\0\0\0full";
    let noisy = *b"\x07\0\xff\xff\x01\0\0\0axyz\xff\0\0\0full"; // a length beyond the capacity is the capacity
    for (index, bytes) in [clean, noisy].into_iter().enumerate() {
        assert!(symbols.insert_bytes(&bytes, &[1], Limit::Never).unwrap());
        assert_eq!((typed.symbols.get(&key).unwrap(), typed.symbols.len()), (Some(1), 1), "{index}");
        let mut value = [0];
        for same in [clean, noisy] {
            assert!(symbols.contains_bytes(&same).unwrap());
            assert!(symbols.get_bytes(&same, &mut value).unwrap().is_some());
            assert!(wait_any(&[&symbols.newer_bytes(&same, 0).unwrap()], Duration::ZERO).is_ok());
            let updated = symbols.update_bytes(&same, Limit::Never, |value| {
                value[0] = 2;
                Ok::<_, DynamicError>(())
            });
            assert!(updated.unwrap().is_some());
        }
        symbols.for_each_bytes(|key, _, _| assert_eq!(*key, clean));
        assert!(symbols.remove_bytes(&noisy, &mut value, Limit::Never).unwrap() && typed.symbols.is_empty());
    }
}

#[test]
fn bytes_of_a_map_are_checked_before_and_after_a_change() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bytes>(&scratch);
    let flags = object.map(&path("flags")).unwrap();
    let (key, other) = (5u16.to_le_bytes(), 6u16.to_le_bytes());
    assert!(flags.insert_bytes(&key, &[1, 0], Limit::Never).unwrap() && flags.contains_bytes(&key).unwrap());
    assert!(!flags.contains_bytes(&other).unwrap() && is_length(flags.contains_bytes(&[5])));
    let set = |value: [u8; 2]| {
        flags.update_bytes(&key, Limit::Never, |bytes| {
            bytes.copy_from_slice(&value);
            Ok::<_, DynamicError>(())
        })
    };
    assert_eq!(set([1, 1]).unwrap(), Some(()));
    assert!(is_invalid(set([1, 2])) && typed.flags.get(&5).unwrap() == Some([true, true]));
    assert!(flags.update_bytes(&other, Limit::Never, |_| Ok::<_, DynamicError>(())).unwrap().is_none());
    flags.newer_bytes(&key, 0).unwrap().wait(Limit::Never).unwrap();
    assert!(is_length(flags.newer_bytes(&[5; 3], 0).map(drop)));
    let mut seen = Vec::new();
    flags.for_each_bytes(|key, version, value| seen.push((key.to_vec(), version, value.to_vec())));
    assert_eq!(seen, [(key.to_vec(), 2, vec![1, 1])]);
    let mut old = [0; 2];
    assert!(is_length(flags.remove_bytes(&key, &mut [0; 3], Limit::Never)) && typed.flags.len() == 1);
    assert!(flags.remove_bytes(&key, &mut old, Limit::Never).unwrap() && old == [1, 1]);
    assert!(!flags.remove_bytes(&key, &mut old, Limit::Never).unwrap());
}

#[test]
fn bytes_of_the_newest_item_are_copied() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bytes>(&scratch);
    let feed = object.broadcast(&path("feed")).unwrap();
    let mut bytes = [0; 2];
    assert_eq!(feed.newest_bytes(&mut bytes).unwrap(), None);
    typed.feed.send([true, false]);
    assert_eq!((feed.newest_bytes(&mut bytes).unwrap(), bytes), (Some(0), [1, 0]));
    assert!(is_length(feed.newest_bytes(&mut [0; 3])));
}

#[test]
fn the_type_at_a_path_is_that_of_a_store() {
    let scratch = Scratch::new();
    let (_typed, object) = both::<Bytes>(&scratch);
    for (at, expected) in [("count", "AtomicU32"), ("flag", "[bool; 2]"), ("flag[1]", "bool"), ("flags[7][0]", "bool")]
    {
        assert_eq!(object.value_schema(&path(at)).unwrap().to_string(), expected);
    }
    assert!(matches!(object.value_schema(&path("flag[2]")), Err(DynamicError::Field(_))));
    assert!(matches!(object.value_schema(&path("jobs")), Err(DynamicError::NotAPart { .. })));
}

#[test]
fn nothing_keeps_the_object_attached_once_all_handles_are_dropped() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bytes>(&scratch);
    typed.jobs.try_push(1).unwrap();
    let job = object.queue(&path("jobs")).unwrap().take(Limit::Never).unwrap();
    let frames = object.frames(&path("images")).unwrap();
    let (frame, transaction) =
        (frames.loan(Limit::Never).unwrap(), object.versioned(&path("flag")).unwrap().begin(Limit::Never).unwrap());
    drop((object, frames));
    job.done().unwrap();
    frame.publish().unwrap();
    transaction.commit().unwrap();
    drop(typed);
    until_true("the object to be detached", || scratch.segments().iter().all(|segment| segment.attached == 0));
}
