//! Objects in files, and back.

use std::io::{self, Read};
use std::mem::offset_of;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use shmstore::inspect::{Limits, SavedError, SavedObject, Value};
use shmstore::schema::OwnedSchema;
use shmstore::{AttachError, CreateError, LockError, Shared, ShmLayout, Store};
use shmstore_tests::assert_says;
use shmstore_tests::fuzz::saved::{file_of, sign};
use shmstore_tests::holder::holder;
use shmstore_tests::objects::{Block, EveryPart, Mode, Parts, Position, Telemetry, drifted};
use shmstore_tests::peer::Peer;
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

use super::{choosy, filled, object};

fn saved(scratch: &Scratch, id: char) -> SavedObject {
    SavedObject::of(&object(scratch.path(), id), &Limits::default()).expect("nobody stores")
}

#[test]
fn every_part_comes_back_from_its_file_equal_in_every_value() {
    let scratch = Scratch::new();
    let typed = filled(&scratch.store());
    let live = object(scratch.path(), 'H').read(&Limits::full());
    let first = saved(&scratch, 'H');
    assert_eq!(first.read(&Limits::full()), live);
    let second = SavedObject::parse(&first.to_bytes()).unwrap();
    assert_eq!(second, first);
    assert_eq!((second.id(), second.schema().to_string().as_str()), ('H', "EveryPart"));
    assert!(SystemTime::now().duration_since(second.saved()).unwrap() < Duration::from_secs(60));
    drop(typed);

    let elsewhere = Scratch::new();
    second.create_in(&elsewhere.store()).unwrap();
    assert_eq!(object(elsewhere.path(), 'H').read(&Limits::full()), live);
    assert_eq!(saved(&elsewhere, 'H').read(&Limits::full()), live);
}

#[test]
fn program_that_is_built_with_the_type_attaches_what_was_made_from_a_file() {
    let scratch = Scratch::new();
    let before = filled(&scratch.store());
    std::mem::forget(before.queue.take().unwrap());
    drop(before);
    let file = saved(&scratch, 'H').to_bytes();
    let elsewhere = Scratch::new();
    SavedObject::parse(&file).unwrap().create_in(&elsewhere.store()).unwrap();
    let typed = elsewhere.store().attach::<EveryPart>().unwrap();
    assert_eq!(typed.count.load(Relaxed), u64::MAX);
    assert_eq!(typed.mode.load_checked(Relaxed), Ok(Mode::Stop));
    assert_eq!(typed.letter.load_checked(Relaxed), Ok('ß'));
    assert_eq!(typed.position.load_versioned(), (1, Position { x: 1.5, y: f64::INFINITY, z: -3.0 }));
    assert_eq!(typed.choosy.load_checked(), Ok(choosy('é')));
    assert_eq!(typed.label.load().to_str(), Ok("a \"label\""));
    assert_eq!(typed.list.load_checked().unwrap().as_slice(), [choosy('a'), choosy('b')]);
    assert_eq!(typed.block.load(), Block::of(7));
    assert_eq!(typed.event.count(), 2);
    let frame = typed.choices.pin_newest().unwrap().unwrap();
    assert_eq!((frame.number(), *frame.meta(), frame.len()), (2, choosy('w'), 2));
    assert_eq!(frame.to_vec_checked().unwrap(), ['x', 'y'].map(choosy));
    assert_eq!(typed.shards[3].load_versioned(), (2, 14));
    // A job that was not done waits again.
    let job = typed.queue.take().unwrap();
    assert_eq!((*job, job.deliveries()), (choosy('r'), 2));
    job.done().unwrap();
    assert_eq!(typed.queue.pop().unwrap(), choosy('s'));
    let items: Vec<_> = typed.feed.subscribe_oldest().try_iter().map(Result::unwrap).collect();
    assert_eq!(items, ['f', 'g'].map(choosy));
    // And goes on from there.
    typed.shards[3].update(|number| *number += 1);
    assert_eq!(typed.shards[3].load_versioned(), (3, 15));
    drop(typed.lock.lock().unwrap());
    typed.event.notify_all();
    typed.queue.push_many(&[choosy('t'); 5]).unwrap();
    assert!(typed.queue.try_push(choosy('u')).is_err() && typed.feed.send(choosy('h')) == 2);
    let again = SavedObject::parse(&file).unwrap().create_in(&elsewhere.store());
    assert!(matches!(again, Err(CreateError::AlreadyExists { .. })), "{again:?}");
}

