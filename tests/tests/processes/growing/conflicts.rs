//! Programs that append different fields.

use shmstore_tests::rovers::CONFLICT;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

use super::{Stampede, rover, rover_that_has};

const ROUNDS: usize = 1000;

#[test]
fn one_of_two_processes_that_append_different_fields_is_refused() {
    let _alone = wait::flat_out();
    let scratch = Scratch::new();
    let mut stampede = Stampede::start(&scratch, &[("left", "attach"), ("right", "attach")], 1);
    let mut won = [0; 2];
    for round in 1..=ROUNDS {
        match stampede.round()[..] {
            [2, CONFLICT] => won[0] += 1,
            [CONFLICT, 2] => won[1] += 1,
            ref other => panic!("round {round}: {other:?}"),
        }
    }
    stampede.end();
    println!("won: {won:?}");
    assert!(won.iter().all(|won| *won > 0), "the processes did not meet: {won:?}");
}

#[test]
fn refusal_names_the_field_that_stands_in_the_way_until_the_object_is_made_anew() {
    let scratch = Scratch::new();
    let mut first = rover_that_has(scratch.path(), "create v1 7", "created");
    let mut left = rover_that_has(scratch.path(), "attach left", "grown 2");
    assert_eq!(left.expect_ok("add level 4"), "4");
    let mut right = rover(scratch.path());
    for version in ["right", "v2", "v3"] {
        for how in ["attach", "see"] {
            let message = right.expect_err(&format!("{how} {version}"), "LayoutMismatch");
            assert!(message.contains("`level` stands in the way"), "{message}");
        }
    }
    assert_eq!(right.expect_ok("attach v1"), "attached", "a refused process may still use the fields that all have");
    right.expect_ok("add frames 1");
    assert_eq!(
        (first.expect_ok("get frames"), left.expect_ok("tell")),
        ("8".into(), "frames=8 position=0 level=4".into())
    );
    // Once all have stopped, another field may have the place.
    drop([first, left, right]);
    let mut right = rover(scratch.path());
    right.expect_err("attach right", "LayoutMismatch");
    right.expect_ok("remove");
    assert_eq!(right.expect_ok("create right 9"), "created");
    right.expect_err("attach left", "LayoutMismatch");
}
