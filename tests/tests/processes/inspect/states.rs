//! What state a segment is in.

use shmstore_tests::wait;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use shmstore::inspect::{InspectError, Object, Segment, SegmentState, WhileAttached, segments, usage};
use shmstore::{Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, BOB, PublicPeer, with_users};
use shmstore_tests::raw::{Field, Raw, SIZE_TAG, field, find, plant};
use shmstore_tests::scratch::{Planted, Scratch};

use super::segment;

/// The steps of a creation at which a segment is there and not whole.
const HALF_MADE: [&str; 8] = [
    "CreateSegment",
    "CreateClaimed",
    "CreateDescribed",
    "CreateInitializing",
    "CreateSchema",
    "SlotClaimed",
    "CreateParticipant",
    "CreateInitialized",
];

/// The state of the segment at the key of a test's object; and that it is listed with the same.
#[track_caller]
fn state(scratch: &Scratch) -> SegmentState {
    let shmid = find(scratch.key('T')).expect("a segment");
    let listed = segments().unwrap().into_iter().find(|segment| segment.shmid == shmid).expect("it is listed");
    assert_eq!(listed.state, segment(shmid).state);
    listed.state
}

#[test]
fn object_is_ready_with_all_that_it_says_of_itself() {
    let scratch = Scratch::new();
    let peer = Peer::creator(scratch.path());
    let shmid = find(scratch.key('T')).unwrap();
    wait::until_equal(|| segment(shmid).attached, 1);
    let there = segment(shmid);
    assert_eq!((there.state, there.detail.as_deref()), (SegmentState::Ready, None));
    assert_eq!((there.path(), there.type_name()), (Some(scratch.path()), Some("Telemetry")));
    assert_eq!((there.key.to_raw(), there.mode, there.creator_pid), (scratch.key('T'), 0o600, peer.pid()));
    let of = there.description.as_ref().unwrap();
    assert_eq!((of.id, of.format, of.object_size), ('T', 1, size_of::<Telemetry>() as u64));
    assert_eq!(of.layout_hash, <Telemetry as shmstore::ShmLayout>::LAYOUT_HASH);
    assert!(usage().unwrap().segments >= 1);
}

#[test]
fn object_whose_creator_is_at_work_is_initializing_and_one_whose_creator_died_is_abandoned() {
    for step in HALF_MADE {
        let scratch = Scratch::new();
        let mut creator = Peer::stopped_at(scratch.path(), step, "create 7");
        assert_eq!(state(&scratch), SegmentState::Initializing, "{step}");
        let there = segment(find(scratch.key('T')).unwrap());
        assert!(matches!(Object::attach(&there), Err(InspectError::NotReady { .. })), "{step}");
        creator.kill();
        assert_eq!(state(&scratch), SegmentState::Abandoned, "{step}");
    }
}

#[test]
fn object_that_was_removed_is_removed_for_as_long_as_somebody_has_it() {
    let scratch = Scratch::new();
    let mut peer = Peer::creator(scratch.path());
    let there = segment(find(scratch.key('T')).unwrap());
    let object = Object::attach(&there).unwrap();
    assert!(!object.is_removed());
    peer.expect_ok("remove");
    assert!(object.is_removed());
    assert_eq!(segment(there.shmid).state, SegmentState::Removed);
    assert!(Object::find(scratch.path(), Some('T')).is_err());
    assert_eq!(object.read_at(&"frames".parse().unwrap(), &Default::default()).unwrap().to_string(), "7");
    peer.kill();
    drop(object);
    assert!(matches!(Segment::of_shmid(there.shmid), Err(InspectError::Gone { .. })));
}

/// An object under a directory of its own.
pub(crate) fn with_own_anchor(scratch: &Scratch) -> Planted {
    created(&Store::open(scratch.reserve("anchor")).unwrap())
}

/// A new object that nobody has attached.
pub(crate) fn created(store: &Store) -> Planted {
    Planted { shmid: Shared::info(&store.create::<Telemetry>().unwrap()).unwrap().shmid }
}

