//! The calls of queues and broadcasts.

use std::thread;

use shmstore::error::{PopError, PushError, RecvError};
use shmstore::inspect::{Limits, Object, SavedObject};

use super::{CHOSEN, Call, LIMIT, Outcome, check, told};
use crate::objects::{Block, Choosy};

/// The most items that one call may be told of. No part has as many.
const MOST: usize = 100;

pub(super) const CALLS: &[Call] = &[
    ("try_push", |victim| pushed(victim.parts().queue.try_push(CHOSEN))),
    ("push_timeout", |victim| pushed(victim.parts().queue.push_timeout(CHOSEN, LIMIT))),
    ("push_many", |victim| {
        told(victim.parts().queue.push_many_timeout(&[CHOSEN; 9], LIMIT)).is_some_and(|pushed| {
            assert!((1..=5).contains(&pushed), "{pushed} pushed");
            true
        })
    }),
    ("push large", |victim| pushed(victim.parts().crates.push_timeout(Block([7; 4096]), LIMIT))),
    ("producer", |victim| {
        let Some(mut producer) = told(victim.parts().queue.producer_timeout(LIMIT)) else { return false };
        let tried = pushed(producer.try_push(CHOSEN));
        pushed(producer.push_timeout(CHOSEN, LIMIT)) | tried
    }),
    ("try_pop", |victim| popped(victim.parts().queue.try_pop())),
    ("pop_timeout", |victim| popped(victim.parts().queue.pop_timeout(LIMIT))),
    ("pop_many", |victim| {
        let mut items = Vec::new();
        let popped = told(victim.parts().queue.pop_many_timeout(&mut items, usize::MAX, LIMIT));
        items.iter().for_each(check);
        assert!(items.len() <= MOST, "{} popped", items.len());
        popped.is_some()
    }),
    ("pop large", |victim| told(victim.parts().crates.pop_timeout(LIMIT)).is_some()),
    ("take and finish", |victim| {
        let Some(job) = told(victim.parts().queue.take_timeout(LIMIT)) else { return false };
        check(&job);
        assert!((1..=7).contains(&job.deliveries()));
        thread::yield_now();
        told(job.done()).is_some()
    }),
    ("take and return", |victim| told(victim.parts().queue.try_take()).inspect(|job| check(job)).is_some()),
    ("consumer", |victim| {
        let Some(mut consumer) = told(victim.parts().queue.consumer_timeout(LIMIT)) else { return false };
        let tried = popped(consumer.try_pop());
        let taken = told(consumer.take_timeout(LIMIT));
        let taken = taken.is_some_and(|job| told(job.done()).is_some());
        popped(consumer.pop_timeout(LIMIT)) | tried | taken
    }),
    ("look at a queue", |victim| {
        let queue = &victim.parts().queue;
        assert!(queue.len() <= 5 && queue.outstanding() <= 5);
        let items = queue.items();
        assert!(items.len() <= 10, "{}", items.len());
        items.iter().flatten().for_each(check);
        let _ = (queue.is_empty(), format!("{queue:?} {:?}", victim.parts().crates));
        items.iter().any(Result::is_ok)
    }),
    ("send", |victim| {
        let sender = told(victim.parts().feed.try_sender());
        sender.is_some_and(|mut sender| sender.send_many(&[CHOSEN; 9]).end > 0)
    }),
    ("send large", |victim| {
        let sender = told(victim.parts().blocks.sender_timeout(LIMIT));
        sender.map(|mut sender| sender.send(Block([7; 4096]))).is_some()
    }),
    ("receive", |victim| {
        let (back, is_exact) = (victim.random.within(0..8) as u64, victim.random.one_in(2));
        let feed = &victim.parts().feed;
        let position = feed.sent().wrapping_sub(back);
        let mut subscriber = if is_exact { feed.subscribe_from(position) } else { feed.subscribe_oldest() };
        let received = [received(subscriber.recv_timeout(LIMIT)), received(subscriber.try_recv())];
        let rest = subscriber.try_iter().take(MOST).filter_map(told).inspect(check).count();
        received[0] | received[1] | (rest > 0)
    }),
    ("receive large", |victim| told(victim.parts().blocks.subscribe_oldest().recv_timeout(LIMIT)).is_some()),
    ("newest", |victim| {
        let newest = told(victim.parts().feed.newest()).flatten();
        newest.is_some_and(|(_, item)| {
            check(&item);
            true
        })
    }),
    ("look at streams", |victim| {
        let Some(seen) = &victim.seen else { return false };
        let _ = (seen.queue.len(), seen.queue.is_empty(), seen.queue.outstanding());
        let items = seen.queue.items();
        items.iter().flatten().for_each(check);
        let received = received(seen.feed.subscribe_oldest().recv_timeout(LIMIT));
        let _ = (seen.feed.sent(), seen.feed.newest().is_ok(), format!("{:?} {:?}", seen.queue, seen.feed));
        received
    }),
    ("inspect", |victim| {
        let Some(object) = Object::find(victim.store.path(), Some('H')).ok() else { return false };
        let shown = object.read(&Limits::default()).to_string();
        let saved = SavedObject::of(&object, &Limits::default());
        !shown.is_empty() & told(saved).is_some()
    }),
];

fn pushed(pushed: Result<(), PushError>) -> Outcome {
    told(pushed).is_some()
}

fn popped(popped: Result<Choosy, PopError>) -> Outcome {
    told(popped).inspect(check).is_some()
}

fn received(received: Result<Choosy, RecvError>) -> Outcome {
    told(received).inspect(check).is_some()
}
