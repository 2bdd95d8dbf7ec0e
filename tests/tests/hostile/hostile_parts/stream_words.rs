//! The words of queues and broadcasts, one by one, as an attacker would try them first.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use shmstore::error::PopError;
use shmstore::{Broadcast, Queue, Shared, ShmObject};
use shmstore_tests::raw::Raw;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait::{DEADLINE, processor_time};

use super::harm::{in_time, meanwhile, place};
use super::store;

const BRIEF: Duration = Duration::from_micros(500);
const QUEUE: usize = 3;
const FEED: usize = 4;

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Streams {
    queue: Queue<u64, QUEUE>,
    feed: Broadcast<u64, FEED>,
}

const ENDS: [u64; 14] = [
    0,
    1,
    2,
    3,
    1 << 32,
    1 << 33,
    (1 << 33) - 1,
    u64::MAX << 33,
    1 << 63,
    (1 << 63) - 1,
    u64::MAX,
    u64::MAX - 1,
    u64::MAX - 2,
    u64::MAX - 7,
];

/// Makes every call that has a limit, or needs none.
fn use_queue(queue: &Queue<u64, QUEUE>) {
    let _ = in_time(|| (queue.try_push(7), queue.push_timeout(7, BRIEF), queue.push_many_timeout(&[7; 9], BRIEF)));
    let mut items = Vec::new();
    let _ = in_time(|| (queue.try_pop(), queue.pop_timeout(BRIEF), queue.pop_many_timeout(&mut items, 1 << 40, BRIEF)));
    assert!(items.len() <= QUEUE, "{}", items.len());
    let _ = in_time(|| queue.try_take().map(|job| job.done()));
    let _ = in_time(|| queue.take_timeout(BRIEF).map(drop));
    if let Ok(mut producer) = in_time(|| queue.producer_timeout(BRIEF)) {
        let _ = in_time(|| (producer.try_push(7), producer.push_timeout(7, BRIEF)));
    }
    if let Ok(mut consumer) = in_time(|| queue.consumer_timeout(BRIEF)) {
        let _ = in_time(|| (consumer.try_pop(), consumer.pop_timeout(BRIEF)));
        let _ = in_time(|| consumer.take_timeout(BRIEF).map(drop));
    }
    assert!(queue.len() <= QUEUE && queue.outstanding() <= QUEUE && queue.items().len() <= 2 * QUEUE);
    let _ = (queue.is_empty(), format!("{queue:?}"));
}

fn use_feed(feed: &Broadcast<u64, FEED>) {
    if let Ok(mut sender) = in_time(|| feed.sender_timeout(BRIEF)) {
        let _ = in_time(|| (sender.send(7), sender.send_many(&[7; 9])));
    }
    for mut subscriber in [feed.subscribe(), feed.subscribe_oldest(), feed.subscribe_from(u64::MAX)] {
        let _ = in_time(|| (subscriber.try_recv(), subscriber.recv_timeout(BRIEF)));
        let _ = in_time(|| subscriber.try_iter().take(20).count());
    }
    let _ = in_time(|| (feed.sent(), feed.newest(), format!("{feed:?}")));
}

#[test]
fn no_word_of_a_queue_or_broadcast_stops_a_call_from_ending() {
    let scratch = Scratch::new();
    let streams: Shared<Streams> = store(&scratch).create().unwrap();
    let seen = store(&scratch).attach_read_only::<Streams>().unwrap();
    let raw = Raw::at_key(scratch.key('S'));
    let [queue, feed] = [place(&streams, &streams.queue, &raw), place(&streams, &streams.feed, &raw)];
    let words = [queue + 16, queue + 144, queue + 152, queue + 160, queue + 168, queue + 256, queue + 320];
    let words = words.into_iter().chain([feed + 16, feed + 128, feed + 192, feed + 256, feed + 320]);
    for word in words {
        for end in ENDS {
            for and in [0, (1 << 32) | 5] {
                raw.write(word, &(end ^ and).to_le_bytes());
                use_queue(&streams.queue);
                use_feed(&streams.feed);
                let mut subscriber = seen.feed.subscribe_oldest();
                let _ = in_time(|| (subscriber.recv_timeout(BRIEF), seen.feed.newest(), format!("{seen:?}")));
            }
            raw.write(queue, &[0; size_of::<Streams>()]);
        }
    }
}

