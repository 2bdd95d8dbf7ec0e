//! What queues and broadcasts say by their errors: which part, how long, whose it is, and the cure.

use std::error::Error;
use std::time::Duration;

use shmstore::error::{PopError, PushError, RecvError};
use shmstore::{Broadcast, Queue, Shared, ShmObject};
use shmstore_tests::holder::wait_until_asleep;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::streamer;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'K')]
struct Post {
    boxes: [Queue<u64, 2>; 3],
    bells: [Broadcast<u64, 4>; 2],
}

const SHORT: Duration = Duration::from_millis(1);

fn goes_anywhere<E: Error + Send + Sync + 'static>(error: E) -> String {
    Box::<dyn Error + Send + Sync>::from(error).to_string()
}

#[test]
fn messages_name_the_part_and_are_whole_when_the_object_is_gone() {
    let scratch = Scratch::new();
    let post = scratch.store().create::<Post>().unwrap();
    let (full, empty, bell) = (&post.boxes[1], &post.boxes[2], &post.bells[1]);
    full.push_many(&[1, 2]).unwrap();
    let tried = full.try_push(3).unwrap_err();
    let waited = full.push_timeout(3, SHORT).unwrap_err();
    let nothing = empty.try_pop().unwrap_err();
    let in_vain = empty.take_timeout(SHORT).map(drop).unwrap_err();
    std::mem::forget((post.boxes[0].producer(), post.boxes[0].consumer()));
    let own_push = post.boxes[0].push(1).unwrap_err();
    let own_pop = post.boxes[0].pop().unwrap_err();
    let mut subscriber = bell.subscribe();
    let unsent = subscriber.recv_timeout(SHORT).unwrap_err();
    bell.send_many(&[1; 9]);
    let lagged = subscriber.recv().unwrap_err();
    drop(post);
    scratch.store().remove::<Post>().unwrap();
    // Another object, most often at the same address.
    let _next = Shared::<Post>::new_private().unwrap();

    assert!(matches!(tried, PushError::Full { capacity: 2, waited: Duration::ZERO, .. }));
    let text = goes_anywhere(tried);
    assert!(text.starts_with("this `Queue<u64, 2>` is full: "), "{text}");
    let text = goes_anywhere(waited);
    assert!(text.starts_with("`Post.boxes[1]` (`Queue<u64, 2>`) is full after "), "{text}");
    assert!(text.ends_with("Check that its consumers are running, or give it a greater capacity"), "{text}");
    let text = goes_anywhere(nothing);
    assert_eq!(text, "this `Queue<u64, 2>` is empty: check that its producers are running");
    assert!(matches!(in_vain, PopError::Empty { waited, .. } if waited >= SHORT), "{in_vain}");
    let text = goes_anywhere(in_vain);
    assert!(text.starts_with("`Post.boxes[2]` (`Queue<u64, 2>`) is empty after "), "{text}");
    assert!(text.ends_with("ms: check that its producers are running"), "{text}");
    for text in [goes_anywhere(own_push), goes_anywhere(own_pop)] {
        assert!(text.starts_with("`Post.boxes[0]` (`Queue<u64, 2>`) is busy: this very thread holds it."), "{text}");
    }
    assert!(matches!(unsent, RecvError::Empty { position: 0, waited, .. } if waited >= SHORT), "{unsent}");
    let text = goes_anywhere(unsent);
    assert!(text.starts_with("item 0 of `Post.bells[1]` (`Broadcast<u64, 4>`) was not sent after "), "{text}");
    assert!(text.ends_with("ms: check that its senders are running"), "{text}");
    assert!(matches!(lagged, RecvError::Lagged { missed: 7 }), "{lagged}");
    let text = goes_anywhere(lagged);
    assert!(text.starts_with("7 items were missed, because senders overwrote them"), "{text}");
}

#[test]
fn side_of_another_process_is_named_with_its_pid() {
    let scratch = Scratch::new();
    let mut owner = streamer(scratch.path());
    let mut other = streamer(scratch.path());
    for (hold, asks, name) in [
        ("producer", ["try_push 9", "push_timeout 9 30"], "`Streams.queue` (`Queue<"),
        ("consumer", ["try_pop", "take_timeout 30"], "`Streams.queue` (`Queue<"),
        ("sender", ["try_sender", "sender_timeout 30"], "`Streams.feed` (`Broadcast<"),
    ] {
        owner.expect_ok(hold);
        for ask in asks {
            let message = other.expect_err(ask, "Busy");
            assert!(message.contains(name), "{message}");
            assert!(message.contains(&format!("pid {} holds it", owner.pid())), "{message}");
        }
        owner.expect_ok("drop");
    }
}

#[test]
fn job_that_was_taken_from_its_process_says_so_and_changes_nothing() {
    let scratch = Scratch::new();
    let streams = scratch.store().attach_or_create::<shmstore_tests::objects::Streams>().unwrap();
    let mut owner = streamer(scratch.path());
    owner.expect_ok("push 5");
    owner.expect_ok("take");
    // A process that writes without shmstore returns the item, and another takes it.
    let raw = shmstore_tests::raw::Raw::at_key(scratch.key('Q'));
    let slot = raw.get(shmstore_tests::raw::field::PAYLOAD_OFFSET) as usize + 256;
    raw.write(slot, &(1_u64 << 32).to_le_bytes());
    let job = streams.queue.try_take().unwrap();
    let message = owner.expect_err("done", "JobLost");
    let start = "this process no longer had the item of `Streams.queue` (`Queue<[u64; 32], 2>`)";
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains("another process has the item, or will get it"), "{message}");
    assert_eq!(streams.queue.outstanding(), 1, "the item is still with the other");
    job.done().unwrap();
    let mut waiter = streamer(scratch.path());
    waiter.tell("pop_timeout 25000");
    wait_until_asleep(waiter.pid());
    streams.queue.push([8; 32]).unwrap();
    assert_eq!(waiter.answer(), "ok 8");
}
