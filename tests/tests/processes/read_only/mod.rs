//! Attaching for reading only: what it takes, what it shows, and that nothing of it is written anywhere.

mod views;
mod waiting;

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use shmstore::{AttachError, ReadOnly, Shared, ShmLayout, Store};
use shmstore_tests::objects::{Position, Telemetry, drifted};
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::raw::{Raw, SIZE_TAG, field, plant};
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;
use shmstore_tests::wait;

struct Mapped {
    permissions: String,
    shmid: String,
}

/// The mapping that an address lies in, as the kernel tells.
fn mapped_at<T: ?Sized>(object: &T) -> Mapped {
    let address = std::ptr::from_ref(object).cast::<u8>().addr();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (from, to) = words[0].split_once('-')?;
        let [from, to] = [from, to].map(|at| usize::from_str_radix(at, 16).unwrap());
        // A segment's number stands in the inode's place.
        (from..to).contains(&address).then(|| Mapped { permissions: words[1].into(), shmid: words[4].into() })
    };
    maps.lines().find_map(of_line).expect("a reference points into a mapping")
}

fn attached(scratch: &Scratch) -> u64 {
    segments::at_key(scratch.key('T'))[0].attached
}

#[test]
fn what_another_process_stores_is_seen() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let seen = scratch.store().attach_read_only::<Telemetry>().unwrap();
    assert_eq!((seen.frames.load(SeqCst), seen.position.load_versioned().0), (7, 0));
    writer.expect_ok("add 3");
    writer.expect_ok("store 5");
    assert_eq!(seen.frames.load(SeqCst), 10);
    assert_eq!(seen.position.load_versioned(), (1, Position { x: 5.0, y: 5.0, z: 5.0 }));
    assert_eq!((seen.position.version(), seen.label.load().to_str()), (1, Ok("")));
}

#[test]
fn mapping_is_read_only_for_the_kernel_and_beside_the_one_for_writing() {
    let scratch = Scratch::new();
    let written = scratch.store().create::<Telemetry>().unwrap();
    let seen = scratch.store().attach_read_only::<Telemetry>().unwrap();
    let shmid = ReadOnly::info(&seen).unwrap().shmid.to_string();
    let [of_written, of_seen] = [mapped_at(&*written), mapped_at(&*seen)];
    assert_eq!((of_written.permissions.as_str(), &of_written.shmid), ("rw-s", &shmid));
    assert_eq!((of_seen.permissions.as_str(), &of_seen.shmid), ("r--s", &shmid));
    // Whoever writes does not get the mapping of those who look, whichever came first.
    drop(written);
    let written = scratch.store().attach::<Telemetry>().unwrap();
    assert_eq!(mapped_at(&*written).permissions, "rw-s");
    written.frames.store(7, Relaxed);
    assert_eq!(seen.frames.load(Relaxed), 7);
}

#[test]
fn attaching_a_thousand_times_makes_one_mapping_and_leaves_none() {
    let scratch = Scratch::new();
    let _writer = Peer::creator(scratch.path());
    let store = scratch.store();
    let mut seen: Vec<ReadOnly<Telemetry>> = (0..1000).map(|_| store.attach_read_only().unwrap()).collect();
    seen.push(seen[0].clone());
    assert!(seen.iter().all(|one| std::ptr::eq(&**one, &*seen[0])));
    wait::until_equal(|| attached(&scratch), 2);
    let last = seen.pop().unwrap();
    drop(seen);
    wait::until_equal(|| (attached(&scratch), last.frames.load(Relaxed)), (2, 7));
    drop(last);
    wait::until_equal(|| attached(&scratch), 1);
}

#[test]
fn threads_that_attach_and_let_go_at_a_time_leave_nothing() {
    let scratch = Scratch::new();
    let _writer = Peer::creator(scratch.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let seen = scratch.store().attach_read_only::<Telemetry>().unwrap();
                    assert_eq!(seen.clone().frames.load(Relaxed), 7);
                }
            });
        }
    });
    wait::until_equal(|| attached(&scratch), 1);
}

