//! New fields are zero, whatever was in their place, and take no memory before they are used.

use std::fs;
use std::mem::offset_of;
use std::time::Duration;

use shmstore_tests::again;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::rovers::{self, far1, far2, v1, v2, v3};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments::resident_pages;

/// The kibibytes of this process that are in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of memory in use");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

const NOTHING: Duration = Duration::ZERO;

/// Counts the bytes of a part of the object that are not zero.
fn used(raw: &Raw, start: usize, end: usize) -> usize {
    let payload = raw.get(field::PAYLOAD_OFFSET) as usize;
    raw.read(payload + start..payload + end).into_iter().filter(|byte| *byte != 0).count()
}

#[test]
fn large_new_field_takes_no_memory_before_it_is_used() {
    again::alone(|| {
        let scratch = Scratch::new();
        let store = scratch.store();
        let first = rovers::create(&store, "far1", 7).unwrap();
        let raw = Raw::at_key(scratch.key('R'));
        let (pages, memory) = (resident_pages(raw.shmid()), resident());
        let grown = rovers::attach(&store, "far2", NOTHING).unwrap();
        assert_eq!(grown.grown_from(), Some(2));
        let (pages, memory) = (resident_pages(raw.shmid()) - pages, resident().saturating_sub(memory));
        assert!(pages < 8 && memory < 1024, "{pages} pages, {memory} KiB of the process");
        grown.add("distances", 3);
        assert_eq!((grown.get("distances"), first.get("frames")), (3, 7));
        let pages = resident_pages(raw.shmid());
        assert!(pages < 64, "{pages} pages");
    });
}

/// A process that ended in its init closure, or one that keeps to no rule, has written behind the object.
#[test]
fn new_field_is_zero_whatever_was_in_its_place() {
    again::alone(|| {
        let scratch = Scratch::new();
        let store = scratch.store();
        let first = rovers::create(&store, "far1", 7).unwrap();
        let raw = Raw::at_key(scratch.key('R'));
        let payload = raw.get(field::PAYLOAD_OFFSET) as usize;
        let (start, end) = (offset_of!(far2::Rover, distances), size_of::<far2::Rover>());
        assert_eq!((start, end >> 20), (size_of::<far1::Rover>(), 66));
        // At both ends of the field and of pages, and in the middle.
        let dirty_at = [start, 4095, 4096, 8191, end / 2, end - 4097, end - 4096, end - 1];
        let noise = vec![0xa5; 8 << 20];
        for at in dirty_at {
            raw.write(payload + at, &noise[..noise.len().min(end - at)]);
        }
        let behind = [0x5a; 64];
        raw.write(payload + end, &behind);
        let dirty = resident_pages(raw.shmid());
        let grown = rovers::attach(&store, "far2", NOTHING).unwrap();
        let clean = resident_pages(raw.shmid());
        assert!(dirty > 2048 && clean < 64, "{dirty} pages, then {clean}");
        assert_eq!(grown.get("distances"), 0);
        assert!(dirty_at.iter().all(|at| used(&raw, *at, end.min(at + 8192)) == 0), "not all is zero");
        assert_eq!((first.get("frames"), first.get("position")), (7, 0));
        assert_eq!(raw.read(payload + end..payload + end + 64), behind, "only what belongs to the type is cleared");
    });
}

/// Without whole pages.
#[test]
fn small_new_fields_are_zero_whatever_was_in_their_place() {
    for (version, created, start, end) in [
        ("v2", "v1", offset_of!(v2::Rover, speed), size_of::<v2::Rover>()),
        ("v3", "v2", offset_of!(v3::Rover, total), size_of::<v3::Rover>()),
        ("v3", "v1", offset_of!(v3::Rover, speed), size_of::<v3::Rover>()),
        ("v2", "small1", offset_of!(v2::Rover, speed), size_of::<v2::Rover>()),
    ] {
        let scratch = Scratch::new();
        let store = scratch.store();
        let first = rovers::create(&store, created, u64::MAX).unwrap();
        first.add("position", 5);
        let raw = Raw::at_key(scratch.key('R'));
        let payload = raw.get(field::PAYLOAD_OFFSET) as usize;
        let before = raw.read(payload..payload + size_of::<v1::Rover>());
        let room = raw.get(field::PAYLOAD_LEN) as usize;
        raw.write(payload + start, &vec![0xff; room - start]);
        let grown = rovers::attach(&store, version, NOTHING).unwrap();
        assert!(grown.grown_from().is_some());
        assert_eq!(used(&raw, start, end), 0, "{created} to {version}");
        assert_eq!(raw.read(payload..payload + before.len()), before, "the old fields are as they were");
        assert_eq!(used(&raw, end, room), room - end);
    }
}
