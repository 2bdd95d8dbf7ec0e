//! Many processes attach an object while others extend it.

use shmstore_tests::rovers::FOUND;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

use super::Stampede;

/// Objects, each of which six processes attach twice.
const ROUNDS: u64 = 1000;

/// The actor checks each attach: see `stampede` in its role `rover`.
#[test]
fn each_attach_gets_a_whole_object_and_one_process_learns_of_each_growth() {
    let _alone = wait::flat_out();
    let scratch = Scratch::new();
    let seats = [("v1", "attach"), ("v1", "see"), ("v2", "attach"), ("v2", "attach"), ("v2", "see"), ("v3", "attach")];
    let mut stampede = Stampede::start(&scratch, &seats, 2);
    let (mut by_steps, mut at_once) = (0, 0);
    for round in 1..=ROUNDS {
        let outcomes = stampede.round();
        let of = |seat: usize| outcomes[seat];
        assert_eq!((of(0), of(1), of(4)), (FOUND, FOUND, FOUND), "round {round}");
        // Either version 3 extends the object by all fields, or one process of version 2 comes before it.
        match (of(2), of(3), of(5)) {
            (0, 0, 2) => at_once += 1,
            (2, 0, 3) | (0, 2, 3) => by_steps += 1,
            other => panic!("round {round}: {other:?}"),
        }
    }
    stampede.end();
    println!("grown by steps: {by_steps}, at once: {at_once}");
    assert!(by_steps > 0 && at_once > 0, "the processes did not meet: {by_steps} by steps, {at_once} at once");
}
