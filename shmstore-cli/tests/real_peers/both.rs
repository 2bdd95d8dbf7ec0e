//! What a C program and a Python program do alike.

use std::path::Path;
use std::process::Command;

use shmstore::ShmLayout;

use crate::objects::{Everything, Other, Stranger};
use crate::scratch::Scratch;
use crate::{c, python, run};

/// Both programs, with an anchor for an argument. Without numpy it is the C program alone.
fn peers(scratch: &Scratch, anchor: &Path) -> Vec<Command> {
    let mut c = Command::new(c::compiled(scratch));
    c.arg(anchor);
    let python = python::python().map(|python| python::program(python, scratch, anchor));
    [c].into_iter().chain(python).collect()
}

#[test]
fn another_layout_is_refused() {
    let scratch = Scratch::new();
    let _other = scratch.own_store().create::<Other>().expect("created");
    let hashes = [Other::LAYOUT_HASH, Everything::LAYOUT_HASH].map(|hash| hash.to_string());
    for mut peer in peers(&scratch, scratch.path()) {
        let said = run(peer.arg("refused"));
        assert!(said.contains("has the layout") && hashes.iter().all(|hash| said.contains(hash)), "{peer:?}: {said}");
    }
}

#[test]
fn missing_object_at_an_anchor_with_another_object_is_named() {
    let scratch = Scratch::new();
    let _stranger = scratch.own_store().create::<Stranger>().expect("created");
    let expected = format!("there is no Everything (id 'E') at {}, key 0x45", scratch.path().display());
    for (mut peer, start) in peers(&scratch, scratch.path()).into_iter().zip(["2 ", "retry: "]) {
        let said = run(peer.arg("refused"));
        assert!(said.strip_prefix(start).is_some_and(|said| said.starts_with(&expected)), "{peer:?}: {said}");
    }
}

#[test]
fn object_whose_header_is_damaged_is_refused_also_by_the_file_of_its_name() {
    let scratch = Scratch::new();
    let store = scratch.own_store();
    let _objects = [c::filled(&store), c::filled(&store.open_or_create_named("front").expect("a name"))];
    for anchor in [scratch.path(), &scratch.join("front.shm")] {
        peers(&scratch, anchor).iter_mut().for_each(|peer| drop(run(peer.arg("damage"))));
    }
}
