//! An object that processes have attached is not moved, and the error names them.

use shmstore::inspect::{InspectError, Segment, WhileAttached, segments};
use shmstore::{AttachError, Store};
use shmstore_tests::assert_says;
use shmstore_tests::moves::{World, v1, v2};
use shmstore_tests::raw::{Raw, field};

fn is_moving(world: &World) -> bool {
    Raw::at_key(world.key()).get(field::FLAGS) & 1 != 0
}

#[test]
fn object_in_use_is_not_moved_and_its_users_are_named() {
    let world = World::new();
    let (mut writer, mut reader) = (world.mover(&[]), world.mover(&[]));
    writer.expect_ok("attach");
    reader.expect_ok("see");
    let mut mover = world.mover(&[]);
    let message = mover.expect_err("migrate2", "InUse");
    // A list of the machine's segments, which any other test may ask for, may attach it once more.
    assert_says(&message, &[&format!("by process {}, and it is attached ", writer.pid())]);
    assert!(!is_moving(&world), "the next process need not wait");
    writer.expect_ok("drop");
    let message = mover.expect_err("migrate2", "InUse");
    assert_says(&message, &["it is in use: it is attached "]);
    reader.expect_ok("drop");
    assert_eq!(mover.expect_ok("migrate2"), "moved");
    assert_eq!(mover.expect_ok("attach2"), "attached");
    let message = mover.expect_err("migrate1", "InUse");
    assert_says(&message, &[&format!("{} (this process)", mover.pid())]);
    drop(mover);
    world.assert_whole();
}

/// A process that attaches meanwhile waits for the answer, and then has the object that is there.
#[test]
fn process_that_attaches_while_the_users_are_counted_gets_the_object_that_stays() {
    let world = World::new();
    let mut user = world.mover(&[]);
    user.expect_ok("attach");
    let mut mover = world.mover(&[("SHMSTORE_FAILPOINT", "MoveMarked=stop")]);
    mover.tell("migrate2");
    mover.wait_until_stopped();
    let mut late = world.mover(&[]);
    late.tell("attach");
    late.wait_until_polling();
    user.expect_ok("add 1");
    world.acknowledge(1);
    mover.signal("CONT");
    assert!(mover.answer().starts_with("err InUse "));
    assert_eq!(late.answer(), "ok attached");
    assert_eq!(late.expect_ok("count"), "4");
    drop((user, late, mover));
    world.assert_whole();
}

#[test]
fn processes_that_list_objects_do_not_keep_one_from_being_moved() {
    let world = World::new();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    world.store.list().unwrap();
                    segments().unwrap();
                }
            });
        }
        for _ in 0..20 {
            assert!(world.store.migrate::<v2::Ledger>().unwrap().was_needed());
            assert!(world.store.migrate::<v1::Ledger>().unwrap().was_needed());
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    world.assert_whole();
}

#[test]
fn careful_removal_by_number_refuses_an_object_in_use_and_leaves_it_open() {
    let world = World::new();
    let mut user = world.mover(&[]);
    user.expect_ok("attach");
    let shmid = world.scratch.segments()[0].shmid;
    let refused = Segment::of_shmid(shmid).unwrap().remove(WhileAttached::Refuse);
    assert!(matches!(refused, Err(InspectError::InUse { attached: 1, .. })), "{refused:?}");
    assert!(!is_moving(&world));
    drop(user);
    world.assert_whole();
    let refused = world.store.attach::<v2::Ledger>();
    assert!(matches!(refused, Err(AttachError::LayoutMismatch(_))), "{refused:?}");
}

#[test]
fn process_without_time_says_so_when_it_meets_a_move() {
    let world = World::new();
    let mut mover = world.mover(&[("SHMSTORE_FAILPOINT", "JournalReady=stop")]);
    mover.tell("migrate2");
    mover.wait_until_stopped();
    let hasty = Store::options().wait(std::time::Duration::ZERO).open(world.scratch.path()).unwrap();
    for error in [hasty.attach::<v1::Ledger>().err(), hasty.attach_read_only::<v1::Ledger>().map(drop).err()] {
        assert!(matches!(error, Some(AttachError::StillInitializing { .. })), "{error:?}");
    }
    mover.signal("CONT");
    assert_eq!(mover.answer(), "ok moved");
    world.assert_whole();
}
