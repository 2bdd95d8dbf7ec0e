//! Ten thousand tasks that wait for ten thousand parts: each is woken by its store, and none in vain.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

use shmstore::wait::Newer;
use shmstore::{Awaitable, Shared, wait_any};
use shmstore_tests::again;
use shmstore_tests::holder::spawn;
use shmstore_tests::objects::Many;
use shmstore_tests::peer::actor;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::poll_by;
use shmstore_tests::wait::DEADLINE;

use crate::threads::TIME;

/// Tells which task to poll.
struct Call {
    index: usize,
    ready: Sender<usize>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.ready.send(self.index).expect("a test that polls");
    }
}

#[test]
fn each_of_ten_thousand_tasks_is_woken_by_its_store_and_none_in_vain() {
    again::alone(|| {
        let scratch = Scratch::new();
        let mut storer = spawn(actor("storer").arg(scratch.path()));
        let many: Shared<Many> = scratch.store().attach().unwrap();
        for round in 1..=5 {
            let (ready, woken) = channel();
            let call = |index| Waker::from(Arc::new(Call { index, ready: ready.clone() }));
            let wakers: Vec<Waker> = (0..many.parts.len()).map(call).collect();
            let mut tasks: Vec<Newer<'_, u64>> = many.parts.iter().map(|part| part.newer(round - 1)).collect();
            for (task, waker) in tasks.iter_mut().zip(&wakers) {
                assert!(poll_by(task, waker).is_pending());
            }
            let started = Instant::now();
            storer.tell(&round.to_string());
            let mut is_done = vec![false; tasks.len()];
            for _ in 0..tasks.len() {
                let index = woken.recv_timeout(DEADLINE).expect("a task that is woken");
                assert!(!is_done[index], "task {index} was woken twice");
                let polled = poll_by(&mut tasks[index], &wakers[index]);
                assert!(matches!(polled, Poll::Ready(Ok((version, value))) if (version, value) == (round, round)));
                is_done[index] = true;
            }
            assert!(woken.try_recv().is_err(), "a task was woken in vain");
            println!("{} tasks went on in {:?}", tasks.len(), started.elapsed());
            assert_eq!(storer.answer(), "ok ");
        }
    });
}

#[test]
fn thread_waits_for_any_of_ten_thousand_parts() {
    let scratch = Scratch::new();
    let mut storer = spawn(actor("storer").arg(scratch.path()));
    let many: Shared<Many> = scratch.store().attach().unwrap();
    let newer: Vec<_> = many.parts.iter().map(|part| part.newer(0)).collect();
    let awaited: Vec<&dyn Awaitable> = newer.iter().map(|newer| newer as _).collect();
    storer.tell("7");
    let ready = wait_any(&awaited, TIME).unwrap();
    assert_eq!(storer.answer(), "ok ");
    assert!(ready.is_sorted());
    assert_eq!(wait_any(&awaited, TIME).unwrap().len(), awaited.len());
}