#[test]
fn process_that_only_looks_writes_nothing_in_the_segment_and_is_no_participant() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let before = Raw::at_key(scratch.key('T')).bytes();
    let mut observers = [(); 3].map(|()| Peer::start(scratch.path()));
    for observer in &mut observers {
        observer.expect_ok("see");
        assert_eq!(observer.expect_ok("seen frames"), "7");
        assert_eq!(observer.expect_ok("seen load"), "0 0 0 0");
        assert_eq!(observer.expect_ok("seen removed"), "false");
        assert_eq!(observer.expect_ok("seen participants"), "1");
    }
    wait::until_equal(|| attached(&scratch), 4);
    observers.iter_mut().for_each(|observer| drop(observer.expect_ok("seen nothing")));
    wait::until_equal(|| attached(&scratch), 1);
    assert!(Raw::at_key(scratch.key('T')).bytes() == before, "it was written");
    assert_eq!(writer.expect_ok("participants"), "1");
}

#[test]
fn full_table_keeps_nobody_from_looking_and_says_so() {
    let scratch = Scratch::new();
    let mut writer = Peer::start_with(scratch.path(), &[("PEER_MAX_PROCESSES", "1")]);
    writer.expect_ok("create 7");
    let mut observers = [(); 2].map(|()| Peer::start(scratch.path()));
    for observer in &mut observers {
        for command in ["attach", "view"] {
            let message = observer.expect_err(command, "ParticipantsFull");
            assert!(message.ends_with(". For reading, `attach_read_only` needs no slot"), "{message}");
        }
        observer.expect_ok("see");
        assert_eq!(observer.expect_ok("seen frames"), "7");
    }
    // They do not fill it either.
    writer.kill();
    assert_eq!(Peer::start(scratch.path()).expect_ok("attach"), "attached");
}

#[test]
fn removal_is_seen_and_what_was_there_last_stays() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let removed = scratch.store().attach_read_only::<Telemetry>().unwrap();
    assert!(!ReadOnly::is_removed(&removed));
    assert_eq!(ReadOnly::info(&removed).unwrap().state.to_string(), "ready");
    writer.expect_ok("remove");
    assert!(ReadOnly::is_removed(&removed));
    assert_eq!(ReadOnly::info(&removed).unwrap().state.to_string(), "removed");
    assert_eq!(removed.frames.load(Relaxed), 7);

    // From outside, when nobody writes so.
    writer.expect_ok("create 8");
    let taken = scratch.store().attach_read_only::<Telemetry>().unwrap();
    remove_segment(ReadOnly::info(&taken).unwrap().shmid);
    assert!(!ReadOnly::is_removed(&taken));
    assert_eq!(ReadOnly::info(&taken).unwrap().state.to_string(), "removed");
    assert_eq!((removed.frames.load(Relaxed), taken.frames.load(Relaxed)), (7, 8));
}

#[test]
fn info_tells_of_the_object_and_its_creator() {
    let scratch = Scratch::new();
    let writer = Peer::creator(scratch.path());
    let seen = scratch.store().attach_read_only::<Telemetry>().unwrap();
    wait::until_equal(|| ReadOnly::info(&seen).unwrap().attached, 2);
    let info = ReadOnly::info(&seen).unwrap();
    assert_eq!((info.type_name.as_deref(), info.id, info.key.to_raw()), (Some("Telemetry"), 'T', scratch.key('T')));
    assert_eq!(info.creator_pid, Some(writer.pid()));
    let participants = ReadOnly::participants(&seen);
    assert_eq!(participants.iter().map(|one| one.pid).collect::<Vec<_>>(), [writer.pid()]);
}

#[test]
fn other_layout_is_refused_field_by_field() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let error = scratch.store().attach_read_only::<drifted::Telemetry>().unwrap_err();
    let for_writing = scratch.store().attach::<drifted::Telemetry>().unwrap_err();
    assert!(matches!(error, AttachError::LayoutMismatch(_)), "{error}");
    assert!(error.to_string().contains("~ position.x    f32 at +0          f64 at +0     type differs"), "{error}");
    assert_eq!(error.to_string(), for_writing.to_string());
}

