//! Who is an orphan, and what it costs to find out.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::Duration;

use shmstore::Store;
use shmstore::inspect::{InspectError, Object, SegmentState, WhileAttached, segments};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::raw::{Field, Raw, field, plant};
use shmstore_tests::scratch::{Planted, Scratch, key_of};
use shmstore_tests::wait::{flat_out, processor_time};

use super::segment;
use super::states::{created, with_own_anchor};

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
    let [old, new] = ["r42/rover", "r43/rover"].map(|name| scratch.reserve(name));
    let link = scratch.join("current");
    symlink("r42", &link).unwrap();
    let store = Store::open(link.join("rover")).unwrap();
    let planted = created(&store);
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

#[test]
fn store_whose_anchor_was_moved_behind_a_link_writes_where_it_is_now() {
    let scratch = Scratch::new();
    let first = scratch.reserve("r42/rover");
    let [second, link] = ["r44/rover", "current"].map(|name| scratch.join(name));
    symlink("r42", &link).unwrap();
    let store = Store::open(link.join("rover")).unwrap();
    let written = || {
        let planted = created(&store);
        let written = segment(planted.shmid).path().map(Path::to_owned);
        store.remove::<Telemetry>().unwrap();
        written
    };
    assert_eq!(written(), fs::canonicalize(&first).ok());
    fs::rename(scratch.join("r42"), scratch.join("r44")).unwrap();
    fs::remove_file(&link).unwrap();
    symlink("r44", &link).unwrap();
    assert_eq!(written(), fs::canonicalize(&second).ok());
}

/// A directory is removed, and the next one that is made beside it gets its inode.
#[test]
fn object_is_orphaned_if_what_has_its_inode_was_born_at_another_time() {
    let scratch = Scratch::new();
    let (first, second) = (scratch.reserve("first"), scratch.join("second"));
    let store = Store::open(&first).unwrap();
    let planted = created(&store);
    fs::rename(&first, &second).unwrap();
    assert_eq!(state(&planted), SegmentState::Ready, "it was only renamed");
    assert!(Object::find(&second, None).is_ok());
    let raw = Raw::attach(planted.shmid);
    raw.set(field::BIRTH_SECONDS, raw.get(field::BIRTH_SECONDS) ^ 1);
    // Where birth is not known, as on some file systems, nothing proves it.
    if raw.get(field::BIRTH_KNOWN) == 1 {
        assert_eq!(state(&planted), SegmentState::Orphaned);
        assert!(matches!(Object::find(&second, None), Err(InspectError::NotFound { .. })));
    }
}

/// Where the anchor is missing at its path, which is no proof for a process that may see another path there.
#[test]
fn object_whose_creator_saw_other_paths_is_elsewhere_and_no_orphan() {
    let scratch = Scratch::new();
    let planted = with_own_anchor(&scratch);
    let raw = Raw::attach(planted.shmid);
    let root = fs::metadata("/").unwrap();
    assert_eq!((raw.get(field::ROOT_DEV), raw.get(field::ROOT_INO)), (root.dev(), root.ino()));
    let pristine = raw.bytes();
    let told = |set: (Field, u64), there: bool| {
        raw.set(set.0, set.1);
        let seen = segment(planted.shmid);
        raw.write(0, &pristine);
        assert_eq!(seen.state == SegmentState::Ready, there, "{}: {:?}", set.0.name, seen.state);
        seen
    };
    let others = [
        (field::MOUNT_NAMESPACE, raw.get(field::MOUNT_NAMESPACE) ^ 1 << 40),
        (field::ROOT_DEV, root.dev() ^ 1),
        (field::ROOT_INO, root.ino() ^ 1),
        (field::MOUNT_NAMESPACE, 0),
        (field::ROOT_INO, 0),
    ];
    for other in others {
        told(other, true);
    }
    fs::remove_dir(scratch.join("anchor")).unwrap();
    let is_known = raw.get(field::MOUNT_NAMESPACE) != 0;
    for other in others {
        let seen = told(other, false);
        assert_eq!(seen.state, SegmentState::Elsewhere, "{}", other.0.name);
        let what = if other.1 == 0 || !is_known { "it is not known in which" } else { "its anchor is in another" };
        assert!(seen.detail.as_deref().is_some_and(|why| why.starts_with(what)), "{:?}", seen.detail);
    }
    assert_eq!(state(&planted), if is_known { SegmentState::Orphaned } else { SegmentState::Elsewhere });
    // What was to be removed as an orphan stays if it is none any more.
    let orphan = segment(planted.shmid);
    raw.set(field::ROOT_INO, 0);
    drop(raw);
    let error = orphan.remove(WhileAttached::Refuse).unwrap_err();
    assert!(matches!(error, InspectError::Changed { is: SegmentState::Elsewhere, .. }) || !is_known, "{error}");
}

#[test]
fn many_orphans_of_one_directory_cost_one_look_into_it() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let original = with_own_anchor(&scratch);
    let anchor = scratch.join("anchor");
    let inode = fs::metadata(&anchor).unwrap();
    let bytes = Raw::attach(original.shmid).bytes();
    let others = (b' '..=b'~').filter(|&id| id != b'T').map(|id| {
        let planted = plant(key_of(&anchor, id.into()), bytes.len(), 0o600, &bytes);
        let raw = Raw::attach(planted.shmid);
        raw.set(field::ID, id.into());
        raw.write(4, &claim(inode.dev(), inode.ino(), id).to_le_bytes());
        planted
    });
    let all: Vec<Planted> = others.chain([original]).collect();
    fs::remove_dir(&anchor).unwrap();
    for number in 0..20_000 {
        fs::File::create(scratch.join(&format!("{number}"))).unwrap();
    }
    let took = |act: &dyn Fn()| {
        let started = processor_time();
        act();
        processor_time() - started
    };
    let list = || {
        let there = segments().unwrap();
        let orphans = there.iter().filter(|of| of.state == SegmentState::Orphaned);
        let ours = orphans.filter(|of| all.iter().any(|planted| planted.shmid == of.shmid)).count();
        assert_eq!(ours, all.len());
    };
    let read = || assert!(fs::read_dir(scratch.path()).unwrap().count() >= 20_000);
    let [listing, reading] = [&list as &dyn Fn(), &read].map(|act| (0..5).map(|_| took(act)).min().unwrap());
    assert!(
        listing < 15 * reading + Duration::from_millis(50),
        "{listing:?}, where to read the directory takes {reading:?}"
    );
}

/// The half of a first word that says whose the segment is.
fn claim(device: u64, inode: u64, id: u8) -> u32 {
    let bytes = device.to_le_bytes().into_iter().chain(inode.to_le_bytes()).chain([id]);
    bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
