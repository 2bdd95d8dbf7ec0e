use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;

use super::channel::{Asleep, Both, Channel, Receives, Sends};
use super::frames::{Fill, Hand, Pin, Publish, Sum, sum_from};
use super::maps::{Get, Map, Value, WholeMap};
use super::*;
use crate::place::Place;

/// One side writes, the other side reads the whole value, by the trait alone.
fn reads_what_was_written<B: Board, const WORDS: usize>(directory: &Path) {
    let mut writer = B::create::<WORDS>(directory).expect("memory for a value");
    let mut reader = B::open::<WORDS>(directory).expect("the value that was created");
    let mut into = Payload::filled(0);
    assert!(reader.try_read(&mut into), "{}: the first value", B::NAME);
    assert_eq!(into, Payload::filled(1), "{}: the first value", B::NAME);
    for word in [7, 8, 9] {
        writer.write(&Payload::filled(word));
        reader.read(&mut into);
        assert_eq!(into, Payload::filled(word), "{}, {WORDS} words", B::NAME);
    }
    writer.write_rounds(&Payload::in_turn().0, 6);
    reader.read(&mut into);
    assert_eq!(into, Payload::filled(2), "{}: the sixth of four in turn", B::NAME);
    assert_eq!(reader.read_rounds(&mut into, 3), Reads { done: 3, ..Reads::default() }, "{}", B::NAME);
}

/// Runs in a thread with room for large values, of which a build without optimization has many copies on the stack.
fn of_all_sizes<B: Board + 'static>() {
    let of_each_size = || {
        let place = Place::new().expect("a directory in memory");
        reads_what_was_written::<B, 8>(&place.make("small").expect("a new name"));
        reads_what_was_written::<B, 512>(&place.make("middle").expect("a new name"));
        reads_what_was_written::<B, 8192>(&place.make("large").expect("a new name"));
    };
    let roomy = std::thread::Builder::new().stack_size(16 << 20);
    roomy.spawn(of_each_size).expect("a new thread").join().expect("the written value is read");
}

macro_rules! reads {
    ($($test:ident: $($board:ty),+;)+) => {
        $(#[test]
        fn $test() {
            $(of_all_sizes::<$board>();)+
        })+
    };
}

reads! {
    iceoryx2_reads_what_was_written: iceoryx2::Iceoryx2;
    lmdb_reads_what_was_written: lmdb::Lmdb;
    mmap_sync_reads_what_was_written: mmap_sync::MmapSync;
    ringfire_reads_what_was_written: ringfire::Ringfire;
    shmstore_reads_what_was_written: shmstore::Stored, shmstore::Exclusive;
}

#[test]
#[cfg(boost)]
fn boost_reads_what_was_written() {
    of_all_sizes::<boost::Boost>();
}

/// Both sides count, and each sees the other's counts.
fn the_lock_guards_a_count<E: Exclude>() {
    let place = Place::new().expect("a directory in memory");
    let mut one = E::create(place.path()).expect("a lock");
    let mut other = E::open(place.path()).expect("the lock that was created");
    one.lock_rounds(3);
    one.count_rounds(5);
    other.count_rounds(2);
    assert_eq!((one.count(), other.count()), (7, 7), "{}", E::NAME);
}

#[test]
fn locks_guard_a_count() {
    the_lock_guards_a_count::<bare::Exchange>();
    the_lock_guards_a_count::<pthread::Pthread>();
    #[cfg(boost)]
    the_lock_guards_a_count::<boost::Side>();
    the_lock_guards_a_count::<::shmstore::Shared<shmstore::Parts>>();
}

fn each_change_adds_one<T: Transact>() {
    let place = Place::new().expect("a directory in memory");
    let mut value = T::create(place.path()).expect("a value");
    let before = value.word();
    value.change_rounds(4);
    assert_eq!(value.word(), before + 4, "{}", T::NAME);
}

#[test]
fn transactions_change_the_value() {
    each_change_adds_one::<pthread::Pthread>();
    each_change_adds_one::<lmdb::Side>();
    #[cfg(boost)]
    each_change_adds_one::<boost::Side>();
    each_change_adds_one::<::shmstore::Shared<shmstore::Parts>>();
}

#[test]
fn all_map_as_much_as_a_small_object_takes() {
    let place = Place::new().expect("a directory in memory");
    let store = ::shmstore::Store::open(place.path()).expect("a directory of this process");
    let object = store.create::<shmstore::Object<8>>().expect("a free key");
    let shmid = ::shmstore::Shared::info(&object).expect("attached").shmid;
    let bytes = crate::sysv::status(shmid).expect("a segment of this process").shm_segsz;
    assert_eq!(bytes, crate::sysv::Attachment::SMALL);
}

/// Attaching and creating can be repeated, so nothing is left of the object before.
fn whole_objects_come_and_go<W: Whole>() {
    let place = Place::new().expect("a directory in memory");
    let mut attach = W::attaching(&place.make("attach").expect("a new name")).expect("an object");
    let mut create = W::creating(&place.make("create").expect("a new name")).expect("room for one");
    for _ in 0..3 {
        attach();
        create();
    }
}

