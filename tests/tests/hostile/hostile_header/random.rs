//! Random bytes at random places of header, schema and participants.

use shmstore::AttachError;
use shmstore_tests::objects::{Telemetry, drifted};
use shmstore_tests::random::Random;
use shmstore_tests::raw::field;

use super::Victim;

const ROUNDS: usize = 10_000;

/// Where the numbers of the header end, and its reserved words and path begin.
const NUMBERS: usize = 192;

/// 1 to 64 bytes: together or apart, half of the time where it hurts most.
fn changes(random: &mut Random, described: usize) -> Vec<(usize, u8)> {
    let end = if random.one_in(2) { NUMBERS } else { described };
    let count = random.within(1..65);
    let start = random.within(0..end);
    let together = random.one_in(2);
    let place = |index, random: &mut Random| if together { (start + index) % end } else { random.within(0..end) };
    (0..count).map(|index| (place(index, random), interesting(random))).collect()
}

/// Bytes that numbers are made of, rather than noise only.
fn interesting(random: &mut Random) -> u8 {
    match random.number() % 4 {
        0 => 0,
        1 => 0xff,
        2 => random.within(0..5) as u8,
        _ => random.number() as u8,
    }
}

#[test]
fn random_damage_does_no_harm() {
    let victim = Victim::new();
    let mut random = Random::seeded();
    for round in 0..ROUNDS {
        let changes = changes(&mut random, victim.described);
        victim.damage(&changes);
        victim.use_it(&|| format!("round {round}, changed {changes:02x?}"));
    }
    victim.check_intact();
}

#[test]
fn schema_that_ends_too_early_is_corrupt() {
    let victim = Victim::new();
    let raw = victim.restored();
    let (start, len) = (raw.get(field::SCHEMA_OFFSET) as usize, raw.get(field::SCHEMA_LEN) as usize);
    drop(raw);
    for cut in 0..len {
        let cleared: Vec<(usize, u8)> = (start + cut..start + len).map(|at| (at, 0)).collect();
        victim.damage(&cleared);
        let error = victim.store.attach::<drifted::Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::Corrupt { field: "schema", .. }), "{error}");
        victim.store.list().unwrap();
    }
    victim.store.attach::<Telemetry>().expect("no schema is needed by whoever has the layout");
}

#[test]
fn schema_that_is_nested_without_end_is_corrupt() {
    let victim = Victim::new();
    let raw = victim.restored();
    let (start, len) = (raw.get(field::SCHEMA_OFFSET) as usize, raw.get(field::SCHEMA_LEN) as usize);
    for opening in [b'[', b'{', b'"', b'0', b' '] {
        raw.write(start, &vec![opening; len]);
        let error = victim.store.attach::<drifted::Telemetry>().unwrap_err();
        assert!(matches!(error, AttachError::Corrupt { field: "schema", .. }), "{error}");
    }
}
