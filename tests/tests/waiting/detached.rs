//! A future that was leaked keeps nothing attached, and the hub does not touch what is no longer mapped.

use std::collections::HashSet;
use std::mem;
use std::ptr;
use std::sync::Arc;

use shmstore::{Shared, ShmId, Store};
use shmstore_tests::again;
use shmstore_tests::objects::{Parts, Rounds, Streams};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::segments;
use shmstore_tests::tasks::{Alarm, block_on, poll_by};
use shmstore_tests::wait::until_equal;

use crate::threads::all_go_on;

/// Leaks waits of each kind for parts of three objects, and drops the handles.
fn leak(store: &Store, alarm: &Arc<Alarm>) {
    let waker = alarm.waker();
    macro_rules! leak {
        ($($future:expr),* $(,)?) => {$({
            let mut future = Box::pin($future);
            assert!(poll_by(&mut future, &waker).is_pending());
            mem::forget(future);
        })*};
    }
    let parts = store.attach_or_create::<Parts>().unwrap();
    let view = store.attach_read_only::<Parts>().unwrap();
    let streams = store.attach_or_create::<Streams>().unwrap();
    let rounds = store.attach_or_create::<Rounds>().unwrap();
    let mut subscriber = streams.feed.subscribe();
    leak!(
        parts.value.newer(parts.value.version()),
        parts.called.past(parts.called.count()),
        view.value.newer(parts.value.version()),
        streams.queue.take_async(),
        streams.queue.not_empty(),
        subscriber.recv_async(),
        rounds.maps[0].newer(&7, 0),
        rounds.maps[1].changed(0),
    );
}

fn attached(scratch: &Scratch) -> Vec<u64> {
    [Parts::ID, Streams::ID, Rounds::ID]
        .into_iter()
        .map(|id| segments::at_key(scratch.key(id)).pop().unwrap().attached)
        .collect()
}

#[test]
fn leaked_futures_keep_nothing_attached_and_other_waits_go_on() {
    let (scratch, others) = (Scratch::new(), Scratch::new());
    let (alarm, other) = (Alarm::new(), others.store().create::<Parts>().unwrap());
    for round in 0..20 {
        let task = || assert_eq!(block_on(other.value.newer(round)).unwrap(), (round + 1, [round; 32]));
        all_go_on("store", &[&task, &task], || {
            leak(&scratch.store(), &alarm);
            until_equal(|| attached(&scratch), vec![0, 0, 0]);
            other.value.store([round; 32]);
        });
    }
    // Each waker was dropped, and none was called.
    until_equal(|| Arc::strong_count(&alarm), 1);
    assert_eq!(alarm.wakes(), 0);
}

/// The compiler lets a future outlive its object, if nothing but its drop comes later.
#[test]
fn future_that_is_dropped_after_its_object_ends_no_other_wait() {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            self.0();
        }
    }
    let (scratch, others) = (Scratch::new(), Scratch::new());
    let (first, second) = (Alarm::new(), Alarm::new());
    let other = others.store().create::<Parts>().unwrap();
    for round in 0..20 {
        let mut next = other.value.newer(round);
        {
            let mut future;
            let _between = OnDrop(|| assert!(poll_by(&mut next, &second.waker()).is_pending()));
            let object = scratch.store().attach_or_create::<Parts>().unwrap();
            future = object.value.newer(object.value.version());
            assert!(poll_by(&mut future, &first.waker()).is_pending());
        }
        other.value.store([round; 32]);
        until_equal(|| second.wakes(), round + 1);
        assert!(poll_by(&mut next, &second.waker()).is_ready());
    }
    until_equal(|| Arc::strong_count(&first), 1);
}

/// In a process of its own, whose addresses no other test takes.
#[test]
fn addresses_of_a_detached_object_are_awaited_again_in_another_one() {
    again::alone(|| {
        let scratches = [Scratch::new(), Scratch::new()];
        let alarm = Alarm::new();
        let (mut places, mut again) = (HashSet::new(), [0; 2]);
        for round in 0..40 {
            let index = round % 2;
            let parts: Shared<Parts> = scratches[index].store().attach_or_create().unwrap();
            let place = ptr::from_ref(&parts.value).addr();
            again[index] += usize::from(!places.insert(place));
            let seen = parts.value.version();
            let mut leaked = Box::new(parts.value.newer(seen));
            assert!(poll_by(&mut leaked, &alarm.waker()).is_pending());
            let task = || assert_eq!(block_on(parts.value.newer(seen)).unwrap(), (seen + 1, [7; 32]));
            if round % 4 < 2 {
                mem::forget(leaked);
                all_go_on("store", &[&task], || _ = parts.value.store([7; 32]));
            } else {
                all_go_on("store", &[&task], || _ = parts.value.store([7; 32]));
                mem::forget(leaked);
            }
            drop(parts);
            let attached = || segments::at_key(scratches[index].key(Parts::ID)).pop().unwrap().attached;
            until_equal(attached, 0);
        }
        assert!(again.iter().all(|&times| times > 0), "no address was used again: {again:?}");
        until_equal(|| Arc::strong_count(&alarm), 1);
    });
}