#[test]
fn what_is_not_ours_or_damaged_is_refused_as_by_attach() {
    let scratch = Scratch::new();
    let store = Store::options().wait(Duration::ZERO).open(scratch.path()).unwrap();
    let both = |what: &str| {
        let seen = store.attach_read_only::<Telemetry>().unwrap_err().to_string();
        assert_eq!(seen, store.attach::<Telemetry>().unwrap_err().to_string(), "{what}");
        seen
    };
    // By its size; and by what is written after a first word that is not.
    for (size, bytes) in [(8192, b"data".as_slice()), (8192 + SIZE_TAG, b"\0\0\0\0\0\0\0\0data")] {
        let _foreign = plant(scratch.key('T'), size, 0o600, bytes);
        assert!(both("foreign").contains("belongs to a foreign segment"));
    }
    drop(store.create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    let pristine = raw.bytes();
    let cases = [
        ("version", field::VERSION, 2, "has segment format 2"),
        ("geometry", field::SLOT_COUNT, 0, "`slot_count` of its header is 0"),
        ("hash", field::LAYOUT_HASH, 1, "is damaged: `layout_hash`"),
        ("id", field::ID, u64::from(b'U'), "is taken by another anchor's object"),
        ("first word", field::FIRST_WORD, 7, "belongs to a foreign segment"),
    ];
    for (what, field, value, says) in cases {
        raw.write(0, &pristine);
        raw.set(field, value);
        let message = both(what);
        assert!(message.contains(says), "{what}: {message}");
    }
}

#[test]
fn child_of_fork_goes_on_with_what_it_inherits_and_takes_nothing_from_its_parent() {
    let scratch = Scratch::new();
    let mut writer = Peer::creator(scratch.path());
    let mut parent = Peer::start(scratch.path());
    parent.expect_ok("see");
    let _child = Child::fork(&mut parent);
    assert_eq!(parent.expect_ok("child seen"), "7 0");
    wait::until_equal(|| attached(&scratch), 3);
    // It needs no slot for what it inherited; and it gets one, in its own mapping, for what it attaches for writing.
    parent.expect_ok("child attach");
    parent.expect_ok("child store");
    assert_eq!(parent.expect_ok("child seen"), "7 1");
    assert_eq!(writer.expect_ok("participants"), "2");
    parent.expect_ok("child seen nothing");
    assert_eq!(parent.expect_ok("seen"), "7 1");
    parent.expect_ok("seen nothing");
    parent.expect_ok("child see");
    assert_eq!(parent.expect_ok("child seen"), "7 1");
}

#[test]
fn object_is_shown_for_people_as_it_is_to_those_who_write() {
    let scratch = Scratch::new();
    let written = scratch.store().create::<Telemetry>().unwrap();
    written.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
    let seen = scratch.store().attach_read_only::<Telemetry>().unwrap();
    let shown = format!("{seen:?}");
    assert_eq!(shown.replace("VersionedView", "Versioned"), format!("{written:?}"));
    assert!(
        shown.contains("Telemetry { frames: 0") && shown.contains("Position { x: 1.0, y: 2.0, z: 3.0 }"),
        "{shown}"
    );
}

#[test]
fn handle_can_be_sent_and_shared_between_threads() {
    fn is_both<T: Send + Sync + Clone>(_: &T) {}
    let scratch = Scratch::new();
    let written: Shared<Telemetry> = scratch.store().create().unwrap();
    let seen = scratch.store().attach_read_only::<Telemetry>().unwrap();
    is_both(&seen);
    written.frames.store(7, SeqCst);
    assert_eq!(std::thread::spawn(move || seen.frames.load(SeqCst)).join().unwrap(), 7);
    assert_eq!(size_of::<<Telemetry as shmstore::ShmObject>::View>(), Telemetry::SCHEMA.size());
}
