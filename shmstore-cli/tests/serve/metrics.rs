//! The metrics, read by a parser that accepts only what the formats allow.

use std::collections::{BTreeMap, BTreeSet};

use shmstore::inspect::FieldPath;
use shmstore::schema::{OwnedKind, Primitive};

use crate::client::Request;
use crate::objects::{rover, rover_at, shmid};
use crate::planted::{create_odd_in, part, structure};
use crate::scratch::{Scratch, in_kernel};
use crate::server::{Server, serve};

/// A sample: its name, its labels, and its value as text.
type Sample = (String, BTreeMap<String, String>, String);

/// Reads a text in either format. Each family has to be in one piece, and no series may come twice.
fn parse(text: &str, is_open: bool) -> Vec<Sample> {
    let (mut samples, mut seen, mut families) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let (mut family, mut kind) = (String::new(), String::new());
    let mut lines = text.strip_suffix('\n').expect("a line end").split('\n').peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" {
            assert!(is_open && lines.peek().is_none(), "only OpenMetrics has an end, and it is the last line");
            return samples;
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect("a name").to_owned();
            assert!(families.insert(family.clone()), "{family} comes twice");
            continue;
        }
        if let Some(type_of) = line.strip_prefix("# TYPE ") {
            let (name, named) = type_of.split_once(' ').expect("a type");
            assert_eq!(name, family);
            kind = named.to_owned();
            continue;
        }
        let sample = sample(line);
        let suffix = match (is_open, &*kind) {
            (true, "counter") => "_total",
            (true, "info") => "_info",
            _ => "",
        };
        assert_eq!(sample.0, format!("{family}{suffix}"), "{line}");
        assert!(seen.insert((sample.0.clone(), sample.1.clone())), "twice: {line}");
        samples.push(sample);
    }
    assert!(!is_open, "no end");
    samples
}

fn sample(line: &str) -> Sample {
    let name_end = line.find(['{', ' ']).expect("a value");
    let (name, mut rest) = line.split_at(name_end);
    assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").expect("a label");
            assert!(label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'), "{line}");
            let (value, after) = unescaped(after);
            assert!(labels.insert(label.to_owned(), value).is_none(), "{label} comes twice: {line}");
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after.strip_prefix('}').expect("the end of the labels");
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ').expect("a blank");
    let is_number = value.parse::<f64>().is_ok() || ["NaN", "+Inf", "-Inf"].contains(&value);
    assert!(is_number && !value.contains("inf"), "{line}");
    (name.to_owned(), labels, value.to_owned())
}

/// Reads a value up to its quote. Returns what follows the quote.
fn unescaped(text: &str) -> (String, &str) {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    loop {
        match letters.next().expect("a quote") {
            (at, '"') => return (value, &text[at + 1..]),
            (_, '\\') => value.push(match letters.next().expect("an escape").1 {
                'n' => '\n',
                letter @ ('\\' | '"') => letter,
                other => panic!("no escape: {other}"),
            }),
            (_, other) => value.push(other),
        }
    }
}

fn scraped(server: &Server, is_open: bool) -> Vec<Sample> {
    let accept = if is_open { "application/openmetrics-text; version=1.0.0" } else { "text/plain" };
    let answer = server.request(Request::get("/metrics").header("Accept", accept)).with(200);
    let content_type = answer.header("content-type").expect("a type").to_owned();
    let expected = if is_open { "application/openmetrics-text; version=1.0.0" } else { "text/plain; version=0.0.4" };
    assert!(content_type.starts_with(expected), "{content_type}");
    parse(&answer.text(), is_open)
}

/// The value of a series, by some of its labels.
fn value<'a>(samples: &'a [Sample], name: &str, labels: &[(&str, &str)]) -> Option<&'a str> {
    let has = |of: &BTreeMap<String, String>| {
        labels.iter().all(|(name, value)| of.get(*name).is_some_and(|own| own == value))
    };
    let mut found = samples.iter().filter(|(own, of, _)| own == name && has(of));
    let first = found.next().map(|(.., value)| &**value);
    assert!(found.next().is_none(), "{name} {labels:?}: more than one");
    first
}

