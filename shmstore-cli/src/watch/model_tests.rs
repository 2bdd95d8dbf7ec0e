use super::*;
use shmstore::inspect::Value;

const SEGMENT: i32 = 7;

struct Samples {
    start: Instant,
    model: Model,
}

impl Samples {
    fn new() -> Self {
        Self { start: Instant::now(), model: Model::new(4.0) }
    }

    fn of(&mut self, shmid: i32, millis: u64, values: &[(&str, Value)]) {
        let mut fields = Fields::default();
        for (id, (path, value)) in (0..).zip(values) {
            fields.add(vec![id], path, value.clone(), None);
        }
        let object = Some(Head { shmid, ..Head::default() });
        let at = self.start + Duration::from_millis(millis);
        self.model.take(Sample { at, wall: SystemTime::now(), object, note: None, fields });
    }

    fn at(&mut self, millis: u64, values: &[(&str, Value)]) {
        self.of(SEGMENT, millis, values);
    }

    fn changed(&self) -> Vec<&str> {
        self.model.rows.iter().filter(|row| self.model.is_changed(row)).map(|row| row.path.as_str()).collect()
    }

    fn row(&self, path: &str) -> &Row {
        self.model.rows.iter().find(|row| row.path == path).expect("a row")
    }
}

fn versioned(version: u64, value: Value) -> Value {
    Value::Versioned { version, locked: false, value: Box::new(value) }
}

#[test]
fn a_field_that_changed_is_highlighted_for_a_moment() {
    let mut samples = Samples::new();
    samples.at(0, &[("a", Value::Unsigned(1)), ("b", Value::Unsigned(1))]);
    assert!(samples.changed().is_empty(), "the first sample is not a change");
    samples.at(250, &[("a", Value::Unsigned(2)), ("b", Value::Unsigned(1))]);
    assert_eq!(samples.changed(), ["a"]);
    samples.at(500, &[("a", Value::Unsigned(2)), ("b", Value::Unsigned(1))]);
    assert_eq!(samples.changed(), ["a"], "long enough to be seen");
    samples.at(1000, &[("a", Value::Unsigned(2)), ("b", Value::Unsigned(1))]);
    assert!(samples.changed().is_empty());
}

#[test]
fn a_rate_is_the_change_in_a_second_over_the_last_two_seconds() {
    let mut samples = Samples::new();
    samples.at(0, &[("n", Value::Unsigned(1000)), ("x", Value::F64(0.0))]);
    assert_eq!(samples.row("n").rate, None, "one sample has no rate");
    samples.at(500, &[("n", Value::Unsigned(1050)), ("x", Value::F64(-1.0))]);
    assert_eq!((samples.row("n").rate, samples.row("x").rate), (Some(100.0), Some(-2.0)));
    for step in 2..20 {
        samples.at(step * 500, &[("n", Value::Unsigned(1050)), ("x", Value::F64(f64::NAN))]);
    }
    assert_eq!((samples.row("n").rate, samples.row("x").rate), (Some(0.0), None));
    assert!(samples.row("n").measured.len() <= 6, "old numbers are forgotten");
}

#[test]
fn a_field_without_a_number_has_the_rate_of_its_stores() {
    let mut samples = Samples::new();
    samples.at(0, &[("name", versioned(5, Value::Text("a".into())))]);
    samples.at(1000, &[("name", versioned(9, Value::Text("a".into())))]);
    assert_eq!((samples.row("name").rate, samples.row("name").version), (Some(4.0), Some(9)));
    assert!(samples.changed().is_empty(), "the same was stored again");
}

#[test]
fn updates_count_versions_counters_and_events_but_not_clocks() {
    let mut samples = Samples::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let pair = |one, other| {
        let fields = vec![("x".to_owned(), Value::Unsigned(one)), ("y".to_owned(), Value::Unsigned(other))];
        Value::Struct { name: "P".into(), fields }
    };
    let event = |count| Value::Event { count };
    let values = |version, counter, count, clock| {
        [
            ("p", versioned(version, pair(version * 1000, 9))),
            ("c", Value::Unsigned(counter)),
            ("e", event(count)),
            ("t", Value::Unsigned(clock)),
            ("x", Value::F64(counter as f64)),
        ]
    };
    samples.at(0, &values(1, 10, 0, now));
    samples.at(1000, &values(3, 15, 1, now + 1000));
    assert_eq!(samples.model.updates, Some(2.0 + 5.0 + 1.0));
    samples.at(2000, &values(3, 0, 1, now + 2000));
    assert_eq!(samples.model.updates, Some(8.0 / 2.0), "a counter that was reset does not count");
}

#[test]
fn the_history_of_a_number_is_kept_and_bounded() {
    let mut samples = Samples::new();
    for step in 0..1000 {
        samples.at(step * 10, &[("n", Value::Unsigned(step)), ("t", Value::Text("a".into()))]);
    }
    let row = samples.row("n");
    assert_eq!((row.history.len(), row.history.back()), (HISTORY, Some(&999.0)));
    assert!(samples.row("t").history.is_empty());
}

