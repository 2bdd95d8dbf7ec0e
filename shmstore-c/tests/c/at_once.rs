//! Threads and forks of C programs.

use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use crate::all::filled;
use crate::installed::{Objects, Scratch, run};
use crate::objects::{Position, with_header};

#[test]
fn threads_of_c_and_of_rust_lose_no_update() {
    const TIMES: u64 = 8000;
    let scratch = Scratch::new();
    with_header(&scratch, "threads.c", include_str!("threads.c"));
    let objects = Objects::new(&scratch, &['A']);
    let all = filled(&objects);
    all.jobs.pop().expect("the item of `filled`");
    let program = scratch.compile("threads.c");
    let key = "USDJPY".try_into().expect("it fits");
    let mut command = program.with(&[objects.path.as_os_str()]);
    let sum = thread::scope(|scope| {
        let beside = scope.spawn(|| {
            let mut sum = 0.0;
            for _ in 0..TIMES {
                all.count.fetch_add(1, Relaxed);
                all.state.update_checked(|state| state.at.x += 1.0).expect("valid");
                all.quotes.update(&key, |quote| quote.x += 1.0).expect("valid");
                all.jobs.push(Position { x: 1.0, y: 0.0 }).expect("room");
                sum += all.jobs.pop().expect("valid").x;
            }
            sum
        });
        let printed: f64 = run(&mut command).trim().parse().expect("a number");
        printed + beside.join().expect("no panic")
    });
    assert_eq!(sum, 16000.0, "each item goes to one thread");
    assert_eq!(all.count.load(Relaxed), 41 + 16000);
    assert_eq!(all.state.load_checked().expect("valid").at.x, 1.5 + 16000.0);
    assert_eq!(all.quotes.get(&key).expect("valid").expect("there").x, 150.0 + 16000.0);
    assert!(all.jobs.is_empty());
}

#[test]
fn what_a_c_program_has_when_it_forks_stays_its_own() {
    let scratch = Scratch::new();
    with_header(&scratch, "forked.c", include_str!("forked.c"));
    let objects = Objects::new(&scratch, &['A']);
    let all = filled(&objects);
    let program = scratch.compile("forked.c");
    assert_eq!(run(&mut program.with(&[objects.path.as_os_str()])), "forked\n");
    assert_eq!(all.count.load(Relaxed), 42);
    assert_eq!((all.state.version(), all.state.load_checked().expect("valid").at.x), (2, 8.0));
    assert_eq!((all.images.newest_number(), all.jobs.len()), (2, 0));
}
