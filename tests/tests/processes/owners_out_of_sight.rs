//! Dead owners whom the usual look does not show: their place is somebody else's, their process lives on as another
//! program, or who looks may not ask the kernel for their locks.

use shmstore::{Shared, Store};
use shmstore_tests::holder::{holder, holder_with, spawn};
use shmstore_tests::objects::Parts;
use shmstore_tests::peer::Peer;
use shmstore_tests::privilege::{ALICE, PublicPeer, with_users};
use shmstore_tests::scratch::{Scratch, set_mode};

/// Far more than a dead owner needs to be found.
const TIME: &str = "8000";

/// An object for three processes, this one among them. Alice may use it, and not read the directory that carries the lock
/// bytes: she holds none, and can ask for nobody's.
struct Secluded {
    scratch: Scratch,
    program: PublicPeer,
    _parts: Shared<Parts>,
}

impl Secluded {
    fn new() -> Self {
        let scratch = Scratch::new();
        let store = Store::options().max_processes(3).mode(0o666).open(scratch.path()).unwrap();
        let parts = store.open_or_create_named("x").unwrap().create().unwrap();
        set_mode(scratch.path(), 0o711);
        Self { scratch, program: PublicPeer::in_role("holder"), _parts: parts }
    }

    fn alice(&self) -> Peer {
        spawn(&mut self.program.command_as(ALICE, &self.scratch.join("x.shm")))
    }

    /// One who may read the directory, and holds a lock byte.
    fn holder(&self) -> Peer {
        holder_with(self.scratch.path(), &[("HOLDER_NAME", "x")])
    }
}

#[test]
fn dead_owner_whose_place_a_newcomer_has_is_found_by_one_who_cannot_ask_for_lock_bytes() {
    with_users(|| {
        let secluded = Secluded::new();
        let mut alice = secluded.alice();
        let mut owner = secluded.holder();
        owner.expect_ok("lock");
        owner.expect_ok("begin");
        owner.kill();
        let _newcomer = secluded.holder();
        assert_eq!(alice.expect_ok("participants"), "3", "the newcomer has another place");
        alice.expect_err("try_lock", "OwnerDied");
        alice.expect_err(&format!("lock_timeout {TIME}"), "OwnerDied");
        assert_eq!(alice.expect_ok(&format!("lock_or_repair_timeout {TIME}")), "repaired");
        assert_eq!(alice.expect_ok(&format!("store_timeout 9 {TIME}")), "1");
    });
}

#[test]
fn new_image_of_one_without_a_lock_byte_does_not_wait_for_what_the_former_image_held() {
    with_users(|| {
        let secluded = Secluded::new();
        let mut alice = secluded.alice();
        alice.expect_ok("lock");
        alice.expect_ok("begin");
        assert_eq!(alice.ask("exec"), "ok ready");
        alice.expect_err("try_lock", "OwnerDied");
        alice.expect_err(&format!("lock_timeout {TIME}"), "OwnerDied");
        assert_eq!(alice.expect_ok(&format!("lock_or_repair_timeout {TIME}")), "repaired");
        assert_eq!(alice.expect_ok(&format!("store_timeout 9 {TIME}")), "1");
    });
}

#[test]
fn what_the_former_image_held_is_recovered_while_the_new_one_only_reads() {
    let scratch = Scratch::new();
    let mut image = holder(scratch.path());
    image.expect_ok("lock");
    image.expect_ok("begin");
    assert_eq!(image.ask("exec_reader"), "ok ready");
    let mut other = holder(scratch.path());
    other.expect_err("try_lock", "OwnerDied");
    assert_eq!(other.expect_ok(&format!("lock_or_repair_timeout {TIME}")), "repaired");
    assert_eq!(other.expect_ok(&format!("store_timeout 9 {TIME}")), "1");
    image.expect_ok("knock");
}