#[test]
fn fields_keep_their_history_when_fields_before_them_come_and_go() {
    let mut samples = Samples::new();
    let list = |len| ("a", Value::List { len, first: (0..len).map(Value::Unsigned).collect() });
    for len in 0..3 {
        samples.at(len * 250, &[list(len), ("z", Value::Unsigned(len))]);
        assert_eq!(samples.row("z").history.len() as u64, len + 1);
    }
    samples.at(750, &[list(0), ("z", Value::Unsigned(3))]);
    assert_eq!((samples.row("z").history.len(), samples.model.rows.len()), (4, 2));
}

#[test]
fn fields_with_the_same_path_are_not_mixed_up() {
    let mut samples = Samples::new();
    for step in 0..5 {
        samples.at(step * 1000, &[("a.b", Value::Unsigned(step)), ("a.b", Value::Unsigned(1000))]);
    }
    assert_eq!(samples.changed().len(), 1);
    assert_eq!(samples.model.rows[1].history, [1000.0; 5]);
    assert_eq!(samples.model.updates, Some(1.0));
}

#[test]
fn another_object_starts_without_a_history() {
    let mut samples = Samples::new();
    samples.at(0, &[("n", Value::Unsigned(1))]);
    samples.at(500, &[("n", Value::Unsigned(500))]);
    samples.of(SEGMENT + 1, 1000, &[("n", Value::Unsigned(1))]);
    assert_eq!((samples.row("n").history.len(), samples.row("n").rate, samples.model.updates), (1, None, None));
    assert!(samples.changed().is_empty());
}

#[test]
fn the_last_values_stay_when_the_object_is_removed() {
    let mut samples = Samples::new();
    samples.at(0, &[("n", Value::Unsigned(1))]);
    let (at, wall) = (samples.start, SystemTime::now());
    let note = Some("waiting".to_owned());
    samples.model.take(Sample { at, wall, object: None, note, fields: Fields::default() });
    assert_eq!((samples.row("n").text.as_str(), samples.model.note.as_deref()), ("1", Some("waiting")));
    assert_eq!(samples.model.head.as_ref().unwrap().state, "removed");
}

#[test]
fn samples_in_a_pause_are_ignored() {
    let mut samples = Samples::new();
    samples.at(0, &[("n", Value::Unsigned(1))]);
    samples.model.list.paused = true;
    samples.at(250, &[("n", Value::Unsigned(2))]);
    assert_eq!(samples.row("n").text, "1");
}

#[test]
fn the_filter_matches_paths_that_contain_it() {
    let mut samples = Samples::new();
    samples.at(0, &[("position.x", Value::Unsigned(1)), ("frames", Value::Unsigned(2))]);
    samples.model.list.filter = "POS".into();
    assert_eq!(samples.model.matching().map(|row| row.path.as_str()).collect::<Vec<_>>(), ["position.x"]);
}

#[test]
fn a_long_text_is_cut() {
    let mut samples = Samples::new();
    samples.at(0, &[("t", Value::Text("é".repeat(100_000)))]);
    assert_eq!(samples.row("t").text.chars().count(), LONGEST_TEXT);
}

#[test]
fn the_largest_counters_are_added_without_overflow() {
    let mut samples = Samples::new();
    let values = |number, version| {
        let pair = [("a", Value::Unsigned(number)), ("b", Value::Unsigned(number)), ("c", Value::Signed(i64::MIN))];
        let others = [("v", versioned(version, Value::Bool(true))), ("e", Value::Event { count: number })];
        pair.into_iter().chain(others).collect::<Vec<_>>()
    };
    samples.at(0, &values(0, 0));
    samples.at(1000, &values(u64::MAX, u64::MAX));
    assert_eq!(samples.model.updates, Some(4.0 * u64::MAX as f64));
}

#[test]
fn rates_of_queues_broadcasts_and_frames_are_items_in_a_second() {
    let mut samples = Samples::new();
    let jobs = |pushed, len| Value::Queue { len, capacity: 64, pushed, outstanding: 1, first: vec![] };
    let quotes = |sent| Value::Broadcast { sent, capacity: 64, last: vec![(sent - 1, Value::Unsigned(7 * sent))] };
    let images = |newest, pins| {
        let (meta, first) = (Box::new(Value::Unsigned(7 * newest)), vec![Value::Unsigned(newest)]);
        Value::Frames { newest, capacity: 64, slots: 4, pins, loans: 0, len: 1, meta, first }
    };
    samples.at(0, &[("jobs", jobs(10, 4)), ("quotes", quotes(100)), ("images", images(5, 1))]);
    samples.at(500, &[("jobs", jobs(30, 4)), ("quotes", quotes(160)), ("images", images(20, 9))]);
    samples.at(1000, &[("jobs", jobs(50, 14)), ("quotes", quotes(200)), ("images", images(35, 2))]);
    let rates = ["jobs.pushed", "jobs.delivered", "quotes.sent", "images.newest"].map(|path| samples.row(path).rate);
    assert_eq!(rates, [Some(40.0), Some(30.0), Some(100.0), Some(30.0)]);
    assert_eq!(samples.row("images.meta").version, Some(35));
    assert_eq!(samples.model.updates, Some(200.0), "the value of an item is no count");
}
