//! Deaths of processes that finish or undo the move of a dead one, and of those that finish theirs.

use std::thread;

use shmstore_tests::moves::World;
use shmstore_tests::random::Random;

use super::{MOST, after_each_death, at_each_step};

/// The calls by which a process comes to finish or to undo a move.
const FINISHERS: &[&str] = &["attach1", "attach2", "create1", "attach_or_create2", "migrate1", "migrate2"];

/// A process that stores whenever it can, and looks at nothing else.
fn live(world: &World) {
    world.assert_no_journal_of_an_open_object();
    world.write_if_open();
}

#[test]
fn no_store_is_lost_by_two_deaths_at_any_steps() {
    for finisher in ["attach1", "attach2"] {
        at_each_step(|_, n| {
            for m in 1..MOST {
                let world = World::new();
                if world.die("migrate2", n).is_some() {
                    assert_eq!(m, 1);
                    return true;
                }
                live(&world);
                let expected = world.expected();
                let is_over = world.die(finisher, m).is_some();
                live(&world);
                assert_eq!(world.expected(), expected, "at {n}, {m}");
                world.assert_whole();
                if is_over {
                    return false;
                }
            }
            panic!("a call without end");
        });
    }
}

/// Up to five processes die one after the other, and in between another one stores whenever it can.
#[test]
fn no_store_is_lost_by_up_to_five_deaths_at_random_steps() {
    const AT_A_TIME: u64 = 6;
    let sequences = std::env::var("SHMSTORE_TEST_DEATHS").map_or(120, |number| number.parse().unwrap());
    thread::scope(|scope| {
        for thread in 0..AT_A_TIME {
            scope.spawn(move || {
                for sequence in (thread..sequences).step_by(AT_A_TIME as usize) {
                    sequence_of_deaths(sequence);
                }
            });
        }
    });
}

fn sequence_of_deaths(seed: u64) {
    let mut random = Random::new(seed + 1);
    let world = World::new();
    let mut path = Vec::new();
    let first = random.within(1..25);
    let is_dead = world.die("migrate2", first).is_none();
    path.push(("migrate2", first, is_dead));
    for _ in 0..random.within(1..5) {
        live(&world);
        let (finisher, step) = (FINISHERS[random.within(0..FINISHERS.len())], random.within(1..22));
        let is_dead = world.die(finisher, step).is_none();
        path.push((finisher, step, is_dead));
    }
    live(&world);
    println!("{seed}: {path:?}");
    world.assert_whole();
}

#[test]
fn finisher_that_dies_after_the_object_was_stored_to_takes_nothing_back() {
    after_each_death(|world, n| {
        // Each of them undoes or finishes it, and the object is stored to in between.
        for m in [1, 3, 5, 8, 12] {
            drop(world.die("attach2", m));
            live(world);
            drop(world.die("migrate1", m + n % 3));
            live(world);
        }
        world.assert_whole();
    });
}
