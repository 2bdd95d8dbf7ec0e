//! A peer that may write a segment writes what it likes over the layout log of an object with room, and over the words
//! that lead there: nothing that a process does with it panics, crashes, hangs, or hands out an object that is not
//! within the segment.

mod damage;
mod long;
mod records;
mod vandal;

use std::time::{Duration, Instant};

use shmstore::inspect::{Limits, Object, SavedObject, Segment};
use shmstore::{AttachError, Store};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::rovers::{self, Boxed, v3};
use shmstore_tests::scratch::Scratch;

use super::hostile_header::{NO_HANG, is_within_a_segment};

/// What the first field is in the intact object.
const FRAMES: u64 = 42;

/// How long its first record is, but for the schema.
const FIXED: usize = 32;

/// An object of two versions whose segment is damaged again and again, and made whole in between.
struct Victim {
    store: Store,
    scratch: Scratch,
    raw: Raw,
    pristine: Vec<u8>,
    /// Where the newest record is, and how long it is.
    newest: usize,
    newest_len: usize,
    /// The end of the largest object that was made.
    end: usize,
}

impl Victim {
    fn new() -> Self {
        let scratch = Scratch::new();
        let store = Store::options().wait(Duration::ZERO).max_processes(8).open(scratch.path()).unwrap();
        drop(rovers::create(&store, "v1", FRAMES).unwrap());
        let grown = rovers::attach(&store, "v2", Duration::ZERO).unwrap();
        grown.add("speed", 3);
        drop(grown);
        let raw = Raw::at_key(scratch.key('R'));
        let (pristine, layout) = (raw.bytes(), raw.get(field::LAYOUT));
        let (newest, newest_len) = (layout as usize >> 32, layout as u32 as usize);
        let end = raw.get(field::PAYLOAD_OFFSET) as usize + size_of::<v3::Rover>();
        Self { store, scratch, raw, pristine, newest, newest_len, end }
    }

    /// Makes the segment as it was.
    fn restore(&self) {
        // Behind its end nothing was written.
        self.raw.write(0, &self.pristine[..self.end]);
    }

    fn write_u32(&self, at: usize, number: u32) {
        self.raw.write(at, &number.to_le_bytes());
    }

    /// The schema of the newest record.
    fn json(&self) -> Vec<u8> {
        let start = self.newest + FIXED + 16 * 3;
        self.pristine[start..self.newest + self.newest_len].to_vec()
    }

    /// Does all that can be done with the object, and checks what comes of it. Returns what came of each attach.
    #[track_caller]
    fn use_it(&self, what: &dyn Fn() -> String) -> Vec<Result<Option<usize>, AttachError>> {
        let started = Instant::now();
        let mut outcomes = Vec::new();
        let before = self.raw.bytes();
        for version in ["v1", "v2", "v3", "left", "old", "far2"] {
            let seen = rovers::see(&self.store, version, Duration::ZERO);
            self.check(seen.as_ref(), what);
        }
        assert!(self.raw.bytes() == before, "a process that only looks has changed it, {}", what());
        self.inspect();
        for version in ["v1", "old", "v2", "left", "far2", "v3"] {
            let attached = rovers::attach(&self.store, version, Duration::ZERO);
            self.check(attached.as_ref(), what);
            outcomes.push(attached.map(|object| object.grown_from()));
        }
        let _ = format!("{:?}", self.store.list());
        self.inspect();
        assert!(started.elapsed() < NO_HANG, "took {:?}, {}", started.elapsed(), what());
        outcomes
    }

    #[track_caller]
    fn check(&self, attached: Result<&Boxed, &AttachError>, what: &dyn Fn() -> String) {
        match attached {
            Ok(object) => {
                let (start, size) = (object.address(), object.size());
                assert!(is_within_a_segment(start, size), "out of bounds, {}", what());
                assert_eq!((object.get("frames"), object.get("position")), (FRAMES, 0), "{}", what());
                let _ = (object.participants(), object.shmid());
            }
            Err(error) => {
                assert!(!matches!(error, AttachError::System { .. }), "{error}, {}", what());
                let _ = format!("{error} {error:?}");
            }
        }
    }

    /// Looks at the segment without its type.
    fn inspect(&self) -> Option<Object> {
        let segment = Segment::of_shmid(self.raw.shmid()).unwrap();
        let _ = format!("{segment:?}");
        let mut object = Object::attach(&segment).map_err(|error| error.to_string()).ok()?;
        let _ = object.refresh().map_err(|error| error.to_string());
        let _ = (object.read(&Limits::default()).to_string(), object.participants(), object.schema().to_string());
        if let Ok(saved) = SavedObject::of(&object, &Limits::default()) {
            let _ = SavedObject::parse(&saved.to_bytes()).map(|saved| saved.room());
        }
        Some(object)
    }

    /// Asserts that the whole object is as every version should find it.
    #[track_caller]
    fn check_intact(&self) {
        self.restore();
        let grown =
            self.use_it(&|| "intact".into()).into_iter().map(|outcome| outcome.map_err(|error| error.to_string()));
        let grown: Vec<_> = grown.collect();
        assert!(matches!(grown[..3], [Ok(None), Ok(None), Ok(None)]), "{grown:?}");
        assert!(matches!(&grown[3..], [Err(_), Err(_), Ok(Some(3))]), "{grown:?}");
        assert_eq!(rovers::see(&self.store, "v2", Duration::ZERO).unwrap().get("speed"), 3);
    }
}

#[test]
fn intact_object_is_used_by_all_versions() {
    Victim::new().check_intact();
}