#[test]
fn both_formats_have_the_values_of_each_kind_of_part() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &["--text", "name"]);
    for is_open in [true, false] {
        let samples = scraped(&server, is_open);
        let of = |name: &str, labels: &[(&str, &str)]| value(&samples, name, labels).map(str::to_owned);
        let path = scratch.text("rover");
        for (name, labels, expected) in [
            (
                "shmstore_value",
                &[("field", "frames"), ("path", &*path), ("object", "Rover")][..],
                "18446744073709551615",
            ),
            ("shmstore_value", &[("field", "position.x")], "1.5"),
            ("shmstore_value", &[("field", "position.y")], "-Inf"),
            ("shmstore_value", &[("field", "samples[1]")], "7"),
            ("shmstore_value", &[("field", "limits[\"speed\"]")], "2.5"),
            ("shmstore_state", &[("field", "mode"), ("shmstore_state", "Driving")], "1"),
            ("shmstore_state", &[("field", "mode"), ("shmstore_state", "Idle")], "0"),
            ("shmstore_text_info", &[("field", "name"), ("value", "a \"b\" \\ c\nd")], "1"),
            ("shmstore_versions_total", &[("part", "position")], "1"),
            ("shmstore_notifications_total", &[("part", "news")], "1"),
            ("shmstore_items_total", &[("part", "jobs")], "1"),
            ("shmstore_items_total", &[("part", "ticks")], "1"),
            ("shmstore_items_total", &[("part", "images")], "0"),
            ("shmstore_part_length", &[("part", "jobs")], "1"),
            ("shmstore_part_capacity", &[("part", "jobs")], "8"),
            ("shmstore_map_entries", &[("part", "limits")], "1"),
            ("shmstore_lock_held", &[("part", "audit")], "0"),
            ("shmstore_lock_inconsistent", &[("part", "audit")], "0"),
            ("shmstore_object_info", &[("id", "R")], "1"),
            ("shmstore_object_attached", &[], "1"),
            ("shmstore_object_processes", &[("state", "alive")], "1"),
            ("shmstore_object_processes", &[("state", "dead")], "0"),
            ("shmstore_objects", &[("state", "ready")], "1"),
            ("shmstore_invalid_values", &[], "0"),
            ("shmstore_series_omitted", &[], "0"),
        ] {
            assert_eq!(of(name, labels).as_deref(), Some(expected), "{name} {labels:?}");
        }
        assert_eq!(of("shmstore_value", &[("field", "samples[8]")]), None, "eight elements");
        assert!(of("shmstore_segments", &[]) > Some("0".into()));
        let number = shmid(&rover).to_string();
        assert!(of("shmstore_object_info", &[("segment", &number)]).is_some());
    }
}

/// A name of characters that mean something in the formats, in paths and in JSON.
fn hostile_name(random: &mut u64) -> String {
    const LETTERS: [&str; 16] =
        ["\"", "\\", "\n", "{", "}", ",", "=", " ", ".", "[0]", "#", "é", "\u{1b}", "\u{202e}", "</script>", "a"];
    let mut next = |most: u64| {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*random >> 33) % most
    };
    (0..1 + next(6)).map(|_| LETTERS[next(16) as usize]).collect()
}

#[test]
fn hostile_names_are_labels_that_a_parser_reads_back() {
    let (scratch, mut random) = (Scratch::new(), 7);
    let mut expected = BTreeSet::new();
    for number in 0..24 {
        let (type_name, mut names) = (hostile_name(&mut random), BTreeSet::new());
        while names.len() < 3 {
            names.insert(hostile_name(&mut random));
        }
        let byte = || part(1, 1, OwnedKind::Atomic(Primitive::U8));
        let fields = names.iter().zip(0..).map(|(name, at)| (&**name, at, byte())).collect();
        let directory = format!("o{number}");
        create_odd_in(&scratch.store_at(&directory), 'H', &structure(&type_name, 3, 1, fields), &[1, 2, 3]);
        let path = scratch.text(&directory);
        for (name, at) in names.iter().zip(1..) {
            // The path is the one that `get` takes.
            let field = FieldPath::default().field(name).to_string();
            expected.insert((path.clone(), field, at.to_string()));
        }
    }
    let server = serve(scratch.path(), &[]);
    for is_open in [true, false] {
        let samples = scraped(&server, is_open);
        let values = samples.iter().filter(|(name, ..)| name == "shmstore_value");
        let found = values.map(|(_, labels, value)| (labels["path"].clone(), labels["field"].clone(), value.clone()));
        assert_eq!(found.collect::<BTreeSet<_>>(), expected);
        assert_eq!(value(&samples, "shmstore_objects", &[("state", "ready")]), Some("24"));
    }
}

#[test]
fn elements_and_series_have_limits() {
    let scratch = Scratch::new();
    let _rover = rover(&scratch);
    let server = serve(scratch.path(), &["--elements", "20", "--max-series", "30"]);
    let samples = scraped(&server, true);
    let omitted: u64 = value(&samples, "shmstore_series_omitted", &[]).unwrap().parse().unwrap();
    let of_objects = samples.iter().filter(|(_, labels, _)| labels.contains_key("path")).count();
    assert_eq!(of_objects, 30);
    assert!(omitted > 10, "{omitted}");
    let all = serve(scratch.path(), &["--elements", "20"]);
    assert!(value(&scraped(&all, true), "shmstore_value", &[("field", "samples[19]")]).is_some());
}

#[test]
fn scrape_makes_no_page_of_an_object() {
    let scratch = Scratch::new();
    let rovers: Vec<_> = (0..3).map(|number| rover_at(&scratch, &format!("r{number}"))).collect();
    let resident = || rovers.iter().map(|rover| in_kernel(shmid(rover)).expect("it is there").1).sum::<i64>();
    let server = serve(scratch.path(), &[]);
    let before = resident();
    for _ in 0..5 {
        scraped(&server, true);
        crate::events::listen(&server, Some(shmid(&rovers[0]))).next();
    }
    assert_eq!(resident(), before);
}
