//! Who is an orphan.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;

use shmstore::inspect::SegmentState;
use shmstore::{Shared, Store};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::{Planted, Scratch};

use crate::segment;

fn make_private(directory: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).unwrap();
}

fn write_hint(raw: &Raw, path: &Path) {
    let path = path.as_os_str().as_encoded_bytes();
    raw.write(field::HINT.offset, path);
    raw.set(field::HINT_LEN, path.len() as u64);
}

#[track_caller]
fn state(planted: &Planted) -> SegmentState {
    segment(planted.shmid).state
}

/// Two releases, and a link to the current one.
#[test]
fn object_that_was_made_through_a_link_is_not_orphaned_when_the_link_leads_elsewhere() {
    let scratch = Scratch::new();
    let [old, new, link] = ["r42/rover", "r43/rover", "current"].map(|name| scratch.join(name));
    make_private(&old);
    make_private(&new);
    symlink("r42", &link).unwrap();
    let store = Store::open(link.join("rover")).unwrap();
    let planted = Planted { shmid: Shared::info(&store.create::<Telemetry>().unwrap()).unwrap().shmid };
    assert_eq!(store.path(), link.join("rover"), "what the user said");
    assert_eq!(segment(planted.shmid).path(), Some(&*fs::canonicalize(&old).unwrap()), "where it really is");

    fs::remove_file(&link).unwrap();
    symlink("r43", &link).unwrap();
    assert_eq!(state(&planted), SegmentState::Ready);
    // Also not if it is said to be at the link, as by a creator from whom the way to it was hidden.
    let raw = Raw::attach(planted.shmid);
    write_hint(&raw, &link.join("rover"));
    assert_eq!(state(&planted), SegmentState::Ready);
    fs::remove_dir(&new).unwrap();
    assert_eq!(state(&planted), SegmentState::Ready);
    fs::remove_dir(scratch.join("r43")).unwrap();
    assert_eq!(state(&planted), SegmentState::Ready);
    // Nor if the anchor itself has become a link.
    write_hint(&raw, &link);
    assert_eq!(state(&planted), SegmentState::Ready);

    write_hint(&raw, &fs::canonicalize(&old).unwrap());
    assert_eq!(state(&planted), SegmentState::Ready);
    fs::remove_dir(&old).unwrap();
    assert_eq!(state(&planted), SegmentState::Orphaned);
}
