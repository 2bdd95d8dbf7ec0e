//! Waits for many things, and the calls of tasks.

use shmstore::error::WaitAnyError;
use shmstore::wait_any;

use super::frames::read;
use super::{CHOSEN, Call, LIMIT, Outcome, Victim, check, told};
use crate::tasks::block_within;

/// A version, a count, or a number of changes that may be the newest.
fn seen(victim: &Victim, newest: u64) -> u64 {
    if victim.random.clone().one_in(2) { 0 } else { newest }
}

fn ended<T, E: std::error::Error>(result: Option<Result<T, E>>) -> Option<T> {
    result.and_then(told)
}

pub(super) const CALLS: &[Call] = &[
    ("await newer", |victim| {
        let part = &victim.parts().position;
        ended(block_within(part.newer(seen(victim, part.version())), LIMIT)).is_some()
    }),
    ("await newer checked", |victim| {
        ended(block_within(victim.parts().choosy.newer(0), LIMIT)).inspect(|(_, value)| check(value)).is_some()
    }),
    ("await a notification", |victim| {
        let event = &victim.parts().event;
        ended(block_within(event.past(seen(victim, event.count())), LIMIT)).is_some()
    }),
    ("await a push", |victim| ended(block_within(victim.parts().queue.push_async(CHOSEN), LIMIT)).is_some()),
    ("await a pop", |victim| ended(block_within(victim.parts().queue.pop_async(), LIMIT)).inspect(check).is_some()),
    ("await a job", |victim| {
        let job = ended(block_within(victim.parts().queue.take_async(), LIMIT));
        job.inspect(|job| check(job)).is_some_and(|job| told(job.done()).is_some())
    }),
    ("await an item", |victim| {
        let mut subscriber = victim.parts().feed.subscribe_oldest();
        ended(block_within(subscriber.recv_async(), LIMIT)).inspect(check).is_some()
    }),
    ("await a key", |victim| {
        let key = victim.random.clone().within(0..7) as u32;
        ended(block_within(victim.parts().map.newer(&key, 0), LIMIT)).inspect(|(_, value)| check(value)).is_some()
    }),
    ("await changes", |victim| {
        let map = &victim.parts().map;
        ended(block_within(map.changed(seen(victim, map.changes())), LIMIT)).is_some()
    }),
    ("await a frame", |victim| {
        let choices = &victim.parts().choices;
        let seen = seen(victim, choices.newest_number());
        ended(block_within(choices.newer(seen), LIMIT)).is_some_and(|frame| frame.number() > seen && read(&frame))
    }),
    ("await a frame of a follower", |victim| {
        let images = &victim.parts().images;
        let follower = images.follow();
        let _ = told(images.try_loan()).map(|frame| frame.publish());
        ended(block_within(follower.newer(), LIMIT)).is_some()
    }),
    ("wait for any", wait_for_any),
];

fn wait_for_any(victim: &mut Victim) -> Outcome {
    let parts = victim.parts();
    let feed = parts.feed.subscribe();
    let ready = wait_any(
        &[
            &parts.position.newer(parts.position.version()),
            &parts.event.past(parts.event.count()),
            &parts.map.newer(&1, 0),
            &parts.map.changed(parts.map.changes()),
            &parts.queue.not_empty(),
            &parts.queue.not_full(),
            &feed.not_empty(),
            &parts.choices.newer(parts.choices.newest_number()),
            &parts.images.follow().newer(),
        ],
        LIMIT,
    );
    if let Err(WaitAnyError::Removed { index, .. } | WaitAnyError::AnchorLost { index, .. }) = &ready {
        assert_eq!(*index, 0, "all are of one object");
    }
    told(ready).is_some_and(|ready| ready.inspect(|index| assert!(*index < 9)).count() > 0)
}
