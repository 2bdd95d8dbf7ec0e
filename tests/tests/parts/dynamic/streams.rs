//! Queues, broadcasts, maps and frames.

use std::thread;

use shmstore::dynamic::{DynamicError, Limit};
use shmstore::error::{InsertError, PopError, PushError, RecvError};
use shmstore::inspect::Value;
use shmstore::{Broadcast, FixedString, Frames, Map, Queue, ShmObject, ShmValue};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::block_on;

use super::{both, floats, path};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
struct Size {
    width: u32,
    height: u32,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Streams {
    jobs: Queue<u64, 2>,
    /// Items whose size is no whole number of units.
    odd: Queue<[u8; 21], 2>,
    feed: Broadcast<[f64; 2], 4>,
    quotes: Map<FixedString<12>, [f64; 2], 2>,
    images: Frames<[u8; 3], 100, 4, Size>,
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn items_of_a_queue_come_from_both_and_go_to_both() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Streams>(&scratch);
    let jobs = object.queue(&path("jobs")).unwrap();
    jobs.push(&Value::Unsigned(1), Limit::Never).unwrap();
    typed.jobs.try_push(2).unwrap();
    let full = jobs.push(&Value::Unsigned(3), Limit::Never);
    assert!(matches!(full, Err(DynamicError::Push(PushError::Full { .. }))), "{full:?}");
    assert_eq!((typed.jobs.try_pop().unwrap(), jobs.pop(Limit::Never).unwrap()), (1, Value::Unsigned(2)));
    assert!(matches!(jobs.pop(Limit::Never), Err(DynamicError::Pop(PopError::Empty { .. }))));

    typed.jobs.try_push(4).unwrap();
    let job = jobs.take(Limit::Never).unwrap();
    assert_eq!((job.value().unwrap(), job.deliveries(), jobs.outstanding()), (Value::Unsigned(4), 1, 1));
    drop(job);
    let job = typed.jobs.try_take().unwrap();
    assert_eq!((*job, job.deliveries()), (4, 2));
    drop(job);
    let job = jobs.take(Limit::Never).unwrap();
    assert_eq!(job.deliveries(), 3);
    job.done().unwrap();
    assert_eq!((jobs.len(), typed.jobs.len(), jobs.capacity()), (0, 0, 2));

    let odd = object.queue(&path("odd")).unwrap();
    odd.push_bytes(&[7; 21], Limit::Never).unwrap();
    assert_eq!(typed.odd.try_pop().unwrap(), [7; 21]);
    typed.odd.try_push([9; 21]).unwrap();
    let mut bytes = [0; 21];
    odd.pop_bytes(&mut bytes, Limit::Never).unwrap();
    assert_eq!(bytes, [9; 21]);
    thread::scope(|scope| {
        scope.spawn(|| typed.jobs.push(5));
        block_on(jobs.not_empty()).unwrap();
        assert_eq!(jobs.pop(Limit::Forever).unwrap(), Value::Unsigned(5));
    });
}

#[test]
fn items_of_a_broadcast_go_to_all_subscribers() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Streams>(&scratch);
    let feed = object.broadcast(&path("feed")).unwrap();
    let (mut ours, mut theirs) = (feed.subscribe(), typed.feed.subscribe());
    assert_eq!(feed.send(&floats(&[1.0, 2.0]), Limit::Never).unwrap(), 0);
    assert_eq!(typed.feed.send([3.0, 4.0]), 1);
    assert_eq!((theirs.try_recv().unwrap(), theirs.try_recv().unwrap()), ([1.0, 2.0], [3.0, 4.0]));
    assert_eq!(ours.recv(Limit::Never).unwrap(), floats(&[1.0, 2.0]));
    assert_eq!(ours.recv(Limit::Never).unwrap(), floats(&[3.0, 4.0]));
    assert!(matches!(ours.recv(Limit::Never), Err(DynamicError::Recv(RecvError::Empty { .. }))));
    assert_eq!(feed.newest().unwrap(), Some((1, floats(&[3.0, 4.0]))));
    for _ in 0..9 {
        typed.feed.send([5.0, 6.0]);
    }
    let lagged = ours.recv(Limit::Never);
    assert!(matches!(lagged, Err(DynamicError::Recv(RecvError::Lagged { missed })) if missed > 4), "{lagged:?}");
    assert_eq!(ours.recv(Limit::Never).unwrap(), floats(&[5.0, 6.0]));
}

