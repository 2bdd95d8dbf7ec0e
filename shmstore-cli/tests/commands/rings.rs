//! Queues and broadcasts in the output of each command.

use serde_json::json;

use super::planted::{self, Feeds, JOBS, Pair, Planted, QUOTES};
use super::support::*;

/// The path of an object with these bytes.
fn planted(planted: &Planted) -> (Scratch, String) {
    let scratch = Scratch::new();
    planted.create_in(&scratch.store());
    let path = scratch.text("rover");
    (scratch, path)
}

/// The lines of the fields, with one blank between columns.
fn fields(shown: &Ended) -> Vec<String> {
    let (_, fields) = shown.out.split_once("fields\n").expect("fields");
    fields.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn show_has_the_counts_and_the_items() {
    let (_scratch, path) = planted(&planted::filled());
    let item = |index: u64, number: u64| format!("[{index}] {{ a: {number}, b: {number} }}");
    let mut expected = vec!["jobs 3 of 4, 7 pushed, 1 taken".to_owned()];
    expected.extend((0..3).map(|index| item(index, 104 + index)));
    expected.extend(["quotes 11 sent, keeps 8".into(), "… 3 before".into()]);
    expected.extend((3..11).map(|position| item(position, position)));
    assert_eq!(fields(&run(["show", &path]).with(0)), expected);
}

#[test]
fn show_of_an_empty_queue_and_broadcast_is_short() {
    let (_scratch, path) = planted(&Planted::empty());
    assert_eq!(fields(&run(["show", &path]).with(0)), ["jobs [] 0 of 4, 0 pushed", "quotes [] 0 sent, keeps 8"]);
}

#[test]
fn json_has_the_counts_and_the_items() {
    let (_scratch, path) = planted(&planted::filled());
    let value = run(["show", "--json", &path]).with(0).json()["value"].clone();
    let pair = |number: u64| json!({ "a": number, "b": number });
    let first: Vec<_> = (104..107).map(pair).collect();
    assert_eq!(value["jobs"], json!({ "len": 3, "capacity": 4, "pushed": 7, "outstanding": 1, "first": first }));
    let last: Vec<_> = (3..11).map(|position| json!({ "position": position, "value": pair(position) })).collect();
    assert_eq!(value["quotes"], json!({ "sent": 11, "capacity": 8, "last": last }));
    assert_eq!(run(["get", "--json", &path, "jobs"]).with(0).json(), value["jobs"]);
}

#[test]
fn get_has_items_and_counts() {
    let (_scratch, path) = planted(&planted::filled());
    for (field, value) in [
        ("jobs[0]", "{ a: 104, b: 104 }"),
        ("jobs[2].b", "106"),
        ("jobs.len", "3"),
        ("jobs.pushed", "7"),
        ("jobs.delivered", "4"),
        ("jobs.outstanding", "1"),
        ("quotes[10].a", "10"),
        ("quotes.sent", "11"),
        ("quotes.capacity", "8"),
    ] {
        assert_eq!(run(["get", &path, field]).with(0).out, format!("{value}\n"), "{field}");
    }
    for (field, says) in [
        ("jobs[3]", "`jobs` has 3 elements"),
        ("quotes[2]", "`quotes` has no item [2] any more: the oldest is [3], the newest [10]"),
        ("quotes[11]", "`quotes` has no item [11] yet: the newest is [10]"),
        ("quotes.len", "no field `len` in `quotes`, a `Broadcast<Pair, 8>`: there are `sent`, `capacity`"),
        ("jobs.len.x", "`jobs.len` is a `u64`, which has no fields"),
    ] {
        let ended = run(["get", &path, field]).with(3);
        assert!(ended.err.contains(says), "{ended:?}");
    }
}

#[test]
fn a_saved_object_has_the_items_and_nobody_has_taken_any() {
    let (scratch, path) = planted(&planted::filled());
    let [file, copy] = ["saved", "copy"].map(|name| scratch.text(name));
    run(["save", &path, &file]).with(0);
    run(["diff", &path, &file]).with(0);
    drop(scratch.store_at("copy"));
    run(["load", &file, &copy]).with(0);
    let value = run(["get", "--json", &copy, "."]).with(0).json();
    let first: Vec<_> = (103..107).map(|number| json!({ "a": number, "b": number })).collect();
    assert_eq!(value["jobs"], json!({ "len": 4, "capacity": 4, "pushed": 7, "outstanding": 0, "first": first }));
    assert_eq!(value["quotes"], run(["get", "--json", &path, "quotes"]).with(0).json());
}

#[test]
fn schema_and_diff_name_the_parts() {
    let (scratch, path) = planted(&Planted::empty());
    let picture = run(["schema", &path]).with(0).out;
    assert!(picture.contains("jobs") && picture.contains("Queue<Pair, 4>"), "{picture}");
    let json = run(["schema", "--json", &path]).with(0).out;
    let other = scratch.text("other.json");
    std::fs::write(&other, json.replace("\"capacity\":8", "\"capacity\":7").replace(":640", ":576")).unwrap();
    let ended = run(["diff", &path, &other]);
    println!("{ended:?}");
    assert!(ended.out.contains("Broadcast<Pair, 8>") && ended.out.contains("Broadcast<Pair, 7>"), "{ended:?}");
}

#[test]
fn bytes_without_meaning_are_shown_within_limits() {
    let scratch = Scratch::new();
    let words = [0, 1, u64::MAX, 1 << 63, 0x1_0000_0001, u64::MAX << 33];
    for (at, name) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
        let mut planted = Planted::empty();
        for (index, at) in (0..planted::SIZE).step_by(8).zip(at..) {
            planted.word(index, words[at % 6].wrapping_add(at as u64 / 7));
        }
        planted.create_in(&scratch.store_at(name));
        let [path, file] = [name.to_owned(), format!("{name}.saved")].map(|name| scratch.text(&name));
        for args in [
            &["show", &path][..],
            &["show", "--full", "--json", &path],
            &["get", &path, "jobs"],
            &["get", &path, "quotes.sent"],
            &["tail", &path, "quotes", "--from", "oldest", "--count", "0"],
            &["save", &path, &file],
        ] {
            let ended = run(args);
            assert!(ended.code == 0 || ended.code == 1 && args[0] == "save", "{args:?}: {ended:?}");
            assert!(ended.out.len() < 10_000, "{args:?}: {ended:?}");
        }
    }
    // A tail and a cursor at the end of the numbers.
    let mut planted = planted::filled();
    planted.jobs([u64::MAX, 0, 5]).word(QUOTES + 16, u64::MAX).word(JOBS + 144, 7);
    let (_scratch, path) = self::planted(&planted);
    run(["show", &path]).with(0);
}