#[test]
fn object_whose_anchor_is_gone_or_another_is_orphaned() {
    let scratch = Scratch::new();
    let planted = with_own_anchor(&scratch);
    let anchor = scratch.join("anchor");
    assert_eq!(segment(planted.shmid).state, SegmentState::Ready);

    // It is found by device and inode: under its new name, too.
    fs::rename(&anchor, scratch.join("elsewhere")).unwrap();
    assert_eq!(segment(planted.shmid).state, SegmentState::Ready);
    fs::create_dir(&anchor).unwrap();
    assert_eq!(segment(planted.shmid).state, SegmentState::Ready);

    fs::remove_dir(scratch.join("elsewhere")).unwrap();
    let there = segment(planted.shmid);
    assert_eq!(there.state, SegmentState::Orphaned);
    assert!(there.detail.as_ref().unwrap().starts_with("its anchor was inode "));
    // Nobody finds it, but it can be read.
    assert_eq!(Object::attach(&there).unwrap().schema().to_string(), "Telemetry");

    fs::remove_dir(&anchor).unwrap();
    let there = segment(planted.shmid);
    assert_eq!((there.state, there.detail.as_deref()), (SegmentState::Orphaned, Some("its anchor is gone")));
}

/// What was on a file system that is not mounted any more may come back.
#[test]
fn object_whose_file_system_is_not_there_is_not_orphaned() {
    let scratch = Scratch::new();
    let planted = with_own_anchor(&scratch);
    fs::remove_dir(scratch.join("anchor")).unwrap();
    assert_eq!(segment(planted.shmid).state, SegmentState::Orphaned);
    let raw = Raw::attach(planted.shmid);
    let path = "/proc/no-such-file";
    raw.write(field::HINT.offset, path.as_bytes());
    raw.set(field::HINT_LEN, path.len() as u64);
    assert_eq!(segment(planted.shmid).state, SegmentState::Ready);
}

/// A segment that says that a pipe is its anchor.
#[test]
fn anchor_that_a_segment_names_is_never_opened() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    let pipe = scratch.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // By a path that only in this process is the pipe's: others may list the segment meanwhile, by whatever program.
    let held = fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_PATH).open(&pipe).unwrap();
    let path = format!("/proc/self/fd/{}", held.as_raw_fd());
    raw.write(field::HINT.offset, path.as_bytes());
    raw.set(field::HINT_LEN, path.len() as u64);
    // Whoever opens it for writing without waiting is refused, unless a reader has it open; so an open shows.
    let stop = std::sync::atomic::AtomicBool::new(false);
    let watched = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut times = 0_u64;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let opened = fs::OpenOptions::new().write(true).custom_flags(nix::libc::O_NONBLOCK).open(&pipe);
                times += u64::from(opened.is_ok());
            }
            times
        });
        let states: Vec<_> = (0..2000).map(|_| Segment::of_shmid(raw.shmid()).map(|there| there.state)).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(states.iter().all(Result::is_ok), "{:?}", states.iter().find(|state| state.is_err()));
        watcher.join().unwrap()
    });
    assert_eq!(watched, 0, "the pipe was opened");
}

#[test]
fn segment_of_another_format_is_told_from_a_damaged_one() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    raw.set(field::VERSION, 2);
    let there = segment(raw.shmid());
    assert_eq!(there.state, SegmentState::OtherFormat);
    assert_eq!(there.detail.unwrap(), "format 2, of which this program reads 1");
    raw.set(field::VERSION, 0);
    assert_eq!(segment(raw.shmid()).state, SegmentState::OtherFormat);
}

#[test]
fn segment_with_flags_that_are_not_known_is_left_alone_with_the_advice_to_update() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    raw.set(field::FLAGS, 0xffff_0000);
    assert_eq!(segment(raw.shmid()).state, SegmentState::Ready, "the upper half is to be ignored");
    raw.set(field::FLAGS, 0x8010);
    let there = segment(raw.shmid());
    assert_eq!((there.state, there.path()), (SegmentState::NewerFormat, Some(scratch.path())));
    let detail = "flags 0x8010, which this program does not know: update this program";
    assert_eq!(there.detail.as_deref(), Some(detail));
    let error = Object::attach(&there).unwrap_err().to_string();
    assert!(error.contains(detail), "{error}");
    let shmid = raw.shmid();
    drop(raw);
    let error = there.remove(WhileAttached::Refuse).unwrap_err();
    assert!(matches!(error, InspectError::NewerFormat { .. }), "{error}");
    assert!(error.to_string().contains("Update this program, or force the removal"), "{error}");
    assert_eq!(segment(shmid).state, SegmentState::NewerFormat);
    there.remove(WhileAttached::Remove).unwrap();
    assert_eq!(scratch.segments(), []);
}

