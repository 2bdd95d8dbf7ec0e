//! A migrator that is stopped is alive: the others wait as long as they want to, and say why.

use std::time::{Duration, Instant};

use shmstore::{AttachError, CreateError, OpenError, RemoveError, Store};
use shmstore_tests::assert_says;
use shmstore_tests::moves::{v1, v2};
use shmstore_tests::wait;

use super::at_each_step;

const SHORT: Duration = Duration::from_millis(100);

#[test]
fn nobody_takes_a_move_from_a_process_that_is_only_stopped() {
    at_each_step(|world, n| {
        let failpoint = format!("Any:{n}=stop");
        let mut mover = world.mover(&[("SHMSTORE_FAILPOINT", &failpoint)]);
        mover.tell("migrate2");
        let answered = wait::until("it to stop, or to answer", || {
            mover.try_answer().map(Some).or_else(|| mover.is_stopped().then_some(None))
        });
        if let Some(answered) = answered {
            assert_eq!(answered, "ok moved");
            return true;
        }
        let impatient = Store::options().wait(SHORT).open(world.scratch.path()).unwrap();
        let started = Instant::now();
        // Before the object is marked, and after the new one is free, it can be used.
        let before = world.scratch.segments();
        check_attaching(impatient.attach::<v2::Ledger>().err());
        check_attaching(impatient.attach_read_only::<v2::Ledger>().err());
        assert_eq!(world.scratch.segments().len(), before.len());
        let busy = |error: &OpenError| matches!(error, OpenError::Busy { .. });
        match impatient.create::<v1::Ledger>() {
            Err(CreateError::Existing(AttachError::Anchor(error))) => assert!(busy(&error), "{error}"),
            found => panic!("{found:?}"),
        }
        match impatient.remove::<v1::Ledger>() {
            Err(RemoveError::Existing(AttachError::Anchor(error))) => assert!(busy(&error), "{error}"),
            found => panic!("{found:?}"),
        }
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        mover.signal("CONT");
        assert_eq!(mover.answer(), "ok moved");
        world.assert_whole();
        false
    });
}

/// What a process finds that has 100 ms.
fn check_attaching(error: Option<AttachError>) {
    match error {
        None | Some(AttachError::LayoutMismatch(_)) => {}
        Some(error @ AttachError::StillInitializing { .. }) => assert_says(error, &["100ms"]),
        Some(error) => panic!("{error}"),
    }
}