#[test]
fn object_of_a_schema_that_no_type_has_is_not_made() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let real = OwnedSchema::from(Telemetry::SCHEMA);
    for (found, instead) in [("\"offset\":8", "\"offset\":0"), ("\"name\":\"frames\"", "\"name\":\"a b\"")] {
        let schema = OwnedSchema::from_json(real.to_json().replacen(found, instead, 1)).unwrap();
        let values = vec![0; schema.size() as usize];
        let file = SavedObject::parse(&file_of(b'T', &schema.to_json(), schema.hash(), &values, 0)).unwrap();
        assert_eq!(file.read(&Limits::default()).to_string().matches(": ").count(), 4 + 3, "it can be read");
        for refused in [file.create_in(&scratch.store()), file.replace_in(&scratch.store())] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, CreateError::NoType { .. }), "{refused}");
            assert_says(&refused, &["Telemetry", "because no type has its layout: ", "`$.fields["]);
            assert_eq!(std::io::Error::from(shmstore::Error::from(refused)).kind(), io::ErrorKind::InvalidData);
        }
    }
    assert_eq!(scratch.segments().len(), 1, "the object is there as before");
}

#[test]
fn locks_are_free_and_what_was_held_is_inconsistent_and_events_are_not_awaited() {
    let scratch = Scratch::new();
    let mut holder = holder(scratch.path());
    holder.expect_ok("store 5");
    holder.expect_ok("notify_all");
    holder.expect_ok("lock");
    holder.expect_ok("begin");
    let raw = Raw::at_key(scratch.key('W'));
    let event = raw.get(field::PAYLOAD_OFFSET) as usize + std::mem::offset_of!(Parts, called);
    raw.write(event, &[raw.read(event..event + 1)[0] | 1]);
    let live = object(scratch.path(), 'W');
    let part = |path: &str| live.read_at(&path.parse().unwrap(), &Limits::default()).unwrap();
    assert_eq!(part("called"), Value::Event { count: 1 });
    assert!(matches!(part("value"), Value::Versioned { locked: true, .. }));

    let values = saved(&scratch, 'W').read(&Limits::default());
    assert_eq!(values.field("lock"), Some(&Value::Lock { locked: false, inconsistent: true }));
    assert_eq!(values.field("called"), Some(&Value::Event { count: 1 }));
    let Some(Value::Versioned { version: 1, locked: false, .. }) = values.field("value") else {
        panic!("{:?}", values.field("value"))
    };

    let elsewhere = Scratch::new();
    saved(&scratch, 'W').create_in(&elsewhere.store()).unwrap();
    let made = Raw::at_key(elsewhere.key('W'));
    assert_eq!(made.read(event..event + 1), [1 << 1]);
    let typed = elsewhere.store().attach::<Parts>().unwrap();
    assert!(!typed.lock.is_locked());
    assert!(typed.lock.lock().is_err(), "what it guards may be half-changed");
    drop(typed.lock.lock_or_repair(|| typed.repair()));
    drop(typed.lock.lock().unwrap());
    assert_eq!(typed.value.load_versioned().0, 1);
}

#[test]
fn file_made_by_hand_holds_no_lock_and_keeps_none_for_anybody() {
    let scratch = Scratch::new();
    let mut holder = holder(scratch.path());
    holder.expect_ok("store 5");
    let mut file = saved(&scratch, 'W').to_bytes();
    let values = file.len() - 16 - size_of::<Parts>();
    let mut write = |part: usize, at: usize, word: u32| {
        file[values + part + at..][..4].copy_from_slice(&word.to_le_bytes());
    };
    // Held by a process that does not exist, awaited, kept for a process that has slept, and for one that waits for a version.
    for part in [offset_of!(Parts, lock), offset_of!(Parts, value)] {
        write(part, 0, 7 << 29 | 4711);
    }
    // Starved readers, fences, a bell; a store half-way to version 2; an event with a waiter.
    write(offset_of!(Parts, value), 4, 3);
    write(offset_of!(Parts, value), 8, 9);
    write(offset_of!(Parts, value), 64, 3);
    write(offset_of!(Parts, called), 0, 5);
    sign(&mut file);
    let file = SavedObject::parse(&file).unwrap();
    let values = file.read(&Limits::default());
    assert_eq!(values.field("lock"), Some(&Value::Lock { locked: false, inconsistent: true }));
    let Some(Value::Versioned { version: 1, locked: false, .. }) = values.field("value") else {
        panic!("{:?}", values.field("value"))
    };

    let elsewhere = Scratch::new();
    file.create_in(&elsewhere.store()).unwrap();
    let made = Raw::at_key(elsewhere.key('W'));
    let word = |part: usize, at: usize| made.word(made.get(field::PAYLOAD_OFFSET) as usize + part + at);
    assert_eq!([0, 4].map(|at| word(offset_of!(Parts, lock), at)), [0, 1]);
    assert_eq!([0, 4, 8, 64].map(|at| word(offset_of!(Parts, value), at)), [0, 0, 0, 2]);
    assert_eq!(word(offset_of!(Parts, called), 0), 4);
    let typed = elsewhere.store().attach::<Parts>().unwrap();
    assert!(matches!(typed.lock.try_lock(), Err(LockError::OwnerDied { .. })));
    assert_eq!(typed.value.load_versioned().0, 1);
}

