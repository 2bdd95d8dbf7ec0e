//! Values that change faster than they can be copied.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use shmstore::view::VersionedView;
use shmstore::{Shared, Versioned, WaitError};
use shmstore_tests::objects::Block;
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

use super::harm::{SEQUENCE, in_time, meanwhile, place};
use super::store;

/// So large that, while one copy is made, somebody else gets to run.
type Huge = Block<4_194_304>;

/// The limit on each call.
const SHORT: Duration = Duration::from_millis(2);

/// What comes of all calls that wait for a version, which there is, and copy it.
fn waits(part: &Versioned<Huge>, seen: &VersionedView<Huge>) -> [Result<(), WaitError>; 2] {
    let _ = [in_time(|| part.load_timeout(SHORT).map(drop)), in_time(|| seen.load_timeout(SHORT).map(drop))];
    [in_time(|| part.wait_newer(0, SHORT).map(drop)), in_time(|| seen.wait_newer(0, SHORT).map(drop))]
}

#[test]
fn sequence_number_that_never_rests_stops_no_wait_and_no_load_from_ending() {
    let scratch = Scratch::new();
    let part: Shared<Versioned<Huge>> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Versioned<Huge>>().unwrap();
    let raw = Raw::at_key(scratch.key('B'));
    let at = place(&part, &*part, &raw) + SEQUENCE;
    let harm = |raw: &Raw, round: u64| raw.write(at, &(8 + round * 8).to_le_bytes());
    let (ended, end) = channel();
    meanwhile(&raw, harm, || {
        // Not scoped: what does not end is left behind. Copies of the value are made on the stack.
        let calls = thread::Builder::new().stack_size(256 << 20);
        calls.spawn(move || while ended.send(waits(&part, &seen)).is_ok() {}).unwrap();
        // Where the machine is busy, nobody may have disturbed a copy: then again.
        wait::until_true("a wait that is given up because no copy is whole", || {
            let results = end.recv_timeout(wait::DEADLINE).expect("a call that has a limit has ended");
            results.iter().any(|result| matches!(result, Err(WaitError::NeverWhole { .. })))
        });
    });
}
