//! Maps in the output of each command.

use serde_json::{Value as Json, json};
use shmstore::{Map, ShmObject};

use super::planted_map::{self, Book, LIVE, PlantedMap, Quote, create_book, text_bytes};
use super::support::*;

/// The path of a book with these maps.
fn planted(maps: &[PlantedMap]) -> (Scratch, String) {
    let scratch = Scratch::new();
    create_book(maps, &scratch.store());
    let path = scratch.text("rover");
    (scratch, path)
}

/// The lines of the fields, with one blank between columns.
fn fields(shown: &Ended) -> Vec<String> {
    let (_, fields) = shown.out.split_once("fields\n").expect("fields");
    fields.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn show_has_the_counts_and_the_keys() {
    let (_scratch, path) = planted(&planted_map::filled());
    let expected = [
        "quotes 3 of 8, 4 changes",
        r#"["EURUSD"] { bid: 1.08, ask: 1.09 } version 3"#,
        r#"["USDJPY"] { bid: 150.5, ask: 150.75 } version 4"#,
        r#"["é \"quoted\""] { bid: 1.0, ask: 2.0 } version 9"#,
        "sessions 2 of 4, 2 changes",
        "[17] 1001 version 1",
        "[18446744073709551615] 1002 version 1",
        "positions 2 of 4, 2 changes",
        r#"[{"account":7,"symbol":"EURUSD"}] 700 version 1"#,
        r#"[{"account":8,"symbol":"EURUSD"}] 800 version 2"#,
        "moves 1 of 4, 1 change",
        "[-3] 33 version 1",
        "flags 1 of 2, 1 change",
        "[true] 11 version 1",
        "letters 1 of 2, 1 change",
        r#"["ß"] 22 version 1"#,
        "books 1 of 2, 1 change",
        r#"["Ask"] 500 version 1"#,
        "cells 1 of 4, 1 change",
        "[[3,4]] 34 version 1",
        "seen 1 of 4, 1 change",
        "[9] () version 1",
    ];
    assert_eq!(fields(&run(["show", &path]).with(0)), expected);
}

#[test]
fn show_of_an_empty_map_is_short_and_of_a_large_one_shortened() {
    let mut maps = planted_map::filled();
    let (_, schema) = &planted_map::maps()[1];
    maps[1] = PlantedMap::empty(schema);
    let (_scratch, path) = planted(&maps);
    assert!(fields(&run(["show", &path]).with(0)).contains(&"sessions {} 0 of 4, 0 changes".to_owned()));
    let scratch = Scratch::new();
    let book = scratch.store().create::<Crowd>().unwrap();
    for key in 0..20 {
        book.numbers.insert_from(&key, &(key * key)).unwrap();
    }
    let path = scratch.text("rover");
    let shown = fields(&run(["show", &path]).with(0));
    assert_eq!((&*shown[0], &*shown[9], shown.len()), ("numbers 20 of 32, 20 changes", "… 12 more", 10));
    let full = fields(&run(["show", "--full", &path]).with(0));
    assert_eq!((&*full[20], full.len()), ("[19] 361 version 1", 21));
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
struct Crowd {
    numbers: Map<u64, u64, 32>,
}

fn entry(key: Json, version: u64, value: Json) -> Json {
    json!({ "key": key, "version": version, "locked": false, "value": value })
}

fn map(capacity: u64, changes: u64, first: &[Json]) -> Json {
    json!({ "len": first.len(), "capacity": capacity, "changes": changes, "first": first })
}

#[test]
fn json_has_the_counts_and_the_keys() {
    let (_scratch, path) = planted(&planted_map::filled());
    let value = run(["show", "--json", &path]).with(0).json()["value"].clone();
    let quotes = [
        entry("EURUSD".into(), 3, json!({ "bid": 1.08, "ask": 1.09 })),
        entry("USDJPY".into(), 4, json!({ "bid": 150.5, "ask": 150.75 })),
        entry("é \"quoted\"".into(), 9, json!({ "bid": 1.0, "ask": 2.0 })),
    ];
    assert_eq!(value["quotes"], map(8, 4, &quotes));
    let place = |account: u32| json!({ "account": account, "symbol": "EURUSD" });
    assert_eq!(value["positions"], map(4, 2, &[entry(place(7), 1, 700.into()), entry(place(8), 2, 800.into())]));
    assert_eq!(value["cells"], map(4, 1, &[entry(json!([3, 4]), 1, 34.into())]));
    assert_eq!(run(["get", "--json", &path, "quotes"]).with(0).json(), value["quotes"]);
    let got = run(["get", "--json", &path, r#"quotes["EURUSD"]"#]).with(0).json();
    assert_eq!(got, json!({ "version": 3, "locked": false, "value": { "bid": 1.08, "ask": 1.09 } }));
}

#[test]
fn get_has_values_of_keys_and_counts() {
    let (_scratch, path) = planted(&planted_map::filled());
    for (field, value) in [
        (r#"quotes["EURUSD"]"#, "{ bid: 1.08, ask: 1.09 }"),
        (r#"quotes["EURUSD"].bid"#, "1.08"),
        (r#"quotes["é \"quoted\""].ask"#, "2.0"),
        ("sessions[17]", "1001"),
        ("sessions[18446744073709551615]", "1002"),
        (r#"positions[{"account":8,"symbol":"EURUSD"}]"#, "800"),
        (r#"positions[{ "symbol": "EURUSD", "account": 7 }]"#, "700"),
        ("moves[-3]", "33"),
        ("flags[true]", "11"),
        (r#"letters["ß"]"#, "22"),
        (r#"books["Ask"]"#, "500"),
        ("cells[[3,4]]", "34"),
        ("quotes.len", "3"),
        ("quotes.capacity", "8"),
        ("quotes.changes", "4"),
        ("moves", "{-3: 33}"),
        ("books", r#"{"Ask": 500}"#),
        ("positions", r#"{{"account":7,"symbol":"EURUSD"}: 700, {"account":8,"symbol":"EURUSD"}: 800}"#),
    ] {
        assert_eq!(run(["get", &path, field]).with(0).out, format!("{value}\n"), "{field}");
    }
    let place = r#"positions[{account:7,symbol:EURUSD}]"#;
    for (field, says) in [
        (r#"quotes["GBPUSD"]"#, r#"`quotes` has no key "GBPUSD": there are "EURUSD", "#),
        (r#"quotes["gone"].bid"#, r#"`quotes` has no key "gone""#),
        (r#"quotes["thirteen byte"]"#, "a text in quotes of at most 12 bytes"),
        ("quotes[EURUSD].bid", r#"unless the path is in single quotes: 'quotes["EURUSD"].bid'"#),
        ("quotes[it's]", r#"unless the path is in single quotes: 'quotes["it'\''s"]'"#),
        ("quotes[17]", r#"unless the path is in single quotes: 'quotes["17"]'"#),
        ("books[Bid]", r#"unless the path is in single quotes: 'books["Bid"]'"#),
        (place, "unless the path is in single quotes\n"),
        (r#"quotes[{"a":1}]"#, "expected a text in quotes of at most 12 bytes (`FixedString<12>`)\n"),
        ("quotes[[1,2]]", "unless the path is in single quotes\n"),
        (r#"positions[{"account":7,"symbol":5}]"#, "expected a text in quotes of at most 8 bytes (`FixedString<8>`)\n"),
        ("moves[128]", "a number from -128 to 127"),
        ("quotes.size", "no field `size` in `quotes`"),
    ] {
        let ended = run(["get", &path, field]).with(3);
        assert!(ended.err.contains(says), "{field}: {ended:?}");
    }
}

#[test]
fn path_that_the_shell_has_changed_is_answered_with_what_to_write() {
    let (_scratch, path) = planted(&planted_map::filled());
    let [half, rest] = ["positions[account:7]", "positions[symbol:EURUSD]"];
    let split = format!("at its braces, into `{half}` and `{rest}`: put the path in single quotes\n");
    let option = |field: &str| format!(". A field has an option: `shmstore watch {path} --field '{field}'`\n");
    for (args, says) in [
        (&["get", &path, half, rest][..], split.clone()),
        (&["tail", &path, half, rest], split.clone()),
        (&["watch", &path, "--field", half, rest], split),
        (&["watch", &path, "--field", "quotes[EURUSD]"], r#"in single quotes: 'quotes["EURUSD"]'"#.into()),
        (&["watch", &path, "quotes[EURUSD].bid"], option(r#"quotes["EURUSD"].bid"#)),
        (&["watch", &path, r#"quotes["gone"].bid"#], option(r#"quotes["gone"].bid"#)),
        (&["watch", &path, "moves.len"], option("moves.len")),
        (&["watch", &path, "Shelf"], format!("{path} has no object of type `Shelf`, but Book 'M'\n")),
    ] {
        let ended = run(args).with(3);
        assert!(ended.err.contains(&says), "{args:?}: {ended:?}");
    }
}

#[test]
fn a_saved_object_has_the_keys_and_goes_on_in_rust() {
    let (scratch, path) = planted(&planted_map::filled());
    let [file, copy] = ["saved", "copy"].map(|name| scratch.text(name));
    run(["save", &path, &file]).with(0);
    run(["diff", &path, &file]).with(0);
    let store = scratch.store_at("copy");
    run(["load", &file, &copy]).with(0);
    let fields_of = |path: &str| run(["get", "--json", path, "."]).with(0).json();
    let (mut before, mut after) = (fields_of(&path), fields_of(&copy));
    for book in [&mut before, &mut after] {
        for map in book.as_object_mut().unwrap().values_mut() {
            map["first"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
            map["changes"] = 0.into();
        }
    }
    assert_eq!(before, after);
    let book = store.attach::<Book>().unwrap();
    let symbol = |name: &str| name.try_into().unwrap();
    assert_eq!(book.quotes.get(&symbol("EURUSD")), Ok(Some(Quote { bid: 1.08, ask: 1.09 })));
    assert_eq!(book.quotes.get(&symbol("gone")), Ok(None));
    assert!(book.quotes.insert_from(&symbol("new"), &Quote { bid: 0.0, ask: 0.0 }).unwrap());
    assert_eq!(book.sessions.remove(&17), Ok(Some(1001)));
    assert_eq!(fields_of(&copy)["sessions"]["len"], 1);
}

#[test]
fn ls_says_how_full_the_maps_are() {
    let (scratch, path) = planted(&planted_map::filled());
    let crowd = scratch.store_at("crowd").create::<Crowd>().unwrap();
    assert!((0..32).all(|key| crowd.numbers.insert_from(&key, &0).unwrap()));
    let _plain = scratch.store_at("plain").create::<Counter>().unwrap();
    let listed = run(["ls", scratch.path().to_str().unwrap()]).with(0);
    assert_eq!(listed.line("PATH"), "PATH NAME TYPE ID SIZE KEYS OWNER MODE ATTACHED AGE STATE");
    assert!(listed.line(&path).contains(" sessions 2/4 +8 "), "{listed:?}");
    assert!(listed.line(&scratch.text("crowd")).contains(" numbers 32/32 "), "{listed:?}");
    assert!(listed.line(&scratch.text("plain")).split(' ').nth(5) == Some("-"), "{listed:?}");
    let json = run(["ls", "--json", &path]).with(0).json();
    assert_eq!(json[0]["maps"][0], json!({ "field": "quotes", "len": 3, "capacity": 8 }));
    assert_eq!(json[0]["maps"].as_array().unwrap().len(), 9);
    let one = run(["ls", &scratch.text("plain")]).with(0);
    assert!(!one.line("PATH").contains("KEYS"), "{one:?}");
}

#[test]
fn schema_and_diff_name_the_maps() {
    let (scratch, path) = planted(&planted_map::filled());
    let picture = run(["schema", &path]).with(0).out;
    for part in ["Map<FixedString<12>, Quote, 8>", "(heads)", "(seed)", "8 entries of 128 bytes", "(key)", "(slot 1)"] {
        assert!(picture.contains(part), "{part}: {picture}");
    }
    let json = run(["schema", "--json", &path]).with(0).out;
    let other = scratch.text("other.json");
    std::fs::write(&other, json.replace("\"name\":\"ask\"", "\"name\":\"asked\"")).unwrap();
    let ended = run(["diff", &path, &other]);
    assert!(ended.out.contains("quotes") && ended.out.contains("asked"), "{ended:?}");
    for language in ["--c", "--python"] {
        assert!(run(["schema", language, &path]).with(0).out.contains("quotes"));
    }
}

#[test]
fn show_names_the_processes_that_hold_a_value_of_a_map() {
    let scratch = Scratch::new();
    let book = scratch.store().create::<Book>().unwrap();
    let key = "EURUSD".try_into().unwrap();
    book.quotes.insert_from(&key, &Quote { bid: 1.0, ask: 2.0 }).unwrap();
    let (path, pid) = (scratch.text("rover"), std::process::id());
    let entry = book.quotes.entry(&key).unwrap();
    let writer = entry.writer().unwrap();
    let shown = run(["show", &path]).with(0);
    let line = format!(r#"["EURUSD"] {{ bid: 1.0, ask: 2.0 }} version 1, locked by pid {pid}"#);
    assert!(fields(&shown).contains(&line), "{shown:?}");
    assert!(shown.line("pid").ends_with(r#"holds quotes["EURUSD"]"#), "{shown:?}");
    drop(writer);
}

#[test]
fn bytes_of_a_map_without_meaning_are_shown_within_limits() {
    let scratch = Scratch::new();
    for (seed, name) in (1_u64..).zip(["a", "b", "c", "d", "e", "f"]) {
        create_book(&planted_map::scribbled(seed), &scratch.store_at(name));
        let [path, file] = [name.to_owned(), format!("{name}.saved")].map(|name| scratch.text(&name));
        for args in [
            &["show", &path][..],
            &["show", "--full", "--json", &path],
            &["ls", &path],
            &["get", &path, "quotes"],
            &["get", &path, r#"quotes["EURUSD"].bid"#],
            &["get", &path, "quotes.len"],
            &["save", &path, &file],
        ] {
            let ended = run(args);
            let is_refused = ended.code == 1 && args[0] == "save" || [1, 3].contains(&ended.code) && args[0] == "get";
            assert!(ended.code == 0 || is_refused, "{args:?}: {ended:?}");
            assert!(ended.out.len() < 20_000, "{args:?}: {ended:?}");
            let is_shown = |letter: char| letter == '\n' || !letter.is_control();
            assert!(ended.out.chars().chain(ended.err.chars()).all(is_shown), "{args:?}: {ended:?}");
        }
    }
    // A key and a value that are no text and no variant.
    let mut maps = planted_map::filled();
    let mut bad = text_bytes("EURUSD", 12);
    bad[4] = 0xff;
    maps[0].add(&bad, &[0; 16], LIVE, 1);
    maps[6].add(&[7], &[0; 2], LIVE, 1);
    let (_scratch, path) = planted(&maps);
    let shown = run(["show", &path]).with(0).out;
    assert_eq!(shown.matches("[<").count(), 2, "{shown}");
}