/// Other tests list the machine's segments without rest: one that is looked at is in use for that moment.
#[track_caller]
fn replace_unused(file: &SavedObject, store: &Store) {
    wait::until_true("nobody to look at it", || match file.replace_in(store) {
        Ok(()) => true,
        Err(CreateError::InUse { .. }) => false,
        Err(error) => panic!("{error}"),
    });
}

#[test]
fn object_is_replaced_from_a_file_if_it_has_the_same_layout_and_nobody_has_it() {
    let scratch = Scratch::new();
    let typed = scratch.store().create::<Telemetry>().unwrap();
    typed.frames.store(7, Relaxed);
    let file = saved(&scratch, 'T');
    typed.frames.store(8, Relaxed);
    let refused = file.replace_in(&scratch.store()).unwrap_err();
    assert!(matches!(refused, CreateError::InUse { attached: 1.., .. }), "{refused}");
    assert!(!Shared::is_removed(&typed));
    drop(typed);

    let store = Store::options().mode(0o640).max_processes(5).open(scratch.path()).unwrap();
    replace_unused(&file, &store);
    let [segment] = &scratch.segments()[..] else { panic!("{:?}", scratch.segments()) };
    assert_eq!(segment.mode, 0o640);
    assert_eq!(object(scratch.path(), 'T').segment().description.as_ref().unwrap().max_processes, 5);
    assert_eq!(scratch.store().attach::<Telemetry>().unwrap().frames.load(Relaxed), 7);

    let elsewhere = Scratch::new();
    drop(elsewhere.store().create::<drifted::Telemetry>().unwrap());
    let refused = file.replace_in(&elsewhere.store()).unwrap_err();
    assert!(matches!(refused, CreateError::Existing(AttachError::LayoutMismatch(_))), "{refused}");
    drop(elsewhere.store().attach::<drifted::Telemetry>().unwrap());
    elsewhere.store().remove::<drifted::Telemetry>().unwrap();
    replace_unused(&file, &elsewhere.store());
    assert_eq!(elsewhere.store().attach::<Telemetry>().unwrap().frames.load(Relaxed), 7);
}

#[test]
fn what_is_left_of_a_replacement_that_was_killed_is_replaced() {
    let scratch = Scratch::new();
    let typed = scratch.store().create::<Telemetry>().unwrap();
    typed.frames.store(7, Relaxed);
    let file = saved(&scratch, 'T');
    drop(typed);
    for step in ["RemoveMarked", "CreateSchema"] {
        Peer::killed_at(scratch.path(), step, "replace 9");
        replace_unused(&file, &scratch.store());
        assert_eq!(scratch.segments().len(), 1);
        assert_eq!(scratch.store().attach::<Telemetry>().unwrap().frames.load(Relaxed), 7);
    }
}

#[test]
fn file_of_an_object_with_room_has_version_2_and_any_other_file_has_version_1() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let plain = saved(&scratch, 'T');
    let (file, size) = (plain.to_bytes(), plain.schema().size());
    assert_eq!((plain.room(), file[8], &file[56..64]), (None, 1, &[0; 8][..]));
    for (asked, room) in [(0, size), (size - 1, size), (size, size), (4096, 4096), (u64::MAX, u64::MAX)] {
        let roomy = plain.clone().with_room(Some(asked));
        let file = roomy.to_bytes();
        assert_eq!((roomy.room(), file[8], &file[56..64]), (Some(room), 2, &room.to_le_bytes()[..]));
        assert_eq!(SavedObject::parse(&file).unwrap(), roomy);
        assert_eq!(roomy.with_room(None).to_bytes(), plain.to_bytes());
    }
}

