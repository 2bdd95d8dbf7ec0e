//! Programs with an older or newer header or module than the object.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use shmstore::schema::OwnedSchema;
use shmstore::{ShmLayout, ShmObject, Versioned};
use shmstore_cli::export::{c_header, python_module};

use crate::python::python;
use crate::run;
use crate::scratch::Scratch;

mod older {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 2048)]
    pub(super) struct Rover {
        pub(super) frames: AtomicU64,
        pub(super) position: Versioned<[f64; 3]>,
    }
}

mod newer {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 2048)]
    pub(super) struct Rover {
        pub(super) frames: AtomicU64,
        pub(super) position: Versioned<[f64; 3]>,
        pub(super) battery: AtomicU32,
    }
}

/// As `newer`, with a room on the first page.
mod small {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 1024)]
    pub(super) struct Rover {
        pub(super) frames: AtomicU64,
        pub(super) position: Versioned<[f64; 3]>,
        pub(super) battery: AtomicU32,
    }
}

/// The newer object without room.
mod fixed {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R')]
    pub(super) struct Rover {
        pub(super) frames: AtomicU64,
        pub(super) position: Versioned<[f64; 3]>,
        pub(super) battery: AtomicU32,
    }
}

/// Another type of the same name, with more fields.
mod other {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 2048)]
    pub(super) struct Rover {
        pub(super) frames: AtomicU64,
        pub(super) position: Versioned<[f32; 3]>,
        pub(super) battery: AtomicU32,
    }
}

/// A C program and a Python program with the header and the module of this layout. Without numpy it is the C program
/// alone.
fn peers(scratch: &Scratch, name: &str, schema: &OwnedSchema) -> Vec<Command> {
    let at = scratch.join(name);
    fs::create_dir(&at).expect("a new directory");
    let write = |name: &str, text: &str| fs::write(at.join(name), text).expect("written");
    write("rover.h", &c_header(schema, 'R', None).expect("a header"));
    write("grown.c", include_str!("grown.c"));
    write("rover.py", &python_module(schema, 'R', None).expect("a module"));
    write("grown.py", include_str!("grown.py"));
    let is_longer = schema.prefix_hashes().len() == 3;
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"]).arg(at.join("grown")).arg(at.join("grown.c"));
    run(gcc.args(is_longer.then_some("-DIS_LONGER")));
    let python = python().map(|python| {
        let mut command = Command::new(python);
        command.arg("-B").arg(at.join("grown.py"));
        command
    });
    [Command::new(at.join("grown"))].into_iter().chain(python).collect()
}

#[track_caller]
fn say(peers: &mut [Command], path: &Path, expected: &[&str]) {
    for peer in peers {
        let said = run(peer.arg(path));
        assert!(expected.iter().all(|expected| said.contains(expected)), "{peer:?}: {said}");
    }
}

#[test]
fn older_reader_attaches_an_object_that_has_grown() {
    let scratch = Scratch::new();
    let mut older_peers = peers(&scratch, "older", &older::Rover::SCHEMA.into());
    let older = scratch.own_store().create::<older::Rover>().expect("created");
    older.frames.store(7, Relaxed);
    let newer = scratch.own_store().attach::<newer::Rover>().expect("grown");
    newer.battery.store(99, Relaxed);
    say(&mut older_peers, scratch.path(), &["frames 7\n"]);
    say(&mut peers(&scratch, "newer", &newer::Rover::SCHEMA.into()), scratch.path(), &["frames 7, battery 99\n"]);
}

#[test]
fn older_reader_attaches_a_longer_object_on_the_first_page() {
    let scratch = Scratch::new();
    let object = scratch.own_store().create::<small::Rover>().expect("created");
    object.frames.store(8, Relaxed);
    say(&mut peers(&scratch, "older", &older::Rover::SCHEMA.into()), scratch.path(), &["frames 8\n"]);
}

#[test]
fn newer_reader_of_an_object_that_has_not_grown_is_told_so() {
    let scratch = Scratch::new();
    let _older = scratch.own_store().create::<older::Rover>().expect("created");
    let mut newer = peers(&scratch, "newer", &newer::Rover::SCHEMA.into());
    let expected =
        ["refused: the object at", "with 2 fields, but this", "has 3 fields: start a program with the newer"];
    say(&mut newer, scratch.path(), &expected);
}

#[test]
fn reader_of_another_beginning_is_refused() {
    let scratch = Scratch::new();
    let _other = scratch.own_store().create::<other::Rover>().expect("created");
    let hashes = [other::Rover::LAYOUT_HASH, older::Rover::LAYOUT_HASH].map(|hash| hash.to_string());
    let expected = [&*hashes[0], &hashes[1], "refused", "has the layout"];
    say(&mut peers(&scratch, "older", &older::Rover::SCHEMA.into()), scratch.path(), &expected);
}

#[test]
fn object_without_room_needs_the_exact_layout() {
    let scratch = Scratch::new();
    let _fixed = scratch.own_store().create::<fixed::Rover>().expect("created");
    let mut older = peers(&scratch, "older", &older::Rover::SCHEMA.into());
    say(&mut older, scratch.path(), &["refused", "has the layout"]);
    say(&mut peers(&scratch, "newer", &newer::Rover::SCHEMA.into()), scratch.path(), &["frames 0, battery 0\n"]);
}

#[test]
fn damaged_layout_log_is_refused() {
    let scratch = Scratch::new();
    let _newer = scratch.own_store().create::<newer::Rover>().expect("created");
    for mut peer in peers(&scratch, "older", &older::Rover::SCHEMA.into()) {
        run(peer.arg(scratch.path()).arg("damage"));
    }
}
