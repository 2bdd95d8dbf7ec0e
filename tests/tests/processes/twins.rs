//! Two copies of the crate in one process, each with a token and a lock byte of its own.

use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::scratch::Scratch;

#[test]
fn second_copy_in_a_process_takes_nothing_from_the_first_also_if_all_descriptors_are_closed() {
    let scratch = Scratch::new();
    let mut twins = Peer::spawn(actor("twins").env("TWIN_STORE", scratch.path()));
    // The lock and the write side: busy, busy, and free.
    assert_eq!(twins.answer(), "ok [1, 1] [1, 1] [0, 0] of 2");
}
