//! Objects that are not extended: by whom, and when not at all.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU8, AtomicU64};
use std::thread;
use std::time::Duration;

use shmstore::{AttachError, Shared, ShmId, ShmObject, Store, Versioned};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::rovers::{v1, v2};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::{assert_says, wait};

use super::{rover, rover_that_has, rover_with};

#[test]
fn process_that_extends_nothing_says_which_fields_are_missing() {
    let scratch = Scratch::new();
    let mut first = rover_that_has(scratch.path(), "create v1 7", "created");
    let mut tool = rover_with(scratch.path(), &[("ROVER_GROWS_NOT", "1")]);
    let commands = ["attach v3", "attach v3 30", "attach_or_create v3 1", "see v3", "see v3 30", "view v3"];
    for command in commands {
        let message = tool.expect_err(command, "Shorter");
        let why = if command.contains("attach") { "`grows(false)`" } else { "for reading only" };
        assert_says(message, &["does not have the fields `speed`, `total`, `trips`", why]);
    }
    let mut second = rover_that_has(scratch.path(), "attach v2", "grown 2");
    for command in commands {
        assert_says(tool.expect_err(command, "Shorter"), &["does not have the fields `total`, `trips`"]);
    }
    assert_eq!(tool.expect_ok("attach v2"), "attached");
    assert_eq!(tool.expect_ok("attach v1"), "attached");
    tool.expect_ok("add frames 1");
    assert_eq!((first.expect_ok("get frames"), second.expect_ok("get frames")), ("8".into(), "8".into()));
    // It creates its own object as every process does.
    tool.expect_ok("remove");
    assert_eq!(tool.expect_ok("attach_or_create v3 1"), "created");
}

#[test]
fn process_that_waits_for_fields_goes_on_once_another_has_extended_the_object() {
    let scratch = Scratch::new();
    let mut first = rover_that_has(scratch.path(), "create v1 7", "created");
    let mut tool = rover_with(scratch.path(), &[("ROVER_GROWS_NOT", "1")]);
    let mut reader = rover(scratch.path());
    tool.tell("attach v2 25000");
    reader.tell("see v3 25000");
    tool.wait_until_polling();
    reader.wait_until_polling();
    assert_eq!(first.expect_ok("attach v2"), "grown 2");
    assert_eq!(tool.answer(), "ok attached");
    reader.wait_until_polling();
    assert_eq!(first.expect_ok("attach v3"), "grown 3");
    assert_eq!(reader.answer(), "ok attached");
    first.expect_ok("add trips 3");
    assert_eq!(reader.expect_ok("get trips"), "3");
}

#[test]
fn object_with_too_little_room_names_both_sizes_and_its_creator() {
    let scratch = Scratch::new();
    let first = rover_that_has(scratch.path(), "create v1 7", "created");
    let before = Raw::at_key(scratch.key('R')).bytes();
    for command in ["attach far2", "see far2"] {
        let message = rover(scratch.path()).expect_err(command, "NoRoom");
        assert_says(message, &["it has room for 4096 bytes", "the type needs 69", &format!("pid {}", first.pid())]);
    }
    assert!(Raw::at_key(scratch.key('R')).bytes() == before, "it was refused");
}

/// Types with long descriptions, each with the fields of the one before.
mod wordy {
    use super::*;

    macro_rules! words {
        ($($word:ident)*) => {
            #[derive(ShmObject)]
            #[repr(C)]
            pub(super) struct Words {
                $(pub(super) $word: AtomicU8),*
            }
        };
    }

    words! {
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0000
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0001
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0002
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0003
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0004
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0005
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0006
        this_field_has_a_name_of_sixty_four_bytes_so_that_it_is_long_0007
    }

    macro_rules! longer {
        ($($name:ident: { $($field:ident: $of:ty),* })*) => {
            $(#[derive(ShmObject)]
            #[repr(C)]
            #[shm(id = 'R', room = 4096, name = "Rover")]
            pub(super) struct $name {
                pub(super) frames: AtomicU64,
                pub(super) position: Versioned<u64>,
                $(pub(super) $field: $of),*
            })*
        };
    }

    longer! {
        One: { a: Words }
        Two: { a: Words, b: Words }
        Three: { a: Words, b: Words, c: Words }
        Four: { a: Words, b: Words, c: Words, d: Words }
        Five: { a: Words, b: Words, c: Words, d: Words, e: Words }
    }
}

/// Attaches an object, and returns how many fields it had if it has grown.
type Grow = fn(&Store) -> Result<Option<usize>, AttachError>;

fn grown_from<T: ShmId + ShmObject>(store: &Store) -> Result<Option<usize>, AttachError> {
    store.attach::<T>().map(|object| Shared::grown_from(&object))
}

#[test]
fn object_whose_log_is_full_is_extended_no_more_and_used_as_before() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let object = store.create_with(|new: &v1::Rover| new.frames.store(7, SeqCst)).unwrap();
    let capacity = Raw::at_key(scratch.key('R')).get(field::LOG_CAPACITY);
    assert_eq!(capacity, 8192, "four times the first record, and the room");
    let grow: [Grow; 5] = [
        grown_from::<wordy::One>,
        grown_from::<wordy::Two>,
        grown_from::<wordy::Three>,
        grown_from::<wordy::Four>,
        grown_from::<wordy::Five>,
    ];
    let mut refused = None;
    for (number, grow) in grow.into_iter().enumerate() {
        match grow(&store) {
            Ok(grown) => assert_eq!(grown, Some(2 + number)),
            Err(error) => {
                refused = Some((number, error));
                break;
            }
        }
    }
    let (number, error) = refused.expect("the log is full at some time");
    println!("full at {number}");
    let AttachError::NoRoom { room: 4096, needed, log_is_full: true, .. } = error else { panic!("{error}") };
    assert!(number > 0 && needed <= 4096);
    assert_says(error, &["its layout log has no space for one more layout"]);
    assert_eq!(grow[number - 1](&store).unwrap(), None);
    assert_eq!(
        (object.frames.load(SeqCst), store.attach_read_only::<v1::Rover>().unwrap().frames.load(SeqCst)),
        (7, 7)
    );
    let error = store.attach::<v2::Rover>().unwrap_err();
    assert!(matches!(error, AttachError::LayoutMismatch(_)), "{error}");
}

#[test]
fn thread_that_fills_a_new_object_is_not_disturbed_by_one_that_extends_it() {
    let scratch = Scratch::new();
    let store = scratch.store();
    thread::scope(|scope| {
        let (store, mut extending) = (&store, None);
        let created = store.create_with(|new: &v1::Rover| {
            let error = store.attach::<v2::Rover>().unwrap_err();
            assert!(matches!(error, AttachError::WouldDeadlock { .. }), "{error}");
            extending = Some(scope.spawn(|| store.attach_timeout::<v2::Rover>(wait::DEADLINE).unwrap()));
            new.position.store(7);
        });
        let grown = extending.unwrap().join().unwrap();
        assert_eq!((Shared::grown_from(&grown), grown.position.load()), (Some(2), 7));
        assert_eq!(created.unwrap().position.load(), 7);
    });
    let patient = Store::options().wait(Duration::ZERO).open(scratch.path()).unwrap();
    assert_eq!(grown_from::<v2::Rover>(&patient).unwrap(), None, "no lock is needed");
}
