use std::path::Path;
use std::sync::mpsc;

use super::*;
use crate::place::Place;

/// What one side writes, the other reads, whole: by the trait alone.
fn what_is_written_is_read<B: Board, const WORDS: usize>(directory: &Path) {
    let mut writer = B::create::<WORDS>(directory).expect("a place for a value");
    let mut reader = B::open::<WORDS>(directory).expect("the place that was made");
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
    assert_eq!(reader.read_rounds(&mut into, 3), Reads { done: 3, torn: 0, starved: 0 }, "{}", B::NAME);
}

/// In a thread with room for large values, of which a build without optimisation has many copies on the stack.
fn of_all_sizes<B: Board + 'static>() {
    let roomy = std::thread::Builder::new().stack_size(16 << 20);
    roomy.spawn(of_each_size::<B>).expect("one thread more").join().expect("what is written is read");
}

fn of_each_size<B: Board>() {
    let place = Place::new().expect("a directory in memory");
    what_is_written_is_read::<B, 8>(&place.make("small").expect("a new name"));
    what_is_written_is_read::<B, 512>(&place.make("middle").expect("a new name"));
    what_is_written_is_read::<B, 8192>(&place.make("large").expect("a new name"));
}

#[test]
fn iceoryx2_reads_what_was_written() {
    of_all_sizes::<iceoryx2::Iceoryx2>();
}

#[test]
fn lmdb_reads_what_was_written() {
    of_all_sizes::<lmdb::Lmdb>();
}

#[test]
fn mmap_sync_reads_what_was_written() {
    of_all_sizes::<mmap_sync::MmapSync>();
}

#[test]
fn ringfire_reads_what_was_written() {
    of_all_sizes::<ringfire::Ringfire>();
}

#[test]
#[cfg(boost)]
fn boost_reads_what_was_written() {
    of_all_sizes::<boost::Boost>();
}

#[test]
fn shmstore_reads_what_was_written() {
    of_all_sizes::<shmstore::Stored>();
    of_all_sizes::<shmstore::Leased>();
}

/// Both sides count, and each sees what the other has counted.
fn the_lock_guards_a_count<E: Exclude>() {
    let place = Place::new().expect("a directory in memory");
    let mut one = E::create(place.path()).expect("a lock");
    let mut other = E::open(place.path()).expect("the lock that was made");
    one.lock_rounds(3);
    one.count_rounds(5);
    other.count_rounds(2);
    assert_eq!((one.count(), other.count()), (7, 7), "{}", E::NAME);
}

#[test]
fn locks_guard_a_count() {
    the_lock_guards_a_count::<exchange::Exchange>();
    the_lock_guards_a_count::<pthread::Pthread>();
    #[cfg(boost)]
    the_lock_guards_a_count::<boost::Side>();
    the_lock_guards_a_count::<::shmstore::Shared<shmstore::part::Parts>>();
}

fn each_change_is_one_more<T: Transact>() {
    let place = Place::new().expect("a directory in memory");
    let mut value = T::create(place.path()).expect("a value");
    let before = value.word();
    value.change_rounds(4);
    assert_eq!(value.word(), before + 4, "{}", T::NAME);
}

#[test]
fn transactions_change_the_value() {
    each_change_is_one_more::<pthread::Pthread>();
    each_change_is_one_more::<lmdb::Side>();
    #[cfg(boost)]
    each_change_is_one_more::<boost::Side>();
    each_change_is_one_more::<::shmstore::Shared<shmstore::part::Parts>>();
}

#[test]
fn all_map_as_much_as_a_small_object_takes() {
    let place = Place::new().expect("a directory in memory");
    let store = ::shmstore::Store::open(place.path()).expect("our own");
    let object = store.create::<shmstore::Object<8>>().expect("a free key");
    let shmid = ::shmstore::Shared::info(&object).expect("attached").shmid;
    let bytes = crate::sysv::status(shmid).expect("our own").shm_segsz;
    assert_eq!(bytes, crate::sysv::Attachment::SMALL);
}

/// Attaching needs no more than it says, and what was created is gone.
fn whole_objects_come_and_go<W: Whole>() {
    let place = Place::new().expect("a directory in memory");
    W::attaching(&place.make("attach").expect("a new name")).expect("an object")(3);
    W::creating(&place.make("create").expect("a new name")).expect("room for one")(3);
}

#[test]
fn objects_of_all_systems_come_and_go() {
    whole_objects_come_and_go::<system_calls::SystemCalls>();
    whole_objects_come_and_go::<iceoryx2::Iceoryx2>();
    whole_objects_come_and_go::<ringfire::Ringfire>();
    whole_objects_come_and_go::<mmap_sync::MmapSync>();
    #[cfg(boost)]
    whole_objects_come_and_go::<boost::Boost>();
    whole_objects_come_and_go::<shmstore::Stored>();
}

/// Calls are answered, by another thread in place of another process.
fn calls_are_answered<T: Talk>() {
    let place = Place::new().expect("a directory in memory");
    let (ready, is_ready) = mpsc::channel();
    let (opened, is_opened) = mpsc::channel();
    let directory = place.path().to_owned();
    let answering = std::thread::spawn(move || {
        let mut talk = T::create(&directory).expect("the side that answers");
        ready.send(()).expect("somebody waits");
        is_opened.recv().expect("the side that calls");
        for _ in 0..3 {
            while !talk.receive() {}
            talk.answer();
        }
    });
    is_ready.recv().expect("it is ready");
    let mut talk = T::open(place.path()).expect("the side that calls");
    opened.send(()).expect("somebody waits");
    (0..3).for_each(|_| talk.call());
    answering.join().expect("three calls were answered");
}

#[test]
fn calls_are_answered_by_all_systems() {
    calls_are_answered::<atomics::Atomics>();
    calls_are_answered::<futex::Futex>();
    calls_are_answered::<ringfire::ring::Side>();
    calls_are_answered::<iceoryx2::event::Side>();
    calls_are_answered::<iceoryx2::pub_sub::Side>();
    calls_are_answered::<shmstore::talk::Polling>();
    calls_are_answered::<shmstore::talk::Sleeping>();
}
