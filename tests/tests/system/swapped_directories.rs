//! A directory that another one takes the place of, while a process of root works in it: what is elsewhere stays as it
//! was.

use std::fs::{self};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, with_users};
use shmstore_tests::scratch::{Scratch, mode, set_mode};

/// A directory of Alice, who can move what is in it, and two directories of root in it.
struct Place {
    scratch: Scratch,
    parent: PathBuf,
    elsewhere: PathBuf,
}

impl Place {
    fn new() -> Self {
        let scratch = Scratch::new();
        chown(scratch.path(), Some(ALICE), Some(ALICE)).unwrap();
        let [parent, elsewhere] = ["parent", "elsewhere"].map(|name| scratch.join(name));
        make_directory(&parent, 0o700);
        make_directory(&elsewhere, 0o700);
        Self { scratch, parent, elsewhere }
    }

    /// Puts a link to the directory elsewhere in the place of the parent. Returns where that is now.
    fn swap(&self) -> PathBuf {
        let moved = self.scratch.join("moved");
        fs::rename(&self.parent, &moved).unwrap();
        symlink(&self.elsewhere, &self.parent).unwrap();
        moved
    }

    /// Starts a process of root that makes the store `rover` below the parent, and stops when the directory is made.
    fn start_to_make(&self) -> Peer {
        let environment = [("PEER_MAKES_STORE", "1"), ("PEER_MODE", "660")];
        let mut peer = stopping_at("DirectoryMade", &self.parent.join("rover"), &environment);
        peer.wait_until_stopped();
        peer
    }

    /// Starts a process of root that stops when it has found the name `rover` unused, and is about to forget it.
    fn start_to_forget(&self) -> Peer {
        let mut peer = stopping_at("NameToBeRemoved", &self.parent, &[]);
        peer.expect_ok("named rover");
        peer.tell("forget rover");
        peer.wait_until_stopped();
        peer
    }
}

fn stopping_at(step: &str, path: &Path, environment: &[(&str, &str)]) -> Peer {
    let failpoint = format!("{step}=stop");
    Peer::start_with(path, &[environment, &[("SHMSTORE_FAILPOINT", &failpoint)]].concat())
}

fn make_directory(path: &Path, mode: u32) {
    fs::create_dir(path).unwrap();
    set_mode(path, mode);
}

#[test]
fn directory_elsewhere_does_not_get_the_stores_mode_in_place_of_the_one_that_was_made() {
    with_users(|| {
        let place = Place::new();
        let elsewhere = place.elsewhere.join("rover");
        make_directory(&elsewhere, 0o700);
        let mut root = place.start_to_make();
        let moved = place.swap();
        root.signal("CONT");
        root.expect_err("attach", "NotFound");
        assert_eq!(mode(&elsewhere), 0o700);
        assert_eq!(mode(moved.join("rover")), 0o770);
    });
}

#[test]
fn directory_that_took_the_place_of_the_one_that_was_made_keeps_its_mode() {
    with_users(|| {
        for (owner, before) in [(0, 0o750), (0, 0o1700), (ALICE, 0o700)] {
            let place = Place::new();
            let rover = place.parent.join("rover");
            let mut root = place.start_to_make();
            fs::rename(&rover, place.parent.join("moved")).unwrap();
            make_directory(&rover, before);
            chown(&rover, Some(owner), None).unwrap();
            root.signal("CONT");
            if owner == ALICE {
                assert!(root.answer().starts_with("err UntrustedAnchor "));
            } else {
                root.expect_err("attach", "NotFound");
            }
            assert_eq!(mode(&rover), before);
        }
    });
}

#[test]
fn link_that_took_the_place_of_the_directory_that_was_made_leads_to_no_change() {
    with_users(|| {
        let place = Place::new();
        let rover = place.parent.join("rover");
        let mut root = place.start_to_make();
        fs::rename(&rover, place.parent.join("moved")).unwrap();
        symlink(&place.elsewhere, &rover).unwrap();
        root.signal("CONT");
        root.expect_err("attach", "NotFound");
        assert_eq!(mode(&place.elsewhere), 0o700);
    });
}

#[test]
fn file_elsewhere_is_not_removed_in_place_of_the_name_that_was_to_be_removed() {
    with_users(|| {
        let place = Place::new();
        let elsewhere = place.elsewhere.join("rover.shm");
        fs::write(&elsewhere, "precious").unwrap();
        let mut root = place.start_to_forget();
        let moved = place.swap();
        root.signal("CONT");
        assert_eq!(root.answer(), "ok true");
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
        assert!(!moved.join("rover.shm").exists());
    });
}

#[test]
fn file_that_took_the_place_of_a_name_that_was_to_be_removed_is_not_removed() {
    with_users(|| {
        for content in ["precious", ""] {
            let place = Place::new();
            let mut root = place.start_to_forget();
            let name = place.parent.join("rover.shm");
            fs::rename(&name, place.parent.join("moved")).unwrap();
            fs::write(&name, content).unwrap();
            root.signal("CONT");
            let answer = root.answer();
            assert!(answer.starts_with("err OtherOpenError cannot remove the name "), "{answer}");
            assert_eq!(fs::read_to_string(&name).unwrap(), content);
        }
    });
}

#[test]
fn name_that_was_written_while_it_was_to_be_removed_is_not_removed() {
    with_users(|| {
        let place = Place::new();
        let mut root = place.start_to_forget();
        let name = place.parent.join("rover.shm");
        fs::write(&name, "precious").unwrap();
        root.signal("CONT");
        let answer = root.answer();
        assert!(answer.starts_with("err OtherOpenError \"rover\" cannot name "), "{answer}");
        assert_eq!(fs::read_to_string(&name).unwrap(), "precious");
    });
}

#[test]
fn new_name_is_made_in_the_directory_that_is_locked_and_not_elsewhere() {
    with_users(|| {
        let place = Place::new();
        let mut root = stopping_at("NameCandidate", &place.parent, &[]);
        root.tell("named rover");
        root.wait_until_stopped();
        let moved = place.swap();
        root.signal("CONT");
        root.answer();
        assert!(!place.elsewhere.join("rover.shm").exists());
        assert!(moved.join("rover.shm").exists());
    });
}
