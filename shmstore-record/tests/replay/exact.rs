//! Values after a replay are those before, byte for byte.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shmstore::dynamic::{Limit, Object};
use shmstore::schema::{OwnedSchema, Primitive};
use shmstore_record::Message;
use shmstore_record::reading::Recording;
use shmstore_record::replay::{self, Replay, Settings};

use super::recording::{self, START};
use super::scratch::Scratch;
use super::values::{Bits, any_value_type, without_noise};

/// An object with a part of each kind, whose values are of one type.
fn object_of(value: &OwnedSchema) -> OwnedSchema {
    let number = OwnedSchema::primitive(Primitive::U32);
    let fields = [
        ("count", OwnedSchema::atomic(Primitive::I16).unwrap()),
        ("state", OwnedSchema::versioned(value.clone()).unwrap()),
        ("jobs", OwnedSchema::queue(value.clone(), 4).unwrap()),
        ("news", OwnedSchema::broadcast(value.clone(), 4).unwrap()),
        ("book", OwnedSchema::map(number, value.clone(), 4).unwrap()),
        ("images", OwnedSchema::frames(value.clone(), 5, 3, value.clone()).unwrap()),
    ];
    let fields = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    OwnedSchema::structure("Everything", fields, 1, vec![]).unwrap()
}

/// Records a value of each kind, replays it, and compares the bytes.
fn round_trip(value: &OwnedSchema, seed: u64) {
    let scratch = Scratch::new();
    let (schema, file) = (object_of(value), scratch.join("x.mcap"));
    let mut bits = Bits(seed);
    let len = (seed % 6) as usize;
    let [state, job, news, entry, meta] = [(); 5].map(|()| bits.value(value));
    let elements: Vec<Vec<u8>> = (0..len).map(|_| bits.value(value)).collect();
    let mut written = recording::write(&file);
    let object = written.object("/run/everything", "", 'E', &schema);
    let channels = ["state", "jobs", "news", "book", "images"].map(|part| written.part(object, part));
    let atomics = written.atomics(object, &["count"]);
    written.message(atomics, 0, 0, &[&[7, 0xff]]);
    let frame = elements.concat();
    let messages: [&[&[u8]]; 5] =
        [&[&state], &[&job], &[&news], &[&[Message::SET], &5_u32.to_le_bytes(), &entry], &[&meta, &frame]];
    for (channel, pieces) in channels.into_iter().zip(messages) {
        written.message(channel, 1, 0, pieces);
    }
    written.end();

    let mut recording = Recording::open(&[file]).unwrap();
    assert_eq!(recording.times(), Some((START, START)));
    scratch.store();
    let objects = replay::open(recording.objects(), &scratch.join("rover"), false, |_| true).unwrap();
    let object: Object = objects[0].as_ref().unwrap().object.clone();
    let mut replay = Replay::into_objects(objects, Settings { rate: 0.0, ..Settings::default() });
    replay.run(&mut recording, &mut || false).unwrap();
    assert!(replay.report().is_complete(), "{:?}", replay.report().reasons);
    assert_eq!(replay.report().total().stored, 6);

    let path = |text: &str| text.parse().unwrap();
    let clean = |bytes: &[u8]| without_noise(value, bytes);
    let mut found = vec![0; value.size() as usize];
    assert_eq!(object.versioned(&path("state")).unwrap().load_bytes(&mut found).unwrap(), 1);
    assert_eq!(found, clean(&state));
    object.queue(&path("jobs")).unwrap().pop_bytes(&mut found, Limit::Never).unwrap();
    assert_eq!(found, clean(&job));
    assert_eq!(object.broadcast(&path("news")).unwrap().newest_bytes(&mut found).unwrap(), Some(0));
    assert_eq!(found, clean(&news));
    let version = object.map(&path("book")).unwrap().get_bytes(&5_u32.to_le_bytes(), &mut found).unwrap();
    assert_eq!((version.is_some(), &found), (true, &clean(&entry)));
    let newest = object.frames(&path("images")).unwrap().pin_newest().unwrap().unwrap();
    assert_eq!((newest.len(), newest.meta_bytes()), (len, &clean(&meta)[..]));
    let mut copied = vec![0; value.size() as usize * len];
    assert_eq!(newest.copy_at(0, &mut copied), copied.len());
    let cleaned: Vec<Vec<u8>> = elements.iter().map(|element| clean(element)).collect();
    assert_eq!(copied, cleaned.concat());
    let mut count = [0; 2];
    object.atomic(&path("count")).unwrap().load_bytes(&mut count).unwrap();
    assert_eq!(count, [7, 0xff]);
}

#[test]
fn values_of_any_type_come_back_bit_for_bit() {
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    let ran = runner.run(&(any_value_type(), any::<u64>()), |(value, seed)| {
        round_trip(&value, seed);
        Ok(())
    });
    ran.unwrap();
}
