//! A hostile object, and what it costs those who use another.

use std::os::unix::fs::MetadataExt;

use shmstore::{Shared, Store};
use shmstore_tests::objects::{EveryPart, Parts};
use shmstore_tests::privilege::skip;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::flat_out;

use super::start;

/// The largest table there is.
const SLOTS: u32 = 16_384;

/// An attach that is over so soon tells nothing.
const TELLING: u64 = 300;

/// What a wait of 20 milliseconds may take on a busy machine.
const LATE: u64 = 200;

/// Fills every free slot with a process that lives, and says that it holds a lock byte: each has to be asked for.
fn fill(raw: &Raw) {
    const READY_WITH_BYTE: u64 = 2 << 51 | 1 << 53;
    let slots = raw.get(field::SLOTS_OFFSET) as usize;
    raw.set(field::SLOTS_USED, SLOTS.into());
    let namespace = std::fs::metadata("/proc/self/ns/pid").unwrap().ino() as u32;
    for slot in 0..SLOTS as usize {
        let at = slots + 32 * slot;
        if raw.read(at..at + 8) == [0; 8] {
            raw.write(at + 8, &namespace.to_le_bytes());
            let word = (1000 + slot as u64) | u64::from(std::process::id()) << 29 | READY_WITH_BYTE;
            raw.write(at, &word.to_le_bytes());
        }
    }
}

#[test]
fn wait_for_one_object_is_not_held_up_by_the_attach_of_another_with_a_hostile_table() {
    let _turn = flat_out();
    let scratch = Scratch::new();
    let _parts: Shared<Parts> = scratch.store().create().unwrap();
    let store = Store::options().max_processes(SLOTS).open(scratch.path()).unwrap();
    let _hostile: Shared<EveryPart> = store.create().unwrap();
    fill(&Raw::at_key(scratch.key('H')));
    let mut bystander = start("bystander", &scratch, &[]);
    let answer = bystander.expect_ok("go");
    let (attach, longest) = answer.split_once(' ').unwrap();
    let [attach, longest] = [attach, longest].map(|number| number.parse::<u64>().unwrap());
    println!("the attach took {attach} ms, the longest wait {longest} ms");
    if attach < TELLING {
        return skip(&format!("the attach took {attach} ms only"));
    }
    // A busy machine slows both.
    assert!(longest < LATE.max(attach / 2), "a wait of 20 ms took {longest} ms while an attach took {attach} ms");
}
