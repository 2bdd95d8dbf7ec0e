//! Maps of a program that is built with their types, as a program sees them that is not.

use std::collections::BTreeMap;

use proptest::prelude::*;
use shmstore::inspect::{FieldError, FieldPath, Limits, SavedObject, Value};
use shmstore::{FixedString, Map, Shared, ShmKey, ShmObject, ShmValue, Timestamp};
use shmstore_tests::scratch::Scratch;

use super::{at, object};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
struct Quote {
    bid: f64,
    ask: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue, ShmKey)]
#[repr(u8)]
enum Side {
    Bid,
    Ask,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue, ShmKey)]
#[repr(C)]
struct Place {
    symbol: FixedString<8>,
    side: Side,
    open: bool,
    _pad: shmstore::Pad<6>,
    cells: [i16; 2],
    day: Timestamp,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
struct Market {
    quotes: Map<FixedString<12>, Quote, 8>,
    sessions: Map<i64, u32, 4>,
    places: Map<Place, u8, 3>,
    letters: Map<char, [u8; 100], 5>,
}

fn text<const N: usize>(text: &str) -> FixedString<N> {
    text.try_into().expect("it fits")
}

fn place() -> Place {
    let (symbol, day) = (text("EU"), Timestamp::from_nanos(-7));
    Place { symbol, side: Side::Ask, open: true, _pad: Default::default(), cells: [3, -4], day }
}

fn market(scratch: &Scratch) -> Shared<Market> {
    let market = scratch.store().create::<Market>().expect("room for an object");
    for (key, bid) in [("EURUSD", 1.08), ("a]\"", 2.0), ("USDJPY", 150.0)] {
        market.quotes.insert(text(key), Quote { bid, ask: bid + 0.5 }).unwrap();
    }
    market.quotes.insert(text("EURUSD"), Quote { bid: 1.5, ask: 2.5 }).unwrap();
    market.quotes.remove(&text("USDJPY")).unwrap();
    market.sessions.insert(17, 1).unwrap();
    market.sessions.insert(-3, 2).unwrap();
    market.places.insert(place(), 9).unwrap();
    market.letters.insert('ß', [7; 100]).unwrap();
    market
}

#[test]
fn keys_and_values_are_shown_and_found_by_their_paths() {
    let scratch = Scratch::new();
    let typed = market(&scratch);
    let object = object(scratch.path(), 'M');
    let shown = object.read(&Limits::default()).to_string();
    let quotes = r#"quotes: {"EURUSD": { bid: 1.5, ask: 2.5 }, "a]\"": { bid: 2.0, ask: 2.5 }}"#;
    assert!(shown.contains(quotes) && shown.contains("sessions: {17: 1, -3: 2}"), "{shown}");
    let json = serde_json::to_string(&at(&object, "sessions")).unwrap();
    let entry = |key, value| format!(r#"{{"key":{key},"version":1,"locked":false,"value":{value}}}"#);
    let entries = format!("{},{}", entry(17, 1), entry(-3, 2));
    assert_eq!(json, format!(r#"{{"len":2,"capacity":4,"changes":2,"first":[{entries}]}}"#));
    let place = r#"places[{"symbol":"EU","side":"Ask","open":true,"cells":[3,-4],"day":{"nanoseconds":-7}}]"#;
    for (path, expected) in [
        (r#"quotes["EURUSD"].bid"#, "1.5"),
        (r#"quotes["a]\""].ask"#, "2.5"),
        ("quotes.changes", "4"),
        ("sessions[17]", "1"),
        ("sessions[-3]", "2"),
        (place, "9"),
        (r#"letters["ß"][99]"#, "7"),
    ] {
        assert_eq!(at(&object, path).to_string(), expected, "{path}");
    }
    let (version, _) = typed.quotes.get_versioned(&text("EURUSD")).unwrap().unwrap();
    assert!(matches!(at(&object, r#"quotes["EURUSD"]"#), Value::Versioned { version: found, .. } if found == version));
    let absent = object.read_at(&r#"quotes["USDJPY"]"#.parse().unwrap(), &Limits::default()).unwrap_err();
    let said = r#"`quotes` has no key "USDJPY": there are "EURUSD", "a]\"""#;
    assert_eq!(absent.to_string(), said);
    // The path of each key that is shown leads to its value.
    let Value::Struct { fields, .. } = object.read(&Limits::full()) else { panic!("a struct") };
    let mut found = 0;
    for (name, map) in &fields {
        let Value::Map { first, .. } = map else { panic!("a map: {map}") };
        for (key, value) in first {
            let path = FieldPath::default().field(name).key(key).to_string();
            assert_eq!(at(&object, &path), *value, "{path}");
            found += 1;
        }
    }
    assert_eq!(found, 6);
}

#[test]
fn processes_own_maps_and_values_of_keys() {
    let scratch = Scratch::new();
    let typed = market(&scratch);
    let object = object(scratch.path(), 'M');
    let holding = || object.participants().into_iter().flat_map(|of| of.holding).collect::<Vec<_>>();
    assert_eq!(holding(), [""; 0]);
    let entries = (typed.quotes.entry(&text("a]\"")).unwrap(), typed.places.entry(&place()).unwrap());
    let (one, other) = (entries.0.begin().unwrap(), entries.1.begin().unwrap());
    let place = r#"places[{"cells":[3,-4],"day":{"nanoseconds":-7},"open":true,"side":"Ask","symbol":"EU"}]"#;
    assert_eq!(holding(), [r#"quotes["a]\""]"#, place]);
    assert!(matches!(at(&object, r#"quotes["a]\""]"#), Value::Versioned { locked: true, .. }));
    drop((one, other));
    assert_eq!(holding(), [""; 0]);
}

#[test]
fn map_from_a_file_goes_on_where_it_was() {
    let scratch = Scratch::new();
    let typed = market(&scratch);
    let of = |scratch: &Scratch| SavedObject::of(&object(scratch.path(), 'M'), &Limits::default()).unwrap();
    let file = of(&scratch).to_bytes();
    let live = object(scratch.path(), 'M').read(&Limits::full());
    let (changes, version) = (typed.quotes.changes(), typed.quotes.get_versioned(&text("EURUSD")).unwrap().unwrap().0);
    drop(typed);

    let elsewhere = Scratch::new();
    SavedObject::parse(&file).unwrap().create_in(&elsewhere.store()).unwrap();
    assert_eq!(object(elsewhere.path(), 'M').read(&Limits::full()), live);
    assert_eq!(of(&elsewhere).read(&Limits::full()), live);
    let typed = elsewhere.store().attach::<Market>().unwrap();
    let quote = Quote { bid: 1.5, ask: 2.5 };
    assert_eq!(typed.quotes.get_versioned(&text("EURUSD")), Ok(Some((version, quote))));
    assert_eq!((typed.quotes.len(), typed.quotes.changes()), (2, changes));
    assert_eq!(typed.places.get(&place()), Ok(Some(9)));
    assert_eq!(typed.quotes.get(&text("USDJPY")), Ok(None));
    // Its version grows across the removal, and all room can be used.
    typed.quotes.insert(text("USDJPY"), quote).unwrap();
    assert!(typed.quotes.get_versioned(&text("USDJPY")).unwrap().unwrap().0 > 1);
    for number in 3..8 {
        typed.quotes.insert(text(&number.to_string()), quote).unwrap();
    }
    assert!(typed.quotes.insert(text("more"), quote).is_err());
    assert_eq!(typed.quotes.iter().count(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn map_is_shown_found_and_saved_as_it_is(
        operations in prop::collection::vec((0_i64..9, any::<u32>(), 0_u8..4), 0..60),
    ) {
        let scratch = Scratch::new();
        let typed = scratch.store().create::<Market>().unwrap();
        let mut model = BTreeMap::new();
        for (key, value, operation) in operations {
            if operation == 0 {
                prop_assert_eq!(typed.sessions.remove(&key).unwrap(), model.remove(&key));
            } else if typed.sessions.insert(key, value).is_ok() {
                model.insert(key, value);
            }
        }
        let live = object(scratch.path(), 'M');
        let saved = SavedObject::of(&live, &Limits::default()).unwrap();
        let elsewhere = Scratch::new();
        saved.create_in(&elsewhere.store()).unwrap();
        let again = object(elsewhere.path(), 'M');
        let whole = live.read(&Limits::full());
        prop_assert_eq!(&saved.read(&Limits::full()), &whole);
        prop_assert_eq!(&again.read(&Limits::full()), &whole);
        let Some(Value::Map { len, first, .. }) = whole.field("sessions") else { panic!("a map") };
        prop_assert_eq!((*len, first.len()), (model.len() as u64, model.len()));
        for key in 0..9 {
            let path: FieldPath = format!("sessions[{key}]").parse().unwrap();
            let found = [live.read_at(&path, &Limits::default()), again.read_at(&path, &Limits::default())];
            for found in found {
                match (found, model.get(&key)) {
                    (Ok(value), Some(&expected)) => prop_assert_eq!(value.settled(), &Value::Unsigned(expected.into())),
                    (Err(FieldError::NoKey { .. }), None) => {}
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
        let restored = elsewhere.store().attach::<Market>().unwrap();
        for key in 0..9 {
            prop_assert_eq!(restored.sessions.get_versioned(&key), typed.sessions.get_versioned(&key));
        }
        prop_assert_eq!(restored.sessions.changes(), typed.sessions.changes());
        // What a removed key leaves is free.
        for key in 100..104 - model.len() as i64 {
            prop_assert!(restored.sessions.insert(key, 0).is_ok());
        }
        prop_assert!(restored.sessions.insert(999, 0).is_err());
    }
}