#[test]
fn objects_of_all_systems_come_and_go() {
    whole_objects_come_and_go::<bare::SystemCalls>();
    whole_objects_come_and_go::<iceoryx2::Iceoryx2>();
    whole_objects_come_and_go::<ringfire::Ringfire>();
    whole_objects_come_and_go::<mmap_sync::MmapSync>();
    #[cfg(boost)]
    whole_objects_come_and_go::<boost::Boost>();
    whole_objects_come_and_go::<shmstore::Stored>();
}

/// What one end sends, the other one receives, in order, until there is no more.
fn channels_keep_order<C: Channel, const WORDS: usize>(directory: &Path) {
    let (mut sender, mut receiver) = C::create::<WORDS>(directory).expect("memory for a channel");
    let mut into = Payload::filled(0);
    assert!(!receiver.try_receive(&mut into), "{}: it is empty", C::NAME);
    for first in [10, 20] {
        (first..first + 5)
            .for_each(|word| assert!(sender.try_send(&Payload::filled(word)), "{}: there is room", C::NAME));
        for word in first..first + 5 {
            assert!(receiver.try_receive(&mut into), "{}: {word} is there", C::NAME);
            assert_eq!(into, Payload::filled(word), "{}, {WORDS} words", C::NAME);
        }
        assert!(!receiver.try_receive(&mut into), "{}: it is empty again", C::NAME);
    }
}

fn channels_of_all_sizes<C: Channel + 'static>() {
    let place = Place::new().expect("a directory in memory");
    channels_keep_order::<C, 1>(&place.make("tiny").expect("a new name"));
    channels_keep_order::<C, 6>(&place.make("small").expect("a new name"));
    channels_keep_order::<C, 512>(&place.make("large").expect("a new name"));
}

#[test]
fn queues_and_broadcasts_keep_order() {
    channels_of_all_sizes::<array_queue::InProcess>();
    channels_of_all_sizes::<cloudtoid::Cloudtoid>();
    channels_of_all_sizes::<iceoryx2::Publishing>();
    channels_of_all_sizes::<posix_mq::PosixMq>();
    channels_of_all_sizes::<ringfire::Ring>();
    channels_of_all_sizes::<ringfire::Mpmc>();
    channels_of_all_sizes::<ringfire::MpmcQueue>();
    channels_of_all_sizes::<shmstore_channels::Queued>();
    channels_of_all_sizes::<shmstore_channels::QueuedExclusively>();
    channels_of_all_sizes::<shmstore_channels::Taken>();
    channels_of_all_sizes::<shmstore_channels::TakenExclusively>();
    channels_of_all_sizes::<shmstore_channels::Broadcasted>();
    channels_of_all_sizes::<shmstore_channels::BroadcastedExclusively>();
    #[cfg(boost)]
    channels_of_all_sizes::<boost::MessageQueue>();
}

/// Another thread, in place of another process, answers calls.
fn calls_are_answered<T: Talk>() {
    let place = Place::new().expect("a directory in memory");
    let (ready, is_ready) = mpsc::channel();
    let (opened, is_opened) = mpsc::channel();
    let directory = place.path().to_owned();
    let answering = std::thread::spawn(move || {
        let mut talk = T::create(&directory).expect("the side that answers");
        ready.send(()).expect("a receiver");
        is_opened.recv().expect("the side that calls");
        for _ in 0..3 {
            while !talk.receive() {}
            talk.answer();
        }
    });
    is_ready.recv().expect("it is ready");
    let mut talk = T::open(place.path()).expect("the side that calls");
    opened.send(()).expect("a receiver");
    (0..3).for_each(|_| talk.call());
    answering.join().expect("three calls were answered");
}

#[test]
fn calls_are_answered_by_all_systems() {
    calls_are_answered::<Polling<bare::Atomics>>();
    calls_are_answered::<bare::Futex>();
    calls_are_answered::<futexes::Futexes<1>>();
    calls_are_answered::<futexes::Futexes<32>>();
    calls_are_answered::<Polling<ringfire::Rings<1>>>();
    calls_are_answered::<iceoryx2::Events>();
    calls_are_answered::<Polling<iceoryx2::PubSub>>();
    calls_are_answered::<Polling<shmstore::Spinning>>();
    calls_are_answered::<shmstore::Sleeping>();
    calls_are_answered::<shmstore_waits::AnyOf<1>>();
    calls_are_answered::<shmstore_waits::AnyOf<32>>();
    calls_are_answered::<Polling<Both<iceoryx2::Publishing, 6>>>();
    calls_are_answered::<Polling<Both<ringfire::MpmcQueue, 6>>>();
    calls_are_answered::<Polling<Both<shmstore_channels::QueuedExclusively, 6>>>();
    calls_are_answered::<Polling<Both<shmstore_channels::BroadcastedExclusively, 6>>>();
    calls_are_answered::<Asleep<shmstore_channels::Queued>>();
    calls_are_answered::<Asleep<shmstore_channels::Broadcasted>>();
    calls_are_answered::<Asleep<cloudtoid::Cloudtoid>>();
    calls_are_answered::<Asleep<posix_mq::PosixMq>>();
    calls_are_answered::<Asleep<ringfire::Mpmc>>();
    #[cfg(boost)]
    calls_are_answered::<Asleep<boost::MessageQueue>>();
}

