//! A C program that is killed by SIGKILL while it has parts.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use shmstore::error::LockError;

use crate::all::filled;
use crate::installed::{Objects, Scratch};
use crate::objects::with_header;

#[test]
fn a_c_program_that_is_killed_leaves_the_old_value_and_returns_what_it_had() {
    let scratch = Scratch::new();
    with_header(&scratch, "killed.c", include_str!("killed.c"));
    let objects = Objects::new(&scratch, &['A']);
    let all = filled(&objects);
    let before = all.state.load_checked().expect("valid");
    let program = scratch.compile("killed.c");
    let mut child = program.with(&[objects.path.as_os_str()]).stdout(Stdio::piped()).spawn().expect("started");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("read");
    assert_eq!(line, "ready\n");
    assert!(all.state.try_begin().is_err() && all.guarded.try_lock().is_err() && all.jobs.is_empty());

    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert_eq!(all.state.load_checked(), Ok(before), "the old value");
    let patience = Duration::from_secs(30);
    let mut transaction = all.state.begin_timeout(patience).expect("the transaction of the dead is over");
    transaction.at.x = 7.0;
    transaction.commit();
    assert_eq!(all.state.load_checked().expect("valid").at.x, 7.0);
    assert!(matches!(all.guarded.lock_timeout(patience), Err(LockError::OwnerDied { .. })));
    assert!(all.guarded.is_inconsistent());
    let job = all.jobs.take_timeout(patience).expect("the job is back");
    assert_eq!(job.deliveries(), 2);
    job.done().expect("ours");
    // Both slots are there again.
    let [one, two] = [all.images.loan_timeout(patience), all.images.loan_timeout(patience)];
    assert!(one.is_ok() && two.is_ok());
}
