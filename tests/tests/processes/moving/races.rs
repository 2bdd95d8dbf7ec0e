//! Processes that attach an object and store to it again and again, against one that moves, replaces or removes it. A
//! store that was acknowledged is never lost, and no process has an object attached when it is removed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use shmstore::inspect::{InspectError, Limits, Object, SavedObject, Segment, WhileAttached};
use shmstore::migrate::MigrateError;
use shmstore::{CreateError, ShmId, ShmObject};
use shmstore_tests::moves::{ID, World, v1, v2};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::remove_segment;
use shmstore_tests::wait::flat_out;

/// The rounds, in each of which the object is moved, replaced or removed: as many as the environment says, or else
/// those of two seconds. During 8,000 moves the other processes attach it 100,000 times.
fn rounds() -> impl Iterator<Item = usize> {
    let wanted = std::env::var("SHMSTORE_TEST_RACES").map(|number| number.parse().unwrap());
    let (is_short, started) = (wanted.is_err(), Instant::now());
    let more = move |_: &usize| !is_short || started.elapsed() < Duration::from_secs(2);
    (0..wanted.unwrap_or(usize::MAX)).take_while(more)
}

/// What two processes have done that attach the object without a pause.
struct Attached {
    attempts: u64,
    stores: u64,
    outcomes: BTreeSet<String>,
}

/// Does something in each round, while two processes attach the object and store to it.
fn against(world: &World, mut act: impl FnMut(usize)) -> Attached {
    let _alone = flat_out();
    let mut movers = [(); 2].map(|()| world.mover(&[]));
    movers.iter_mut().for_each(|mover| mover.tell("race"));
    let rounds = rounds().inspect(|round| act(*round)).count();
    std::fs::write(world.scratch.join("over"), []).unwrap();
    let mut sum = Attached { attempts: 0, stores: 0, outcomes: BTreeSet::new() };
    for answer in movers.iter_mut().map(Peer::answer) {
        let mut words = answer.strip_prefix("ok ").unwrap().splitn(3, ' ');
        sum.attempts += words.next().unwrap().parse::<u64>().unwrap();
        sum.stores += words.next().unwrap().parse::<u64>().unwrap();
        sum.outcomes.extend(words.next().unwrap().split(", ").filter(|one| !one.is_empty()).map(str::to_owned));
    }
    println!("{rounds} rounds against {} attempts to attach, {} stores", sum.attempts, sum.stores);
    sum
}

fn outcomes<const N: usize>(expected: [&str; N]) -> BTreeSet<String> {
    expected.map(str::to_owned).into()
}

/// Moves it, as soon as no process has it attached.
fn migrate<T: ShmObject + ShmId>(world: &World) {
    loop {
        match world.store.migrate::<T>() {
            Ok(moved) => return assert!(moved.was_needed()),
            Err(MigrateError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn move_loses_no_store_and_is_seen_by_no_process_as_a_missing_object() {
    let world = World::new();
    let attached =
        against(
            &world,
            |round| if round % 2 == 0 { migrate::<v2::Ledger>(&world) } else { migrate::<v1::Ledger>(&world) },
        );
    assert_eq!(attached.outcomes, outcomes([]));
    assert!(attached.stores > 0);
    world.acknowledge(attached.stores);
    world.assert_whole();
}

#[test]
fn replacement_by_a_saved_object_takes_it_from_no_process() {
    let world = World::new();
    let path = world.scratch.path().canonicalize().unwrap();
    let mut replaced = 0;
    let attached = against(&world, |_| {
        let object = Object::find(&path, Some(ID)).unwrap();
        let saved = SavedObject::of(&object, &Limits::full()).unwrap();
        drop(object);
        match saved.replace_in(&world.store) {
            Ok(()) => replaced += 1,
            Err(CreateError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    });
    // Between the removal and the creation there is none.
    assert!(attached.outcomes.is_subset(&outcomes(["NotFound"])), "{:?}", attached.outcomes);
    assert!(replaced > 0 && attached.stores > 0);
    world.assert_alone();
}

#[test]
fn careful_removal_by_number_takes_it_from_no_process() {
    let world = World::new();
    let mut removed = 0;
    let attached = against(&world, |_| {
        let there = world.scratch.segments().into_iter().find(|found| found.key == world.key()).unwrap();
        match Segment::of_shmid(there.shmid).unwrap().remove(WhileAttached::Refuse) {
            Ok(()) => {
                removed += 1;
                world.store.create::<v1::Ledger>().unwrap();
            }
            Err(InspectError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    });
    assert!(attached.outcomes.is_subset(&outcomes(["NotFound"])), "{:?}", attached.outcomes);
    assert!(removed > 0 && attached.stores > 0);
    world.assert_alone();
}

/// The moment after the count and before the removal.
#[test]
fn process_that_attaches_during_a_careful_removal_waits_for_its_end() {
    let world = World::new();
    let mut remover = world.mover(&[("SHMSTORE_FAILPOINT", "RemoveCounted=stop")]);
    remover.tell(&format!("rm {}", world.scratch.segments()[0].shmid));
    remover.wait_until_stopped();
    let mut late = world.mover(&[]);
    late.tell("attach");
    late.wait_until_polling();
    remover.signal("CONT");
    assert_eq!(remover.answer(), "ok ");
    assert!(late.answer().starts_with("err NotFound "));
    world.assert_empty();
}

/// A process finds no object, because it is being moved, and looks for the journal when the move has ended.
#[test]
fn move_that_ends_between_two_looks_of_a_process_does_not_hide_the_object() {
    for command in ["attach2", "see2"] {
        let world = World::new();
        let mut mover = world.mover(&[("SHMSTORE_FAILPOINT", "RemoveDone=stop")]);
        mover.tell("migrate2");
        mover.wait_until_stopped();
        let mut late = world.mover(&[("SHMSTORE_FAILPOINT", "LookMissing:1=stop")]);
        late.tell(command);
        late.wait_until_stopped();
        mover.signal("CONT");
        assert_eq!(mover.answer(), "ok moved");
        late.signal("CONT");
        let answer = late.answer();
        assert!(answer.starts_with("ok"), "{answer}");
        drop(late);
        world.assert_whole();
    }
}

/// What the tests above look for.
#[test]
fn removal_from_outside_takes_it_from_a_process() {
    let world = World::new();
    let attached = against(&world, |_| {
        if let Some(there) = world.scratch.segments().into_iter().find(|found| found.key == world.key()) {
            remove_segment(there.shmid);
        }
        world.store.attach_or_create::<v1::Ledger>().unwrap();
    });
    assert!(attached.outcomes.contains("stored into a removed object"), "{:?}", attached.outcomes);
}