#[test]
fn show_names_the_processes_that_hold_sides_and_have_taken_items() {
    let scratch = Scratch::new();
    let feeds = scratch.store().create::<Feeds>().unwrap();
    feeds.jobs.push_many(&[7, 8, 9].map(Pair::of)).unwrap();
    let jobs = [feeds.jobs.take().unwrap(), feeds.jobs.take().unwrap()];
    let (path, pid) = (scratch.text("rover"), std::process::id());
    let line = |word: &str| run(["show", &path]).with(0).line(word);
    assert_eq!(line("jobs"), format!("jobs 1 of 4, 3 pushed, 2 taken by pid {pid}"));
    let held = line("pid");
    assert!(held.ends_with("holds jobs (item 0), jobs (item 1)"), "{held}");
    let sides = (feeds.jobs.producer(), feeds.quotes.sender());
    assert_eq!(line("jobs"), format!("jobs 1 of 4, 3 pushed, 2 taken by pid {pid}, producers' side held by pid {pid}"));
    assert_eq!(line("quotes"), format!("quotes [] 0 sent, keeps 8, held by pid {pid}"));
    drop(sides);
    let consumer = feeds.jobs.consumer();
    assert!(line("jobs").ends_with(&format!(", consumers' side held by pid {pid}")));
    drop(consumer);
    jobs.into_iter().for_each(|job| job.done().unwrap());
    assert_eq!(line("jobs"), "jobs 1 of 4, 3 pushed");
}

#[test]
fn a_loaded_object_goes_on_where_the_saved_one_was() {
    let scratch = Scratch::new();
    let feeds = scratch.store().create::<Feeds>().unwrap();
    feeds.jobs.push_many(&[7, 8, 9].map(Pair::of)).unwrap();
    std::mem::forget(feeds.jobs.take().unwrap());
    feeds.quotes.send_many(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(Pair::of));
    let [path, file] = ["rover", "saved"].map(|name| scratch.text(name));
    run(["save", &path, &file]).with(0);
    let store = scratch.store_at("copy");
    run(["load", &file, &scratch.text("copy")]).with(0);
    let copy = store.attach::<Feeds>().unwrap();
    assert_eq!(copy.jobs.items(), [7, 8, 9].map(|number| Ok(Pair::of(number))));
    let job = copy.jobs.take().unwrap();
    assert_eq!((*job, job.deliveries()), (Pair::of(7), 2));
    job.done().unwrap();
    copy.jobs.push_many(&[10, 11].map(Pair::of)).unwrap();
    assert_eq!([copy.jobs.pop().unwrap(), copy.jobs.pop().unwrap()], [8, 9].map(Pair::of));
    assert_eq!(copy.quotes.newest().unwrap(), Some((9, Pair::of(9))));
    let mut oldest = copy.quotes.subscribe_oldest();
    let position = oldest.position();
    assert_eq!((position <= 3, oldest.recv().unwrap()), (true, Pair::of(position)));
    assert_eq!(copy.quotes.send(Pair::of(10)), 10);
}
