//! SIGKILL at each step of a growth.

use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;

use super::{STEPS, VERSIONS, creator, fields_of, killed_at, make_dirty, rover, rover_that_sees, use_all_versions};

/// Where the newest record is, and how long it is.
fn layout(scratch: &Scratch) -> (u64, u64) {
    let word = Raw::at_key(scratch.key('R')).get(field::LAYOUT);
    (word >> 32, word & 0xffff_ffff)
}

/// The object's fields after a process that was to extend it was killed at a step.
fn fields_after(fields: usize, version: &str, published: bool) -> usize {
    if published { fields.max(fields_of(version)) } else { fields }
}

#[test]
fn object_is_old_or_new_after_a_death_at_any_step_of_a_growth() {
    for (step, published) in STEPS {
        for grower in ["v2", "v3"] {
            for (next, own) in VERSIONS {
                let scratch = Scratch::new();
                let mut first = creator(scratch.path());
                killed_at(scratch.path(), step, &format!("attach {grower}"));
                let fields = fields_after(2, grower, published);
                assert_eq!(first.expect_ok("add position 0"), "5");
                if published {
                    assert_eq!(rover_that_sees(&scratch, grower).split(' ').count(), fields);
                } else {
                    rover(scratch.path()).expect_err(&format!("see {grower}"), "Shorter");
                    make_dirty(&scratch, 2);
                }
                let mut next_peer = rover(scratch.path());
                let answer = if own > fields { format!("grown {fields}") } else { "attached".into() };
                assert_eq!(next_peer.expect_ok(&format!("attach {next}")), answer, "{grower} at {step}, then {next}");
                let zeros = ["frames=7", "position=5", "speed=0", "total=0", "trips=0"];
                assert_eq!(next_peer.expect_ok("tell"), zeros[..own].join(" "), "{grower} at {step}, then {next}");
                first.expect_ok("add frames 0");
                use_all_versions(&scratch, fields.max(own));
            }
        }
    }
}

#[test]
fn object_is_whole_after_two_deaths_in_a_row_at_any_steps_of_growths() {
    for (first_step, first_published) in STEPS {
        for (second_step, second_published) in STEPS {
            for growers in [["v2", "v3"], ["v2", "v2"], ["v3", "v2"]] {
                let scratch = Scratch::new();
                let mut first = creator(scratch.path());
                let path = scratch.path();
                killed_at(path, first_step, &format!("attach {}", growers[0]));
                let fields = fields_after(2, growers[0], first_published);
                make_dirty(&scratch, fields);
                // A program with no field more claims a slot, and takes no other step.
                if fields_of(growers[1]) > fields || second_step == "SlotClaimed" {
                    killed_at(path, second_step, &format!("attach {}", growers[1]));
                } else {
                    assert_eq!(rover(path).expect_ok(&format!("attach {}", growers[1])), "attached");
                }
                let fields = fields_after(fields, growers[1], second_published);
                make_dirty(&scratch, fields);
                let zeros = ["frames=7", "position=5", "speed=0", "total=0", "trips=0"];
                let mut third = rover(path);
                third.expect_ok("attach v3");
                let case = format!("{growers:?} at {first_step} and {second_step}");
                assert_eq!(third.expect_ok("tell"), zeros.join(" "), "{case}");
                assert_eq!(first.expect_ok("add position 0"), "5");
                use_all_versions(&scratch, 5);
            }
        }
    }
}

#[test]
fn record_that_a_dead_process_did_not_publish_is_overwritten() {
    let scratch = Scratch::new();
    let _first = creator(scratch.path());
    let (start, len) = layout(&scratch);
    let next = (start + len).next_multiple_of(16);
    let hash_at = |at: u64| Raw::at_key(scratch.key('R')).read(at as usize..at as usize + 16);
    let mut hashes = vec![hash_at(next)];
    assert_eq!(hashes[0], [0; 16]);
    for version in ["v3", "left", "v2", "right"] {
        killed_at(scratch.path(), "GrowWritten", &format!("attach {version}"));
        assert_eq!(layout(&scratch), (start, len), "nothing is published");
        let hash = hash_at(next);
        assert!(!hashes.contains(&hash), "{version} has written its own record there");
        hashes.push(hash);
    }
    let mut second = rover(scratch.path());
    assert_eq!(second.expect_ok("attach v2"), "grown 2");
    assert_eq!((layout(&scratch).0, hash_at(next)), (next, hashes[3].clone()));
    assert_eq!(second.expect_ok("tell"), "frames=7 position=5 speed=0");
    // The next one comes behind it.
    let (start, len) = layout(&scratch);
    assert_eq!(rover(scratch.path()).expect_ok("attach v3"), "grown 3");
    assert_eq!((layout(&scratch).0, hash_at(start)), ((start + len).next_multiple_of(16), hashes[3].clone()));
}

/// What the processes have stored that were told so is there, also if they were killed at once.
#[test]
fn stores_of_processes_that_are_killed_around_a_growth_are_kept() {
    for (step, published) in STEPS {
        let scratch = Scratch::new();
        let mut first = creator(scratch.path());
        let mut growing = super::rover_with_failpoint(scratch.path(), step, "stop");
        if step == "SlotClaimed" {
            growing.tell("attach v2");
        } else {
            growing.expect_ok("attach v1");
            growing.expect_ok("add frames 10");
            growing.tell("attach v2");
        }
        growing.wait_until_stopped();
        let frames = if step == "SlotClaimed" { 7 } else { 17 };
        assert_eq!(first.expect_ok("add frames 1"), (frames + 1).to_string());
        let mut other = rover(scratch.path());
        other.expect_ok("attach v1");
        assert_eq!(other.expect_ok("add position 1"), "6");
        drop([growing, first, other]);
        let mut next = rover(scratch.path());
        let answer = if published { "attached" } else { "grown 2" };
        assert_eq!(next.expect_ok("attach v2"), answer, "{step}");
        assert_eq!(next.expect_ok("tell"), format!("frames={} position=6 speed=0", frames + 1), "{step}");
    }
}
