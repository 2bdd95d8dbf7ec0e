//! The futures run in any runtime, and their time limits are those of the runtime.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use shmstore::Shared;
use shmstore_tests::holder::spawn;
use shmstore_tests::objects::{Many, Streams, message};
use shmstore_tests::peer::{Peer, actor};
use shmstore_tests::scratch::Scratch;

use crate::threads::TIME;

const TASKS: usize = 1000;
const MOMENT: Duration = Duration::from_millis(30);

struct World {
    scratch: Scratch,
    storer: Peer,
    many: Shared<Many>,
}

impl World {
    fn new() -> Self {
        let scratch = Scratch::new();
        let storer = spawn(actor("storer").arg(scratch.path()));
        let many = scratch.store().attach().unwrap();
        Self { scratch, storer, many }
    }
}

/// What a task of a runtime does: it owns a handle, and is woken for two versions.
async fn follow(many: Shared<Many>, index: usize) -> u64 {
    let mut changes = many.parts[index].changes_after(0);
    let (mut last, mut sum) = (0, 0);
    while last < 2 {
        let (version, value) = changes.next().await.unwrap();
        (last, sum) = (version, sum + value);
    }
    sum
}

/// Asserts that a future takes its time and no more.
async fn assert_times_out<F: Future<Output = bool>>(limit: impl Fn(Shared<Many>) -> F, many: &Shared<Many>) {
    assert!(limit(many.clone()).await, "a wait for what does not come ended");
}

fn stores(storer: &mut Peer) {
    for number in ["7", "8"] {
        storer.tell(number);
        assert_eq!(storer.answer(), "ok ");
    }
}

fn in_tokio(runtime: &tokio::runtime::Runtime) {
    let World { scratch, mut storer, many } = World::new();
    runtime.block_on(async {
        let is_late = |many: Shared<Many>| async move {
            tokio::time::timeout(MOMENT, many.parts[0].newer(many.parts[0].version())).await.is_err()
        };
        assert_times_out(is_late, &many).await;
        let tasks: Vec<_> = (0..TASKS).map(|index| tokio::spawn(follow(many.clone(), index))).collect();
        tokio::task::yield_now().await;
        let storing = tokio::task::spawn_blocking(move || stores(&mut storer));
        for task in tasks {
            let sum = tokio::time::timeout(TIME, task).await.expect("a task that is woken in time").unwrap();
            assert!(sum == 8 || sum == 15, "{sum}");
        }
        storing.await.unwrap();
        assert_times_out(is_late, &many).await;

        let streams: Shared<Streams> = scratch.store().attach_or_create().unwrap();
        let other = streams.clone();
        let popping = tokio::spawn(async move {
            let mut subscriber = other.feed.subscribe_from(0);
            (other.queue.pop_async().await.unwrap(), subscriber.recv_async().await.unwrap())
        });
        tokio::time::sleep(MOMENT).await;
        streams.queue.push_async(message(5)).await.unwrap();
        streams.feed.send(message(6));
        assert_eq!(tokio::time::timeout(TIME, popping).await.unwrap().unwrap(), (message(5), message(6)));
    });
}

#[test]
fn tasks_of_tokio_are_woken_and_their_time_limits_end_them() {
    in_tokio(&tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());
    in_tokio(&tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap());
}

#[test]
fn tasks_of_smol_are_woken_and_their_time_limits_end_them() {
    let World { scratch: _scratch, mut storer, many } = World::new();
    let is_late = |many: Shared<Many>| async move {
        let newer = async { many.parts[0].newer(many.parts[0].version()).await.is_err() };
        let timer = async {
            smol::Timer::after(MOMENT).await;
            true
        };
        smol::future::or(newer, timer).await
    };
    smol::block_on(async {
        assert_times_out(is_late, &many).await;
        let tasks: Vec<_> = (0..TASKS).map(|index| smol::spawn(follow(many.clone(), index))).collect();
        let storing = smol::unblock(move || stores(&mut storer));
        for task in tasks {
            let sum = task.await;
            assert!(sum == 8 || sum == 15, "{sum}");
        }
        storing.await;
        assert_times_out(is_late, &many).await;
    });
}

/// Each round of the loop drops the future that was not chosen.
#[test]
fn future_that_a_choice_drops_loses_nothing() {
    let World { scratch: _scratch, mut storer, many } = World::new();
    let storing = std::thread::spawn(move || stores(&mut storer));
    let seen = smol::block_on(async {
        let mut seen = [0; 2];
        while seen != [2; 2] {
            let [first, second] = [many.parts[0].newer(seen[0]), many.parts[9999].newer(seen[1])];
            let (mut first, mut second) = (pin!(first), pin!(second));
            std::future::poll_fn(|context| {
                if let Poll::Ready(newer) = first.as_mut().poll(context) {
                    seen[0] = newer.unwrap().0;
                } else if let Poll::Ready(newer) = second.as_mut().poll(context) {
                    seen[1] = newer.unwrap().0;
                } else {
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
            // The one that has seen its last version would be chosen no more.
        }
        seen
    });
    assert_eq!(seen, [2; 2]);
    storing.join().unwrap();
}
