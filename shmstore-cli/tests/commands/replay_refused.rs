//! What `shmstore replay` refuses, and what it does not store.

use std::fs;
use std::time::{Duration, Instant};

use shmstore::ShmLayout;
use shmstore::inspect::Limits;

use super::recording;
use super::replay::{Drive, recorded, speeds};
use super::support::*;

#[test]
fn existing_object_is_refused_unless_it_is_asked_for() {
    let recorded = speeds(3, 0);
    recorded.replay(&[]).with(0);
    let said = recorded.replay(&[]).with(4).err;
    assert!(said.contains("has an object 'D' already") && said.contains("--into-existing"), "{said}");
    assert_eq!(recorded.drive().speed.version(), 3, "nothing was stored");
    let said = recorded.replay(&["--into-existing"]).with(0).out;
    assert!(said.starts_with("storing in ") && said.contains("stored 3 messages"), "{said}");
    assert_eq!(recorded.drive().speed.version(), 6);
}

#[test]
fn object_that_does_not_exist_is_created_also_if_an_existing_one_may_be_used() {
    let recorded = speeds(3, 0);
    let said = recorded.replay(&["--into-existing"]).with(0).out;
    assert!(said.starts_with("created "), "{said}");
}

#[test]
fn another_layout_is_refused() {
    let recorded = speeds(3, 0);
    let store = recorded.scratch.store();
    store.create::<Counter>().unwrap();
    // The letter of the counter, and the layout of the drive.
    let file = recorded.scratch.text("c.mcap");
    let mut written = recording::write(file.as_ref());
    written.object("/run/drive", "", 'C', &Drive::SCHEMA.into());
    written.end();
    let into = recorded.place();
    let said = run(["replay", &file, "--into", &into, "--into-existing"]).with(4).err;
    let hashes = [Counter::LAYOUT_HASH.to_string(), Drive::LAYOUT_HASH.to_string()];
    assert!(hashes.iter().all(|hash| said.contains(hash)), "{said}");
}

#[test]
fn exclusive_writer_is_not_disturbed() {
    let recorded = speeds(3, 0);
    recorded.replay(&[]).with(0);
    let drive = recorded.drive();
    let writer = drive.speed.writer();
    let said = recorded.replay(&["--into-existing"]).with(4).err;
    assert!(said.contains("has another writer") && said.contains("replay again"), "{said}");
    drop(writer);
    recorded.replay(&["--into-existing"]).with(0);
}

#[test]
fn objects_are_all_created_or_none() {
    let recorded = speeds(1, 0);
    let store = recorded.scratch.store();
    store.create::<Counter>().unwrap();
    let file = recorded.scratch.text("two.mcap");
    let mut written = recording::write(file.as_ref());
    written.object("/run/both", "", 'D', &Drive::SCHEMA.into());
    written.object("/run/both", "", 'C', &Counter::SCHEMA.into());
    written.end();
    run(["replay", &file, "--into", &recorded.place()]).with(4);
    assert_eq!(recorded.scratch.segments().len(), 1, "the drive was removed again");
    // A directory that was made for them is removed, too.
    let named = recorded.scratch.text("named.mcap");
    let mut written = recording::write(named.as_ref());
    written.object("/run/both/a.shm", "a", 'D', &Drive::SCHEMA.into());
    written.object("/run/both/x.shm", "no/name", 'C', &Counter::SCHEMA.into());
    written.end();
    let new = recorded.scratch.join("new");
    run(["replay", &named, "--into", new.to_str().unwrap()]).with(1);
    assert!(!new.exists() || fs::read_dir(&new).unwrap().count() == 0, "{:?}", fs::read_dir(&new).unwrap().next());
    assert_eq!(recorded.scratch.segments().len(), 1);
}

#[test]
fn messages_that_are_no_values_are_counted_and_the_others_stored() {
    let recorded = recorded(|written, drive| {
        let [speed, images] = ["speed", "images"].map(|part| written.part(drive, part));
        written.message(speed, 1, 0, &[&1.0_f64.to_le_bytes()]);
        written.raw(speed, 2, 0, &[0, 1, 0, 0, 1, 2, 3]);
        written.raw(speed, 3, 0, &[&[0, 1, 0, 0][..], &[0; 9]].concat());
        written.message(speed, 4, 0, &[&4.0_f64.to_le_bytes()]);
        written.raw(images, 1, 0, &[&[0, 1, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0][..], &[0; 17]].concat());
    });
    let said = recorded.replay(&[]).with(1);
    assert!(said.out.contains("refused 2 of /drive/speed: the message ends after 7 bytes"), "{said:?}");
    assert!(said.out.contains("refused 1 of /drive/images: a text or list of 17, where at most 16 fit"), "{said:?}");
    assert!(said.out.contains("stored 2 messages") && said.err.contains("not every message was stored"), "{said:?}");
    assert_eq!((recorded.drive().speed.version(), recorded.drive().speed.load()), (2, 4.0));
    let json = run(["replay", &recorded.file, "--json"]).with(1).json();
    assert_eq!((&json["channels"][0]["refused"], &json["channels"][0]["stored"]), (&2.into(), &2.into()));
}

