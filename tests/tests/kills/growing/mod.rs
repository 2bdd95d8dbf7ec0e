//! A process that dies, or stops, while it extends an object: the object is the old one or the new one, and nothing
//! that was stored is lost.

mod killed;
mod stopped;

use std::path::Path;

use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::rovers::{v1, v2, v3};
use shmstore_tests::scratch::Scratch;

/// The steps of a growth, each with whether the new layout is published then.
const STEPS: [(&str, bool); 4] =
    [("SlotClaimed", false), ("GrowWritten", false), ("GrowPublished", true), ("GrowDone", true)];

/// The versions, each with the number of its fields.
const VERSIONS: [(&str, usize); 3] = [("v1", 2), ("v2", 3), ("v3", 5)];

fn fields_of(version: &str) -> usize {
    VERSIONS.iter().find(|(name, _)| *name == version).expect("a version").1
}

fn rover(path: &Path) -> Peer {
    rover_with(path, &[])
}

fn rover_with(path: &Path, environment: &[(&str, &str)]) -> Peer {
    Peer::spawn(actor("rover").arg(path).envs(environment.iter().copied()))
}

fn rover_with_failpoint(path: &Path, step: &str, action: &str) -> Peer {
    rover_with(path, &[("SHMSTORE_FAILPOINT", &format!("{step}={action}"))])
}

#[track_caller]
fn killed_at(path: &Path, step: &str, command: &str) {
    let mut peer = rover_with_failpoint(path, step, "kill");
    peer.tell(command);
    peer.wait_until_killed();
}

/// Starts a process that makes an object of the first version, and stores in it.
fn creator(path: &Path) -> Peer {
    let mut first = rover(path);
    assert_eq!(first.expect_ok("create v1 7"), "created");
    first.expect_ok("add position 5");
    first
}

/// Attaches each version, of which the object has `fields` fields, and uses all of it.
#[track_caller]
fn use_all_versions(scratch: &Scratch, mut fields: usize) {
    for (version, own) in VERSIONS {
        let mut next = rover(scratch.path());
        let answer = next.expect_ok(&format!("attach {version}"));
        if own > fields {
            assert_eq!(answer, format!("grown {fields}"), "{version}");
            fields = own;
        } else {
            assert_eq!(answer, "attached", "{version}");
        }
        let tells = next.expect_ok("tell");
        assert!(tells.starts_with("frames=7 position=5") && tells.split(' ').count() == own, "{version}: {tells}");
        if version == "v3" {
            for part in ["speed", "total", "trips"] {
                next.expect_ok(&format!("add {part} 2"));
            }
            assert_eq!(rover_that_sees(scratch, "v3"), next.expect_ok("tell"));
        }
    }
    // The cache in the header is right again.
    let raw = Raw::at_key(scratch.key('R'));
    let newest = raw.get(field::LAYOUT) as usize >> 32;
    assert_eq!(raw.read(newest..newest + 16), raw.read(72..88));
}

#[track_caller]
fn rover_that_sees(scratch: &Scratch, version: &str) -> String {
    let mut reader = rover(scratch.path());
    assert_eq!(reader.expect_ok(&format!("see {version}")), "attached");
    reader.expect_ok("tell")
}

/// Writes over the bytes behind the fields that the object has: nobody may count on what is there.
fn make_dirty(scratch: &Scratch, fields: usize) {
    let raw = Raw::at_key(scratch.key('R'));
    let end = [size_of::<v1::Rover>(), size_of::<v2::Rover>(), size_of::<v3::Rover>()];
    let end = end[VERSIONS.iter().position(|(_, own)| *own == fields).expect("as many as a version has")];
    let (payload, room) = (raw.get(field::PAYLOAD_OFFSET) as usize, raw.get(field::PAYLOAD_LEN) as usize);
    raw.write(payload + end, &vec![0xdb; room - end]);
}
