//! Looking into segments, of which only the segment itself is known: `shmstore::inspect`.

mod attacher;
mod frames;
mod fuzzed;
mod hostile;
mod maps;
mod memory;
mod orphans;
mod reading;
mod removal;
mod saved;
mod states;
mod values;

use std::path::Path;

use shmstore::inspect::{Limits, Object, Segment, Value};
use shmstore::{FixedString, FixedVec, Shared, Store};
use shmstore_tests::objects::{Choosy, EveryPart, Mode, Position};

#[track_caller]
fn object(path: &Path, id: char) -> Object {
    Object::find(path, Some(id)).expect("an object at the path")
}

#[track_caller]
fn segment(shmid: i32) -> Segment {
    Segment::of_shmid(shmid).expect("a segment of this number")
}

#[track_caller]
fn at(object: &Object, path: &str) -> Value {
    object.read_at(&path.parse().expect("a path"), &Limits::full()).expect("a part")
}

fn choosy(letter: char) -> Choosy {
    Choosy { letter, modes: [Mode::Run, Mode::Idle, Mode::Stop], flag: true }
}

/// An object with something in every part.
fn filled(store: &Store) -> Shared<EveryPart> {
    use std::sync::atomic::Ordering::Relaxed;
    let object = store.create::<EveryPart>().expect("room for an object");
    object.count.store(u64::MAX, Relaxed);
    object.mode.store(Mode::Stop, Relaxed);
    object.flag.store(true, Relaxed);
    object.letter.store('ß', Relaxed);
    object.level.store(-0.5, Relaxed);
    object.position.store(Position { x: 1.5, y: f64::INFINITY, z: -3.0 });
    object.choosy.store(choosy('é'));
    object.label.store(FixedString::try_from("a \"label\"").expect("it fits"));
    object.list.store(FixedVec::try_from_iter([choosy('a'), choosy('b')]).expect("it fits"));
    object.block.store(shmstore_tests::objects::Block::of(7));
    object.event.notify_all();
    object.event.notify_all();
    object.queue.push_many(&['q', 'r', 's'].map(choosy)).expect("a queue of five");
    object.queue.pop().expect("an item");
    object.feed.send_many(&['f', 'g'].map(choosy));
    object.map.insert(7, choosy('m')).expect("a map of five");
    object.map.insert(8, choosy('n')).expect("a map of five");
    object.map.remove(&7).expect("a valid value");
    for letter in ['v', 'w'] {
        let mut frame = object.choices.try_loan().expect("a slot of three");
        frame.set_meta(choosy(letter));
        frame.copy_from(&['x', 'y'].map(choosy)).expect("it fits");
        frame.publish().expect("our slot");
    }
    for (number, shard) in (10..).zip(&object.shards) {
        shard.store(number);
        shard.store(number + 1);
    }
    object
}