#[test]
fn full_queue_is_waited_for_once() {
    let recorded = recorded(|written, drive| {
        let [jobs, speed] = ["jobs", "speed"].map(|part| written.part(drive, part));
        for number in 0..30_u32 {
            written.message(jobs, number, 0, &[&number.to_le_bytes()]);
        }
        written.message(speed, 1, 0, &[&1.0_f64.to_le_bytes()]);
    });
    let since = Instant::now();
    let said = recorded.replay(&["--rate", "0"]).with(1);
    assert!(said.out.contains("could not store 28 of /drive/jobs: ") && said.out.contains("stored 3"), "{said:?}");
    assert!(since.elapsed() < Duration::from_secs(15), "one second, and not one each: {:?}", since.elapsed());
    assert_eq!((recorded.drive().jobs.len(), recorded.drive().speed.load()), (2, 1.0));
}

#[test]
fn queue_with_a_consumer_gets_each_item() {
    let recorded = recorded(|written, drive| {
        let jobs = written.part(drive, "jobs");
        for number in 0..200_u32 {
            written.message(jobs, number, 0, &[&number.to_le_bytes()]);
        }
    });
    recorded.scratch.store().create::<Drive>().unwrap();
    let drive = recorded.drive();
    let consumer = std::thread::spawn(move || {
        let pop = |number: u32| assert_eq!(drive.jobs.pop_timeout(DEADLINE).unwrap(), number);
        (0..200).for_each(pop);
    });
    recorded.replay(&["--rate", "0", "--into-existing"]).with(0);
    consumer.join().unwrap();
}

#[test]
fn other_files_are_refused() {
    let recorded = speeds(3, 0);
    let scratch = &recorded.scratch;
    let foreign = scratch.text("foreign.mcap");
    let options = mcap::WriteOptions::new().profile("ros2").library("other 7");
    options.create(fs::File::create(&foreign).unwrap()).unwrap().finish().unwrap();
    let said = run(["replay", &foreign]).with(4).err;
    assert!(said.contains("foreign.mcap: it is an MCAP file of `other 7`"), "{said}");
    let bytes = fs::read(&recorded.file).unwrap();
    let cut = scratch.text("cut.mcap");
    fs::write(&cut, &bytes[..bytes.len() - 60]).unwrap();
    let into = recorded.place();
    scratch.store();
    let said = run(["replay", &cut, "--into", &into]).with(1).err;
    assert!(said.contains(&format!("`shmstore record --repair {cut}`")), "{said}");
    assert!(scratch.segments().is_empty(), "nothing was created");
    run(["replay", &scratch.text("none.mcap")]).with(3);
    fs::write(&cut, "no recording").unwrap();
    assert!(run(["replay", &cut]).with(1).err.contains("no MCAP file"));
}

#[test]
fn messages_of_other_encodings_are_refused_with_the_reason() {
    let recorded = recorded(|written, _| {
        let of_speed = [("shmstore.object", "0"), ("shmstore.kind", "versioned"), ("shmstore.part", "speed")];
        written.foreign("json", ("Speed", "jsonschema"), recording::text_map(of_speed));
        let of_images = [
            ("shmstore.object", "0"),
            ("shmstore.kind", "frames"),
            ("shmstore.part", "images"),
            ("shmstore.as", "sensor_msgs/msg/Image"),
        ];
        written.foreign("cdr", ("sensor_msgs/msg/Image", "ros2msg"), recording::text_map(of_images));
        let of_nothing = [("shmstore.object", "7"), ("shmstore.kind", "versioned"), ("shmstore.part", "speed")];
        written.foreign("cdr", ("test/msg/X", "ros2msg"), recording::text_map(of_nothing));
        // The events of the recorder belong to no object, and are no messages of a part.
        written.foreign("json", ("Event", "jsonschema"), recording::text_map([]));
    });
    let said = recorded.replay(&[]).with(1).out;
    for why in
        ["it was recorded with `--encoding json`", "it was recorded with `--as`", "no metadata describe the object 7"]
    {
        assert!(said.contains(why), "{why}: {said}");
    }
    assert!(said.contains("stored 0 messages"), "{said}");
    let drive = shmstore::inspect::Object::find(recorded.place().as_ref(), Some('D')).unwrap();
    assert!(drive.read(&Limits::default()).to_string().contains("speed"));
}

#[test]
fn ranges_without_messages_and_files_in_another_order_are_wrong_usage() {
    let recorded = speeds(3, 1000);
    for (range, text) in [
        (&["--from", "2", "--to", "1"][..], "--to 1 is before --from 2"),
        (&["--from", "2.5"], "after the end of the recording, which has 2.000 s"),
    ] {
        let said = recorded.replay(range).with(2).err;
        assert!(said.contains(text), "{said}");
    }
    let file = recorded.scratch.text("x.mcap");
    let said = run(["replay", &file, &file]).with(2).err;
    assert!(said.contains("give each file of one recording once, in their order"), "{said}");
    let said = run(["replay", &file, "--rate", "-1"]).with(2).err;
    assert!(said.contains("write a number from 0 to 1e6"), "{said}");
}
