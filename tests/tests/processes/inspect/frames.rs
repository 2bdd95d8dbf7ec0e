//! Frames of a program that is built with their types, as a program sees them that is not.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::{FieldError, FieldPath, Limits, PartError, SavedObject, Value};
use shmstore::{CacheAligned, Frames, Shared, ShmObject, ShmValue};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{DEADLINE, until};

use super::{at, object};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
struct Info {
    width: u32,
    height: u32,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'V')]
struct Video {
    images: Frames<[u8; 3], 12, 4, Info>,
    sides: [CacheAligned<Frames<i16, 5, 3>>; 2],
}

/// All elements and the metadata of frame n are n.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Busy {
    frames: Frames<u64, 1000, 3, u64>,
}

/// Frames of 64 MiB.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
struct Large {
    frames: Frames<u8, { 64 << 20 }, 3>,
}

fn video(scratch: &Scratch) -> Shared<Video> {
    let video = scratch.store().create::<Video>().expect("room for an object");
    for number in 1..=2 {
        let mut frame = video.images.try_loan().unwrap();
        frame.set_meta(Info { width: 2, height: number });
        frame.copy_from(&[[1, 2, 3], [4, 5, 6], [7, 8, 9], [9, 9, 9]][..2 * number as usize]).unwrap();
        frame.publish().unwrap();
    }
    let mut frame = video.sides[1].try_loan().unwrap();
    frame.copy_from(&[-1, 300]).unwrap();
    frame.publish().unwrap();
    video
}

#[test]
fn the_newest_frame_is_shown_and_found_by_paths() {
    let scratch = Scratch::new();
    let typed = video(&scratch);
    let object = object(scratch.path(), 'V');
    let shown = object.read(&Limits::default()).to_string();
    let images = "frame 2 { width: 2, height: 2 } [[1, 2, 3], [4, 5, 6], [7, 8, 9], [9, 9, 9]]";
    assert_eq!(shown, format!("{{ images: {images}, sides: [no frame, frame 1 [-1, 300]] }}"));
    for (path, expected) in [
        ("images[2][1]", "8"),
        ("images.meta", "{ width: 2, height: 2 }"),
        ("images.meta.height", "2"),
        ("images.newest", "2"),
        ("images.slots", "4"),
        ("sides[1][1]", "300"),
        ("sides[0].newest", "0"),
    ] {
        assert_eq!(at(&object, path).to_string(), expected, "{path}");
    }
    let error = |path: &str| object.read_at(&path.parse().unwrap(), &Limits::default()).unwrap_err();
    assert_eq!(error("sides[0][0]"), FieldError::NoFrame { path: "sides[0]".into() });
    assert_eq!(error("images[4]"), FieldError::OutOfRange { path: "images".into(), len: 4 });

    let path = |path: &str| path.parse::<FieldPath>().unwrap();
    let newest = object.newest_frame(&path("images"), &Limits::default()).unwrap().expect("a frame");
    assert_eq!((newest.number, newest.meta.to_string().as_str()), (2, "{ width: 2, height: 2 }"));
    assert_eq!((newest.element.to_string().as_str(), newest.bytes.len()), ("[u8; 3]", 12));
    assert_eq!(object.newest_frame(&path("sides[0]"), &Limits::default()), Ok(None));
    let mut little = Limits::default();
    little.bytes = 11;
    let error = object.newest_frame(&path("images"), &little).unwrap_err().to_string();
    assert_eq!(error, "`images` cannot be read: its newest frame has 12 bytes, and the limit is 11");
    for wrong in [".", "images.meta", "images[0]", "sides"] {
        let error = object.newest_frame(&path(wrong), &Limits::default()).unwrap_err();
        assert!(matches!(error, PartError::Field(FieldError::NoSuchPart { what: "frames", .. })), "{wrong}: {error}");
    }
    drop(typed);
}

#[test]
fn processes_own_the_slots_that_they_fill_and_the_frames_that_they_pin() {
    let scratch = Scratch::new();
    let typed = video(&scratch);
    let object = object(scratch.path(), 'V');
    let holding = || object.participants().into_iter().flat_map(|of| of.holding).collect::<Vec<_>>();
    let counts = |path: &str| ["pins", "loans"].map(|count| at(&object, &format!("{path}.{count}")).to_string());
    assert_eq!((holding(), counts("images")), (vec![], ["0", "0"].map(Into::into)));
    let (pin, older) = (typed.images.pin_newest().unwrap().unwrap(), typed.images.pin(1).unwrap().unwrap());
    let (loan, other) = (typed.images.try_loan().unwrap(), typed.sides[0].try_loan().unwrap());
    let mut owned = holding();
    owned.sort();
    let of_slots = owned.iter().filter(|part| part.starts_with("images (slot ")).count();
    assert_eq!(of_slots, 1, "{owned:?}");
    owned.retain(|part| !part.starts_with("images (slot "));
    assert_eq!(owned, ["images (frame 1)", "images (frame 2)", "sides[0] (slot 0)"]);
    assert_eq!((counts("images"), counts("sides[0]")), (["2", "1"].map(Into::into), ["0", "1"].map(Into::into)));
    drop((pin, older, loan, other));
    assert_eq!((holding(), counts("images")), (vec![], ["0", "0"].map(Into::into)));
}