/// A map keeps the newest value of each key.
fn maps_keep_entries<M: Map>(directory: &Path) {
    const ENTRIES: usize = 10_000;
    let map = M::create(directory, ENTRIES).expect("memory for a map");
    let mut into = Payload::filled(0);
    let keys: Vec<u64> = (0..500).map(|key: u64| key.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    assert!(!map.reader().get(keys[0], &mut into), "{}: it is empty", M::NAME);
    map.fill(&keys, Payload::filled);
    map.insert(keys[1], &Payload::filled(7));
    assert!(map.remove(keys[2]) && !map.remove(keys[2]), "{}: it was there, and is no more", M::NAME);
    for (at, &key) in keys.iter().enumerate() {
        let is_there = map.reader().get(key, &mut into);
        assert_eq!(is_there, at != 2, "{}: key {at}", M::NAME);
        assert!(!is_there || into == Payload::filled(if at == 1 { 7 } else { key }), "{}: key {at}: {into:?}", M::NAME);
    }
    let mut all = BTreeMap::new();
    map.each(&mut into, |key, value| assert!(all.insert(key, *value).is_none(), "{}: {key} comes twice", M::NAME));
    let stored = keys.iter().map(|&key| (key, Value::filled(if key == keys[1] { 7 } else { key })));
    let expected: BTreeMap<u64, Value> = stored.filter(|(key, _)| *key != keys[2]).collect();
    assert_eq!(all, expected, "{}", M::NAME);
}

fn shared_maps<M: WholeMap>() {
    let place = Place::new().expect("a directory in memory");
    let directory = |name| place.make(name).expect("a new name");
    maps_keep_entries::<M>(&directory("entries"));
    let map = M::open(&place.path().join("entries"), 10_000).expect("the map that was created");
    assert!(map.reader().get(0, &mut Payload::filled(0)), "{}", M::NAME);
    let memory = map.memory().expect("a map of this process");
    assert!(memory.resident > 499 * 72 && memory.mapped > 499 * 72, "{}: {memory:?}", M::NAME);
    let mut attach = M::attaching(&directory("attach"), 10_000).expect("a map");
    let mut create = M::creating(&directory("create"), 10_000).expect("room for one");
    for _ in 0..3 {
        attach();
        create();
    }
}

#[test]
fn maps_of_all_systems_keep_entries() {
    maps_keep_entries::<process_maps::Locked>(Path::new(""));
    maps_keep_entries::<process_maps::Papaya>(Path::new(""));
    shared_maps::<lmdb_maps::LmdbMap>();
    #[cfg(boost)]
    shared_maps::<boost_maps::BoostMap>();
    shared_maps::<shmstore_maps::Mapped<10_000>>();
    let place = Place::new().expect("a directory in memory");
    maps_keep_entries::<shmstore_maps::ByValue<10_000>>(place.path());
}

/// A reader gets the values that are published after it was opened, each once.
fn a_reader_gets_each_value<H: Hand>()
where
    H::Writer: Publish,
    H::Reader: Pin,
{
    let place = Place::new().expect("a directory in memory");
    let mut writer = H::create(place.path()).expect("memory for values");
    let mut reader = H::open(place.path()).expect("the memory that was created");
    for word in [7, 8, 9] {
        assert_eq!(reader.next(), None, "{}", H::NAME);
        writer.publish(|| word);
        assert_eq!(reader.next(), Some(word), "{}", H::NAME);
    }
}

/// A reader sums up what a writer has filled.
fn a_reader_sums_up_what_was_filled<H: Hand>()
where
    H::Writer: Fill,
    H::Reader: Sum,
{
    let place = Place::new().expect("a directory in memory");
    let mut writer = H::create(place.path()).expect("memory for values");
    let mut reader = H::open(place.path()).expect("the memory that was created");
    for first in [1, 2, 3, u64::MAX] {
        writer.fill(first);
        assert_eq!(reader.sum(), Some(sum_from(first)), "{}", H::NAME);
    }
    assert_eq!(reader.sum(), None, "{}", H::NAME);
}

#[test]
fn large_values_are_handed_over() {
    a_reader_gets_each_value::<bare::Word>();
    a_reader_gets_each_value::<shmstore_frames::Framed>();
    a_reader_gets_each_value::<iceoryx2_frames::Loaned>();
    a_reader_sums_up_what_was_filled::<shmstore_frames::Framed>();
    a_reader_sums_up_what_was_filled::<shmstore_frames::FramedInPlace>();
    a_reader_sums_up_what_was_filled::<shmstore_frames::Copied>();
    a_reader_sums_up_what_was_filled::<iceoryx2_frames::Loaned>();
    a_reader_sums_up_what_was_filled::<mmap_sync::Mapping>();
}
