//! Closures that fill the new object, and fail, panic, fork, or use the store.

use shmstore::{AttachError, CreateError};
use shmstore_tests::moves::{AtKey, World, v1};
use shmstore_tests::peer::Child;

/// The old object is there, open and unchanged.
#[track_caller]
fn assert_unchanged(world: &World) {
    assert_eq!(world.at_key(), AtKey::Old);
    assert!(world.write_if_open(), "it is still marked");
    world.assert_whole();
}

#[test]
fn old_object_stays_if_the_closure_fails_or_panics() {
    let world = World::new();
    let mut mover = world.mover(&[]);
    let message = mover.expect_err("migrate_failing2", "Fill");
    assert!(message.ends_with("not today"), "{message}");
    assert_unchanged(&world);
    assert_eq!(mover.expect_err("migrate_panicking2", "Panicked"), "not today");
    assert_unchanged(&world);
    assert_eq!(mover.expect_ok("migrate2"), "moved");
}

#[test]
fn closure_that_uses_its_own_object_is_told_so_and_the_others_wait() {
    let world = World::new();
    let mut mover = world.mover(&[]);
    assert_eq!(mover.expect_ok("migrate_serving2"), "in fill");
    for command in ["attach1", "attach2", "see2", "create1", "attach_or_create2", "migrate1", "remove1", "replace1"] {
        mover.expect_err(command, "WouldDeadlock");
    }
    let mut other = world.mover(&[]);
    other.tell("attach2");
    other.wait_until_polling();
    mover.tell("return");
    assert_eq!(mover.answer(), "ok moved");
    assert_eq!(other.answer(), "ok attached");
    assert_eq!(other.expect_ok("count"), "3");
    drop(other);
    world.assert_whole();
}

#[test]
fn child_that_is_forked_in_the_closure_finishes_no_move_and_undoes_none() {
    let world = World::new();
    let mut mover = world.mover(&[]);
    assert_eq!(mover.expect_ok("migrate_serving2"), "in fill");
    let child = Child::fork(&mut mover);
    // In the child the closure returns, and its parent still has the lock.
    mover.tell("child return");
    let answer = mover.answer();
    assert!(answer.starts_with("err ForkedInInit "), "{answer}");
    assert!(!world.write_if_open(), "the parent still moves it");
    child.kill();
    mover.tell("return");
    assert_eq!(mover.answer(), "ok moved");
    world.assert_whole();
}

#[test]
fn migrator_that_is_killed_in_the_closure_leaves_the_old_object() {
    let world = World::new();
    let mut mover = world.mover(&[]);
    assert_eq!(mover.expect_ok("migrate_serving2"), "in fill");
    mover.kill();
    let refused = world.store.create::<v1::Ledger>();
    assert!(matches!(refused, Err(CreateError::AlreadyExists { .. })), "{refused:?}");
    assert_unchanged(&world);
}

#[test]
fn object_that_is_removed_from_outside_during_the_closure_is_not_brought_back_by_a_dead_migrator() {
    let world = World::new();
    let mut mover = world.mover(&[]);
    assert_eq!(mover.expect_ok("migrate_serving2"), "in fill");
    shmstore_tests::scratch::remove_segment(world.scratch.segments()[0].shmid);
    mover.kill();
    let found = world.store.attach::<v1::Ledger>();
    assert!(matches!(found, Err(AttachError::NotFound { .. })), "{found:?}");
    world.assert_empty();
}