#[test]
fn frames_from_a_file_go_on_where_they_were() {
    let scratch = Scratch::new();
    let typed = video(&scratch);
    let of = |scratch: &Scratch| SavedObject::of(&object(scratch.path(), 'V'), &Limits::default()).unwrap();
    let live = object(scratch.path(), 'V').read(&Limits::full());
    let (pin, loan) = (typed.images.pin_newest().unwrap(), typed.images.try_loan().unwrap());
    let file = of(&scratch).to_bytes();
    drop((pin, loan));
    drop(typed);

    let elsewhere = Scratch::new();
    SavedObject::parse(&file).unwrap().create_in(&elsewhere.store()).unwrap();
    assert_eq!(object(elsewhere.path(), 'V').read(&Limits::full()), live);
    assert_eq!(of(&elsewhere).to_bytes()[64..], file[64..], "all but the time is the same");
    let typed = elsewhere.store().attach::<Video>().unwrap();
    let frame = typed.images.pin_newest().unwrap().expect("a frame");
    assert_eq!((frame.number(), *frame.meta()), (2, Info { width: 2, height: 2 }));
    assert_eq!(frame.to_vec(), [[1, 2, 3], [4, 5, 6], [7, 8, 9], [9, 9, 9]]);
    drop(frame);
    assert_eq!(typed.images.pin(1).unwrap().map(|frame| frame.number()), None);
    assert_eq!(typed.images.try_loan().unwrap().publish(), Ok(3));
    assert_eq!(typed.sides[0].newest_number(), 0);
}

#[test]
fn frames_of_a_busy_writer_are_whole_when_they_are_read_and_saved() {
    let scratch = Scratch::new();
    let busy = scratch.store().create::<Busy>().expect("room for an object");
    let publish = || {
        let number = busy.frames.newest_number() + 1;
        let mut frame = busy.frames.try_loan().expect("a slot");
        frame.set_meta(number);
        frame.fill(1000 - (number % 7) as usize, |_, block| block.fill(number)).expect("it fits");
        assert_eq!(frame.publish(), Ok(number));
    };
    let object = object(scratch.path(), 'B');
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !stop.load(Relaxed) {
                // A debug build copies a frame more slowly than this writer replaces it: it rests between two bursts.
                for _ in 0..20 {
                    publish();
                }
                thread::sleep(Duration::from_micros(500));
            }
        });
        until("a frame", || (busy.frames.newest_number() > 0).then_some(()));
        let (started, mut seen, mut last) = (Instant::now(), 0, 0);
        let look = || {
            while seen < 200 && !writer.is_finished() && started.elapsed() < DEADLINE {
                let values = [
                    object.read(&Limits::full()),
                    SavedObject::of(&object, &Limits::full()).map_err(|error| error.to_string())?.read(&Limits::full()),
                ];
                for value in values {
                    let Some(Value::Frames { newest, len, meta, first, .. }) = value.field("frames") else {
                        return Err(format!("no frames: {value}"));
                    };
                    let is_own = |of: &Value| *of == Value::Unsigned(*newest);
                    let is_whole = *len == 1000 - newest % 7 && first.len() as u64 == *len && is_own(meta);
                    if !is_whole || !first.iter().all(is_own) || *newest < last {
                        return Err(format!("torn after {last}: {value}"));
                    }
                    seen += u32::from(*newest != last);
                    last = *newest;
                }
            }
            Ok(seen)
        };
        let found = { look }();
        stop.store(true, Relaxed);
        assert!(found.clone().is_ok_and(|seen| seen >= 200), "{found:?}");
    });
}

#[test]
fn a_large_frame_costs_no_more_than_the_limits_say() {
    let scratch = Scratch::new();
    let large = scratch.store().create::<Large>().expect("room for an object");
    let mut frame = large.frames.try_loan().unwrap();
    frame.write_at((64 << 20) - 1, &[7]).unwrap();
    frame.publish().unwrap();
    let object = object(scratch.path(), 'L');
    let started = Instant::now();
    for _ in 0..100 {
        let Some(Value::Frames { len, first, .. }) = object.read(&Limits::default()).field("frames").cloned() else {
            panic!("frames")
        };
        assert_eq!((len, first.len()), (64 << 20, 8));
        assert_eq!(at(&object, &format!("frames[{}]", (64 << 20) - 1)), Value::Unsigned(7));
        assert_eq!(at(&object, "frames.len"), Value::Unsigned(64 << 20));
    }
    assert!(started.elapsed() < DEADLINE, "{:?}", started.elapsed());
    let mut limits = Limits::full();
    limits.nodes = 1000;
    let Some(Value::Frames { first, .. }) = object.read(&limits).field("frames").cloned() else { panic!("frames") };
    assert_eq!(first.len(), 997, "the object, the frames and their metadata are values, too");
}