#[test]
fn words_that_never_rest_stop_no_call_from_ending() {
    let scratch = Scratch::new();
    let streams: Shared<Streams> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('S'));
    let [queue, feed] = [place(&streams, &streams.queue, &raw), place(&streams, &streams.feed, &raw)];
    let harm = |raw: &Raw, round: u64| {
        let lock = (round as u32) << 29 | u32::from(round & 8 == 0);
        raw.write(queue, &lock.to_le_bytes());
        raw.write(queue + 128, &lock.to_le_bytes());
        raw.write(feed, &lock.to_le_bytes());
        for at in [16, 152, 160] {
            raw.write(queue + at, &(round / 3).to_le_bytes());
        }
        raw.write(queue + 144, &round.to_le_bytes());
        raw.write(queue + 256, &((round / 9) << 33 | (round & 1) << 32).to_le_bytes());
        raw.write(feed + 16, &round.to_le_bytes());
        raw.write(feed + 128, &(round / 2).to_le_bytes());
    };
    meanwhile(&raw, harm, || {
        for _ in 0..30 {
            use_queue(&streams.queue);
            use_feed(&streams.feed);
        }
    });
}

/// The tail says that there are items, and no slot has one. Nothing changes, so another look is in vain.
#[test]
fn newest_item_of_a_damaged_broadcast_is_not_looked_for_again_and_again() {
    let scratch = Scratch::new();
    let streams: Shared<Streams> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('S'));
    let feed = place(&streams, &streams.feed, &raw);
    let started = processor_time();
    for word in [(16, 1000_u64), (128, 1 << 40), (192, 1 << 40)] {
        raw.write(feed + word.0, &word.1.to_le_bytes());
        for _ in 0..10 {
            assert!(streams.feed.newest().is_err());
        }
    }
    let took = processor_time() - started;
    assert!(took < Duration::from_millis(300), "{took:?}");
}

#[test]
fn job_of_a_made_up_process_comes_back_and_one_of_a_living_process_stays() {
    const FULL: u64 = 1 << 32;
    let scratch = Scratch::new();
    let streams: Shared<Streams> = store(&scratch).create().unwrap();
    let raw = Raw::at_key(scratch.key('S'));
    let slot = place(&streams, &streams.queue, &raw) + 256;
    streams.queue.push(5).unwrap();
    let job = streams.queue.take().unwrap();
    let ours = raw.word(slot);
    // A token that nobody has: a dead process.
    raw.write(slot, &(FULL | u64::from(ours ^ 1 << 28)).to_le_bytes());
    let again = streams.queue.take_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!((*again, again.deliveries()), (5, 2));
    assert!(job.done().unwrap_err().to_string().contains("no longer had the item"));
    for pop in [streams.queue.try_pop(), streams.queue.pop_timeout(BRIEF)] {
        assert!(matches!(pop, Err(PopError::Empty { .. })), "{pop:?}");
    }
    again.done().unwrap();
    assert!(streams.queue.is_empty());
}

/// A producer and a consumer keep their positions, which a peer cannot change. What they wait by is in the object.
#[test]
fn position_that_is_changed_under_a_producer_or_consumer_stops_no_call_from_ending() {
    let scratch = Scratch::new();
    let streams: Shared<Streams> = store(&scratch).create().unwrap();
    let key = scratch.key('S');
    let (ended, end) = channel();
    // Not scoped: a call that does not end is left behind.
    thread::spawn(move || {
        let raw = Raw::at_key(key);
        let queue = place(&streams, &streams.queue, &raw);
        let queue_of = &streams.queue;
        let mut consumer = queue_of.consumer();
        // The slot of that position has an item, by its word.
        raw.write(queue + 320, &(1_u64 << 32).to_le_bytes());
        raw.write(queue + 152, &1_u64.to_le_bytes());
        let popped = [consumer.pop_timeout(BRIEF).is_err(), consumer.take_timeout(BRIEF).is_err()];
        ended.send(popped).unwrap();
        raw.write(queue, &[0; size_of::<Queue<u64, QUEUE>>()]);
        drop(consumer);
        let mut producer = queue_of.producer();
        producer.push_many(&[1, 2, 3]).unwrap();
        raw.write(queue + 320, &0_u64.to_le_bytes());
        raw.write(queue + 16, &1_u64.to_le_bytes());
        ended.send([producer.push_timeout(4, BRIEF).is_err(), true]).unwrap();
    });
    for what in ["consumer", "producer"] {
        let refused = end.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("a call of the {what} does not end"));
        assert_eq!(refused, [true; 2], "{what}");
    }
}
