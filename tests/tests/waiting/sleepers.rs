//! Many threads that wait cost the process the wake-ups of one: those of a slice.

use std::thread;
use std::time::{Duration, Instant};

use shmstore::WaitError;
use shmstore_tests::again;
use shmstore_tests::objects::Parts;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::until_true;

use crate::threads::sleeps_of_all;

const THREADS: usize = 1000;
const LONG: Duration = Duration::from_secs(40);

/// How often threads of this process fall asleep in a second. This one does now and then.
fn sleeps_a_second() -> u64 {
    const TIME: Duration = Duration::from_millis(500);
    let (before, started) = (sleeps_of_all(std::process::id()), Instant::now());
    thread::sleep(TIME);
    let slept = sleeps_of_all(std::process::id()).saturating_sub(before);
    (slept as f64 / started.elapsed().as_secs_f64()) as u64
}

/// Lets threads wait, and asserts that they come to fall asleep this often at most. Then ends the waits.
fn assert_quiet(name: &str, most: u64, wait: impl Fn() -> Result<(), WaitError> + Sync, end: impl FnOnce()) {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(&wait)).collect();
        let mut found = 0;
        until_true("the hub to look after the threads", || {
            found = sleeps_a_second();
            found <= most
        });
        println!("{name}: {found} a second");
        end();
        threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
}

#[test]
fn a_thousand_threads_that_wait_are_woken_as_often_as_one() {
    again::alone(|| {
        let scratch = Scratch::new();
        let parts = scratch.store().create::<Parts>().unwrap();
        let wait = || parts.value.wait_newer(0, LONG).map(drop);
        assert_quiet("threads that are woken", 1000, wait, || _ = parts.value.store([1; 32]));
        let wait = || parts.called.wait_past(0, LONG).map(drop);
        assert_quiet("threads that are notified", 1000, wait, || _ = parts.called.notify_all());
        let view = scratch.store().attach_view::<Parts>().unwrap();
        let wait = || view.value.wait_newer(1, LONG).map(drop);
        assert_quiet("threads of a view", 1000, wait, || _ = parts.value.store([2; 32]));
        let seen = scratch.store().attach_read_only::<Parts>().unwrap();
        let wait = || seen.value.wait_newer(2, LONG).map(drop);
        assert_quiet("threads that only read", 2500, wait, || _ = parts.value.store([3; 32]));
    });
}