#[test]
fn each_damaged_field_of_the_header_is_named() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let raw = Raw::at_key(scratch.key('T'));
    let pristine = raw.bytes();
    let another_first_word = raw.get(field::FIRST_WORD) ^ 1 << 40;
    let cases: [(Field, u64, &str); 15] = [
        (field::FIRST_WORD, another_first_word, "first word"),
        (field::STATE, 4, "state"),
        (field::HEADER_LEN, 1000, "header_len"),
        (field::BIRTH_KNOWN, 2, "birth_known"),
        (field::ID, 256, "id"),
        (field::ID, u64::from(b'U'), "first word"),
        (field::LAYOUT_HASH, 1, "schema"),
        (field::SLOT_COUNT, 0, "slot_count"),
        (field::SLOTS_OFFSET, 8, "slots_offset"),
        (field::SLOT_SIZE, 64, "slot_size"),
        (field::SCHEMA_OFFSET, u64::MAX, "schema_offset"),
        (field::SCHEMA_LEN, u64::MAX, "schema_len"),
        (field::PAYLOAD_OFFSET, 0, "payload_offset"),
        (field::SEGMENT_SIZE, 1, "segment_size"),
        (field::BYTE_ORDER, 0x0403_0201, "byte_order"),
    ];
    for (field, number, named) in cases {
        raw.set(field, number);
        let there = segment(raw.shmid());
        assert_eq!(there.state, SegmentState::Damaged, "{}", field.name);
        let detail = there.detail.clone().unwrap();
        assert!(detail.starts_with(&format!("its {named} is ")), "{}: {detail}", field.name);
        let error = Object::attach(&there).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        raw.write(0, &pristine);
    }
    let schema = raw.get(field::SCHEMA_OFFSET) as usize;
    raw.write(schema, b"[");
    assert_eq!(segment(raw.shmid()).state, SegmentState::Damaged);
    raw.write(0, &pristine);
    assert_eq!(segment(raw.shmid()).state, SegmentState::Ready);
}

#[test]
fn segment_without_the_magic_is_foreign_also_if_it_has_our_size() {
    let of_another_size = plant(0, 5000, 0o600, b"shmS");
    let of_our_size = plant(0, 4096 + SIZE_TAG, 0o600, b"anybody's memory");
    let too_small = plant(0, SIZE_TAG, 0o600, b"short");
    for planted in [of_another_size, of_our_size, too_small] {
        let there = segment(planted.shmid);
        assert_eq!((there.state, there.path(), there.type_name()), (SegmentState::Foreign, None, None));
        assert!(matches!(Object::attach(&there), Err(InspectError::Foreign { .. })));
    }
}

#[test]
fn segment_that_may_not_be_read_is_shown_with_what_the_kernel_tells() {
    with_users(|| {
        let public = PublicPeer::in_role("look");
        let look = |uid: u32, shmid: i32| {
            let output = public.run_as(uid).arg(shmid.to_string()).output().unwrap();
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let size = 4096 + SIZE_TAG;
        let planted = plant(0, size, 0o600, b"shmS");
        Raw::attach(planted.shmid).give_to(ALICE);
        let lines = look(BOB, planted.shmid);
        assert_eq!(lines[0], format!("unreadable {ALICE} 0600 {size}"));
        let refused = format!("may not be read by uid {BOB}");
        assert!(lines[1].contains(&refused) && lines[2].contains(&refused), "{lines:?}");

        let readable = plant(0, size, 0o644, b"");
        Raw::attach(readable.shmid).write(0, &vec![0; 1024]);
        let lines = look(BOB, readable.shmid);
        assert!(lines[0].starts_with("initializing "), "{lines:?}");
    });
}

#[test]
fn segment_that_does_not_fit_into_this_process_is_unreadable_and_the_reason_is_named() {
    const SPARSE: u32 = 0o10000;
    let planted = plant(0, (1 << 47) + SIZE_TAG, SPARSE | 0o600, &[]);
    let there = segment(planted.shmid);
    assert_eq!(there.state, SegmentState::Unreadable);
    assert!(there.detail.as_deref().is_some_and(|why| why.contains("`ulimit -v`")), "{there:?}");
    let error = Object::attach(&there).unwrap_err();
    assert!(matches!(error, InspectError::NotReady { state: SegmentState::Unreadable, .. }), "{error:?}");
    assert!(error.to_string().contains("`ulimit -v`"), "{error}");
}
