use super::*;

fn fields(value: Value) -> Fields {
    let mut fields = Fields::default();
    fields.add(FieldId::default(), "", value, None);
    fields
}

fn list(len: u64) -> Value {
    Value::List { len, first: (0..len).map(Value::Unsigned).collect() }
}

fn structure(fields: Vec<(&str, Value)>) -> Value {
    Value::Struct {
        name: "S".into(),
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

#[test]
fn fields_have_dotted_paths_and_the_version_of_what_they_are_in() {
    let position = structure(vec![("x", Value::F64(1.0)), ("at", list(2))]);
    let position = Value::Versioned { version: 3, locked: false, value: Box::new(position) };
    let fields = fields(structure(vec![("frames", Value::Unsigned(7)), ("position", position)]));
    let kept: Vec<(&str, Option<u64>, String)> =
        fields.kept.iter().map(|field| (field.path.as_str(), field.version, field.value.text())).collect();
    let expected = [
        ("frames", None, "7"),
        ("position.x", Some(3), "1.0"),
        ("position.at", Some(3), "2 elements"),
        ("position.at[0]", Some(3), "0"),
        ("position.at[1]", Some(3), "1"),
    ];
    assert_eq!(kept, expected.map(|(path, version, text)| (path, version, text.to_owned())));
}

#[test]
fn a_timestamp_is_one_field_and_no_counter() {
    let time = Value::Struct { name: "Timestamp".into(), fields: vec![("nanoseconds".into(), Value::Signed(0))] };
    let fields = fields(structure(vec![("taken", time)]));
    assert_eq!((fields.kept.len(), fields.kept[0].path.as_str()), (1, "taken"));
    assert_eq!(fields.kept[0].value.text(), "1970-01-01T00:00:00.000000000Z");
    assert_eq!(fields.kept[0].value.number(), None);
}

#[test]
fn queues_and_broadcasts_have_counts_of_their_items() {
    let (first, last) = (vec![Value::Bool(true); 2], vec![(8, Value::Unsigned(70)), (9, Value::Unsigned(71))]);
    let jobs = Value::Queue { len: 5, capacity: 64, pushed: 20, outstanding: 3, first };
    let quotes = Value::Broadcast { sent: 10, capacity: 64, last };
    let fields = fields(structure(vec![("jobs", jobs), ("quotes", quotes)]));
    let kept: Vec<(&str, String)> = fields.kept.iter().map(|of| (of.path.as_str(), of.value.text())).collect();
    let expected = [
        ("jobs", "5 of 64 items"),
        ("jobs.pushed", "20"),
        ("jobs.delivered", "15"),
        ("jobs.outstanding", "3"),
        ("quotes", "71"),
        ("quotes.sent", "10"),
    ];
    assert_eq!(kept, expected.map(|(path, text)| (path, text.to_owned())));
}

#[test]
fn frames_have_counts_and_the_metadata_of_the_newest_one() {
    let images = |newest, meta| {
        let (capacity, slots, first) = (64, 4, vec![Value::Unsigned(7)]);
        let meta = Box::new(meta);
        structure(vec![("images", Value::Frames { newest, capacity, slots, pins: 2, loans: 1, len: 5, meta, first })])
    };
    let kept = |value| {
        let kept = fields(value).kept;
        kept.into_iter().map(|of| (of.path.clone(), of.value.text(), of.version)).collect::<Vec<_>>()
    };
    let row = |path: &str, text: &str, version| (path.to_owned(), text.to_owned(), version);
    let counts = |newest| {
        vec![
            row("images", "5 of 64 elements", None),
            row("images.newest", newest, None),
            row("images.pins", "2", None),
            row("images.loans", "1", None),
        ]
    };
    let meta = structure(vec![("width", Value::Unsigned(5)), ("height", Value::Unsigned(1))]);
    let of_meta = [("images.meta.width", "5"), ("images.meta.height", "1")];
    let of_meta = of_meta.map(|(path, text)| row(path, text, Some(9))).to_vec();
    assert_eq!(kept(images(9, meta)), [counts("9"), of_meta].concat());
    assert_eq!(kept(images(0, Value::Nothing)), counts("0"));
}

#[test]
fn maps_have_counts_and_a_field_for_each_part_of_a_value() {
    let value = |bid: f64| Value::Versioned {
        version: 3,
        locked: false,
        value: Box::new(structure(vec![("bid", Value::F64(bid)), ("ask", Value::F64(2.0))])),
    };
    let map = |first| structure(vec![("quotes", Value::Map { len: 2, capacity: 8, changes: 5, first })]);
    let key = |key: &str| Value::Text(key.into());
    let both = fields(map(vec![(key("a"), value(1.0)), (key("b.\u{1b}"), value(1.5))]));
    let kept: Vec<(&str, String)> = both.kept.iter().map(|of| (of.path.as_str(), of.value.text())).collect();
    let expected = [
        ("quotes", "2 of 8 keys"),
        ("quotes.changes", "5"),
        (r#"quotes["a"].bid"#, "1.0"),
        (r#"quotes["a"].ask"#, "2.0"),
        (r#"quotes["b.\u001b"].bid"#, "1.5"),
        (r#"quotes["b.\u001b"].ask"#, "2.0"),
    ];
    assert_eq!(kept, expected.map(|(path, text)| (path, text.to_owned())));
    assert_eq!((both.kept[2].version, both.kept[2].is_first, both.kept[3].is_first), (Some(3), true, false));
    assert_eq!((both.keys.len(), both.whole_maps.len()), (2, 1));
    let one = fields(map(vec![(key("b.\u{1b}"), value(1.5))]));
    assert_eq!(one.kept[2].id, both.kept[4].id, "a key keeps its identity while others are removed");
    assert!(one.whole_maps.is_empty());
    let unknown = |changes| {
        let first = vec![(Value::Invalid("not copied".into()), value(1.0)); 2];
        fields(structure(vec![("quotes", Value::Map { len: 2, capacity: 8, changes, first })]))
    };
    let ids = |fields: Fields| fields.kept.into_iter().skip(2).map(|field| field.id).collect::<HashSet<_>>();
    assert_eq!((ids(unknown(5)).len(), ids(unknown(5)) == ids(unknown(5))), (4, true));
    assert!(ids(unknown(5)).is_disjoint(&ids(unknown(6))));
}

#[test]
fn fields_beyond_the_limit_are_counted_and_left_out() {
    let fields = fields(list(10_000));
    assert_eq!((fields.kept.len(), fields.left_out), (MOST_FIELDS, 10_001 - MOST_FIELDS));
}

#[test]
fn names_are_made_fit_for_a_terminal_and_cut() {
    let long = "n".repeat(10_000);
    let fields = fields(structure(vec![("\u{1b}[2J", Value::Nothing), (&long, Value::Nothing)]));
    assert_eq!(fields.kept[0].path, "\\u{1b}[2J");
    assert_eq!(fields.kept[1].path.chars().count(), LONGEST_PATH);
}

#[test]
fn a_nan_equals_itself() {
    let nan = Leaf::Value(Value::F64(f64::NAN));
    assert!(nan.is_same(&nan.clone()) && !nan.is_same(&Leaf::Value(Value::F64(0.0))));
}