/// A file of which only so many bytes may be read.
struct Guarded<'a>(&'a [u8]);

impl Read for Guarded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        assert!(to.len() <= self.0.len(), "{} bytes are asked for, of {}", to.len(), self.0.len());
        self.0.read(to)
    }
}

#[test]
fn no_more_than_the_front_is_read_of_a_file_that_is_not_as_long_as_it_says() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let file = saved(&scratch, 'T').to_bytes();
    let len = file.len() as u64;
    let read = |from: &[u8], len| SavedObject::read_from(Guarded(from), len).expect_err("it is refused");
    assert!(matches!(read(&[b'x'; 64], 6 << 30), SavedError::NotSaved));
    assert!(matches!(read(b"short", 5), SavedError::NotSaved));
    assert!(matches!(read(b"shmsaved", 8), SavedError::Length { expected: 80, found: 8 }));
    for other in [len - 1, len + 1, 6 << 30] {
        let refused = read(&file[..64], other);
        assert!(matches!(refused, SavedError::Length { expected, found } if (expected, found) == (len, other)));
    }
    // A schema that is too long, in a file of that length.
    let mut front = file[..64].to_vec();
    front[16..24].copy_from_slice(&(3_u64 << 30).to_le_bytes());
    let values = u64::from_le_bytes(front[24..32].try_into().unwrap());
    assert!(matches!(read(&front, 64 + (3 << 30) + values + 16), SavedError::Field { field: "schema", .. }));
    // One that was cut while it is read.
    let refused = SavedObject::read_from(&file[..file.len() - 1], len).unwrap_err();
    assert!(matches!(refused, SavedError::Read(_)), "{refused}");
}

#[test]
fn each_changed_byte_is_refused_and_each_length_but_its_own() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let file = saved(&scratch, 'T').to_bytes();
    for at in 0..file.len() {
        for bit in [1, 0x80] {
            let mut changed = file.clone();
            changed[at] ^= bit;
            let refused = SavedObject::parse(&changed).expect_err("a changed byte");
            let _ = refused.to_string();
            match at {
                0..8 => assert!(matches!(refused, SavedError::NotSaved)),
                8..12 => assert!(matches!(refused, SavedError::Version { .. })),
                16..32 => assert!(matches!(refused, SavedError::Length { .. })),
                _ => assert!(matches!(refused, SavedError::Checksum { .. }), "byte {at}: {refused}"),
            }
        }
        assert!(SavedObject::parse(&file[..at]).is_err(), "the first {at} bytes");
    }
    assert!(SavedObject::parse(&[&file[..], b"x"].concat()).is_err());
    assert!(SavedObject::parse(&file).is_ok());
}

#[test]
fn file_that_says_what_its_schema_does_not_is_refused_also_with_a_right_checksum() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Telemetry>().unwrap());
    let file = saved(&scratch, 'T').to_bytes();
    let schema = 64..64 + u64::from_le_bytes(file[16..24].try_into().unwrap()) as usize;
    let refused = |change: &dyn Fn(&mut Vec<u8>), named: &str| {
        let mut changed = file.clone();
        change(&mut changed);
        sign(&mut changed);
        let error = SavedObject::parse(&changed).expect_err(named).to_string();
        assert!(error.starts_with("damaged: ") && error.contains(named), "{named}: {error}");
    };
    refused(&|file| file[12] = 0x7f, "type-id-char");
    refused(&|file| file[13] = 1, "type-id-char");
    refused(&|file| file[47] ^= 1, "layout hash");
    refused(&|file| file[48..56].fill(0xff), "time");
    refused(&|file| file[63] = 1, "reserved word");
    // A room of no bytes, and of one byte less than the values.
    refused(&|file| file[8] = 2, "room");
    let values = u64::from_le_bytes(file[24..32].try_into().unwrap());
    let room = |file: &mut Vec<u8>, bytes: u64| {
        file[8] = 2;
        file[56..64].copy_from_slice(&bytes.to_le_bytes());
    };
    refused(&|file| room(file, values - 1), "room");
    refused(&|file| file[schema.start] = b'[', "line 1");
    // Another name is another layout.
    refused(&|file| file[schema.start + 25..][..4].copy_from_slice(b"Tale"), "layout hash");
    refused(
        &|file| {
            let end = file.len() - 16;
            file.splice(end..end, [0; 64]);
            let values = u64::from_le_bytes(file[24..32].try_into().unwrap()) + 64;
            file[24..32].copy_from_slice(&values.to_le_bytes());
        },
        "length",
    );
}
