//! A peer that may write the journal of a move, or makes one: nothing that a process does with it panics, crashes or
//! hangs.

mod damage;
mod layouts;

use shmstore_tests::moves::World;
use shmstore_tests::raw::{Raw, find, plant};
use shmstore_tests::scratch::Planted;

use super::hostile_header::NO_HANG;

/// A world in which a process has died when the journal was complete, and the segments of both.
struct Interrupted {
    world: World,
    object: Vec<u8>,
    journal: Vec<u8>,
}

impl Interrupted {
    fn new() -> Self {
        let world = World::new();
        let mut mover = world.mover(&[("SHMSTORE_FAILPOINT", "JournalReady=kill")]);
        mover.tell("migrate2");
        mover.wait_until_killed();
        let bytes = |key| Raw::at_key(key).bytes();
        let (object, journal) = (bytes(world.key()), bytes(world.journal_key()));
        Self { world, object, journal }
    }

    /// Removes what is there, and makes these segments. The world removes them in the end.
    fn plant(&self, object: Option<&[u8]>, journal: &[u8]) {
        for (key, bytes) in [(self.world.key(), object), (self.world.journal_key(), Some(journal))] {
            if let Some(shmid) = find(key) {
                remove_segment_now(shmid);
            }
            if let Some(bytes) = bytes {
                std::mem::forget(plant(key, bytes.len(), 0o600, bytes));
            }
        }
    }
}

fn remove_segment_now(shmid: i32) {
    drop(Planted { shmid });
}