#[test]
fn keys_of_a_map_are_those_of_the_typed_process() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Streams>(&scratch);
    let quotes = object.map(&path("quotes")).unwrap();
    assert!(quotes.insert(&text("EURUSD"), &floats(&[1.08, 1.09]), Limit::Never).unwrap());
    assert_eq!(typed.quotes.get(&"EURUSD".try_into().unwrap()), Ok(Some([1.08, 1.09])));
    typed.quotes.insert("USDJPY".try_into().unwrap(), [150.0, 151.0]).unwrap();
    assert_eq!(quotes.get(&text("USDJPY")).unwrap(), Some((1, floats(&[150.0, 151.0]))));
    let full = quotes.insert(&text("GBPUSD"), &floats(&[0.0; 2]), Limit::Never);
    assert!(matches!(full, Err(DynamicError::Insert(InsertError::Full { capacity: 2, .. }))), "{full:?}");
    let change = |value: &mut Value| *value = floats(&[1.5, 1.6]);
    assert_eq!(quotes.update(&text("EURUSD"), Limit::Never, change).unwrap(), Some(()));
    assert_eq!(quotes.update(&text("GBPUSD"), Limit::Never, |_| ()).unwrap(), None);
    let mut keys = quotes.keys().unwrap();
    keys.sort_by_key(ToString::to_string);
    assert_eq!(keys, [text("EURUSD"), text("USDJPY")]);
    assert_eq!(quotes.entries().unwrap().len(), 2);
    assert_eq!(quotes.remove(&text("EURUSD"), Limit::Never).unwrap(), Some(floats(&[1.5, 1.6])));
    assert_eq!(quotes.remove(&text("EURUSD"), Limit::Never).unwrap(), None);
    assert!(!quotes.contains(&text("EURUSD")).unwrap() && quotes.contains(&text("USDJPY")).unwrap());
    assert!(matches!(quotes.get(&text("a key of more bytes")), Err(DynamicError::Value(_))));
    thread::scope(|scope| {
        scope.spawn(|| typed.quotes.insert("EURUSD".try_into().unwrap(), [1.7, 1.8]).unwrap());
        let (_, value) = quotes.wait_newer(&text("EURUSD"), 2, Limit::Forever).unwrap();
        assert_eq!(value, floats(&[1.7, 1.8]));
    });
}

#[test]
fn frames_are_handed_over_in_both_directions() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Streams>(&scratch);
    let images = object.frames(&path("images")).unwrap();
    assert!(images.pin_newest().unwrap().is_none());
    let mut frame = images.loan(Limit::Never).unwrap();
    frame.write_at(1, &[1, 2, 3, 4, 5, 6]).unwrap();
    let size = [("width", 3), ("height", 1)].map(|(name, value)| (name.to_owned(), Value::Unsigned(value)));
    frame.set_meta(&Value::Struct { name: "Size".into(), fields: size.to_vec() }).unwrap();
    assert!(matches!(frame.write_at(99, &[0; 6]), Err(DynamicError::TooLong(_))));
    assert!(matches!(frame.write_at(0, &[0; 4]), Err(DynamicError::Length { .. })));
    assert_eq!(frame.publish().unwrap(), 1);
    let pinned = typed.images.pin_newest().unwrap().expect("a frame");
    assert_eq!((pinned.to_vec(), *pinned.meta()), (vec![[0; 3], [1, 2, 3], [4, 5, 6]], Size { width: 3, height: 1 }));

    let mut frame = typed.images.try_loan().unwrap();
    frame.copy_from(&[[9, 8, 7]; 100]).unwrap();
    assert_eq!(frame.publish(), Ok(2));
    let pinned = images.wait_newer(0, Limit::Never).unwrap();
    assert_eq!((pinned.number(), pinned.missed(), pinned.len(), pinned.is_intact()), (2, 1, 100, true));
    let mut bytes = vec![0; 300];
    assert_eq!(pinned.copy_at(0, &mut bytes), 300);
    assert!(bytes.chunks(3).all(|element| element == [9, 8, 7]));
    let element = Value::List { len: 3, first: [9, 8, 7].map(Value::Unsigned).to_vec() };
    assert_eq!((pinned.element(99).unwrap(), pinned.element(100).unwrap()), (Some(element), None));
    assert_eq!(images.pin(1).unwrap().map(|pinned| pinned.number()), Some(1));
    drop(images.loan(Limit::Never).unwrap());
    assert_eq!(images.newest_number(), 2);
}
