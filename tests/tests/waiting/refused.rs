//! Waits where the system refuses a thread, or the call to sleep on several words.

use std::task::Poll;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use shmstore::error::PopError;
use shmstore::{WaitError, wait_any};
use shmstore_tests::again;
use shmstore_tests::holder::holder;
use shmstore_tests::objects::{Parts, Streams};
use shmstore_tests::privilege::{ALICE, PublicPeer, with_users};
use shmstore_tests::sandbox;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::{block_on, poll_once};

use crate::threads::{SOON, TIME, all_go_on};

/// Everything works where no process may sleep on several words, a look later.
fn everything_works_without_futex_waitv(errno: &str) {
    let scratch = Scratch::new();
    let store = scratch.store();
    let (parts, streams) = (store.create::<Parts>().unwrap(), store.create::<Streams>().unwrap());
    let mut other = holder(scratch.path());
    sandbox::refuse(&["futex_waitv"], errno);
    for round in 0..20 {
        let any =
            || assert_eq!(wait_any(&[&parts.called.past(99), &parts.value.newer(round)], TIME).unwrap().first(), 1);
        let task = || assert_eq!(block_on(parts.value.newer(round)).unwrap(), (round + 1, [7; 32]));
        let call = || assert_eq!(parts.value.wait_newer(round, TIME).unwrap().0, round + 1);
        all_go_on(errno, &[&any, &task, &task, &call, &call], || _ = other.expect_ok("store 7"));
    }
    let task = || assert!(matches!(block_on(parts.called.past(0)), Ok(1)));
    all_go_on(errno, &[&task, &task], || _ = other.expect_ok("notify_one"));
    let item = || block_on(streams.queue.not_empty()).unwrap();
    let removed = || assert!(matches!(block_on(parts.value.newer(99)), Err(WaitError::Removed { .. })));
    all_go_on(errno, &[&item, &removed], || {
        streams.queue.push([7; 32]).unwrap();
        other.expect_ok("remove");
    });
}

#[test]
fn everything_works_by_looks_where_a_sandbox_refuses_futex_waitv() {
    again::alone(|| everything_works_without_futex_waitv("EPERM"));
}

#[test]
fn everything_works_by_looks_where_the_kernel_does_not_know_futex_waitv() {
    again::alone(|| everything_works_without_futex_waitv("ENOSYS"));
}

/// The second time it runs as an ordinary user, in a process that may start no thread more.
#[test]
fn task_is_told_that_its_process_may_start_no_thread() {
    const AS_ALICE: &str = "SHMSTORE_TEST_AS_ALICE";
    if std::env::var_os(AS_ALICE).is_some() {
        return wait_without_threads();
    }
    with_users(|| {
        let name = "refused::task_is_told_that_its_process_may_start_no_thread";
        let program = PublicPeer::of(&std::env::current_exe().unwrap());
        let run = program.run_as(ALICE).args(["--exact", name, "--nocapture"]).env(AS_ALICE, "1").output().unwrap();
        let printed = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && printed.contains("running 1 test"), "{printed}");
    });
}

/// The limit on threads, until it is dropped. The programs that clean up can be started then.
struct Limited {
    before: (rlim_t, rlim_t),
}

impl Limited {
    fn to_no_other_thread() -> Self {
        let before = getrlimit(Resource::RLIMIT_NPROC).unwrap();
        setrlimit(Resource::RLIMIT_NPROC, 1, before.1).unwrap();
        Self { before }
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        setrlimit(Resource::RLIMIT_NPROC, self.before.0, self.before.1).unwrap();
    }
}

fn wait_without_threads() {
    let scratch = Scratch::new();
    let parts = scratch.store().create::<Parts>().unwrap();
    let streams = scratch.store().create::<Streams>().unwrap();
    let _limited = Limited::to_no_other_thread();
    let mut newer = parts.value.newer(0);
    let Poll::Ready(Err(refused)) = poll_once(&mut newer) else { panic!("a thread was started") };
    assert!(matches!(refused, WaitError::NoThread { errno: libc::EAGAIN, .. }), "{refused}");
    let popped = block_on(streams.queue.pop_async());
    assert!(matches!(popped, Err(PopError::NoThread { .. })), "{popped:?}");

    // A change that is there needs no thread, and a call sleeps itself.
    parts.value.store([7; 32]);
    assert_eq!(block_on(newer).unwrap(), (1, [7; 32]));
    let (started, time) = (Instant::now(), Duration::from_millis(60));
    assert!(matches!(parts.value.wait_newer(1, time), Err(WaitError::Timeout { .. })));
    assert!(wait_any(&[&parts.value.newer(1), &parts.called.past(0)], time).is_err());
    assert!(started.elapsed() >= 2 * time && started.elapsed() < SOON);
}
