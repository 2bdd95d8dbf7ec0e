//! Memory comes from the kernel zeroed, a page at a time when it is touched: creating an object touches none of its own.

use std::sync::atomic::Ordering::SeqCst;

use shmstore::Shared;
use shmstore_tests::again::alone;
use shmstore_tests::objects::{Large, Position, Telemetry};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;

/// Shared memory of this process that is in RAM, in KiB.
fn resident_shared() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssShmem:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn large_object_is_zero_and_costs_no_memory_until_it_is_touched() {
    alone(|| {
        const MIB: u64 = 1 << 10;
        let scratch = Scratch::new();
        let before = resident_shared();
        let object = scratch.store().create::<Large>().unwrap();
        let created = resident_shared();
        assert!(created < before + 4 * MIB, "{before} KiB before, {created} KiB after");
        assert!(segments::at_key(scratch.key('L'))[0].size > 64 << 20);

        assert!(
            object.numbers.iter().step_by(4099).chain(object.numbers.last()).all(|number| number.load(SeqCst) == 0)
        );
        assert!(resident_shared() > before + 4 * MIB, "what is measured does not show what was touched");
        object.numbers[(8 << 20) - 1].store(1, SeqCst);
        let again = scratch.store().attach::<Large>().unwrap();
        assert_eq!(again.numbers.last().unwrap().load(SeqCst), 1);
        scratch.store().remove::<Large>().unwrap();
    });
}

#[test]
fn small_object_takes_one_page_of_memory_however_many_processes_come_and_go() {
    let scratch = Scratch::new();
    let object = scratch.store().create::<Telemetry>().unwrap();
    object.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
    let resident = || segments::resident_pages(Shared::info(&object).unwrap().shmid);
    assert_eq!(resident(), 1);
    for _ in 0..100 {
        let mut peer = Peer::start(scratch.path());
        peer.expect_ok("attach");
    }
    assert_eq!(resident(), 1, "places of processes that have ended are taken before a page more is touched");
    assert!(Shared::participants(&object).len() < 100);
}
