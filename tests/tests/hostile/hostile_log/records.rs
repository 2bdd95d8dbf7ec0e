//! Records that are consistent in themselves, and lie.

use shmstore::AttachError;
use shmstore::ShmLayout;
use shmstore::inspect::{Object, Segment};
use shmstore_tests::raw::{Raw, field};
use shmstore_tests::rovers::{self, left, v1, v2};
use shmstore_tests::scratch::Scratch;

use super::{FIXED, Victim};

const SIZE: usize = 16;
const JSON_LEN: usize = 24;
const FIELDS: usize = 28;

impl Victim {
    /// Puts a record in the place of the newest one, and publishes it.
    fn publish(&self, hash: &[u8], size: u64, prefixes: &[u8], fields: u32, json: &[u8]) {
        self.restore();
        let mut record =
            [hash, &size.to_le_bytes(), &(json.len() as u32).to_le_bytes(), &fields.to_le_bytes()].concat();
        record.extend([prefixes, json].concat());
        self.raw.write(self.newest, &record);
        self.raw.set(field::LAYOUT, (self.newest as u64) << 32 | record.len() as u64);
        self.raw.write(field::LAYOUT_HASH.offset, hash);
    }

    fn hash(&self) -> &[u8] {
        &self.pristine[self.newest..self.newest + 16]
    }

    fn prefixes(&self) -> &[u8] {
        &self.pristine[self.newest + FIXED..self.newest + FIXED + 48]
    }

    fn shown(&self) -> Result<Object, String> {
        Object::attach(&Segment::of_shmid(self.raw.shmid()).unwrap()).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(&self, version: &str) -> AttachError {
        match rovers::attach(&self.store, version, std::time::Duration::ZERO) {
            Ok(object) => panic!("{version} was attached: {}", object.told()),
            Err(error) => error,
        }
    }
}

fn size() -> u64 {
    size_of::<v2::Rover>() as u64
}

#[test]
fn size_of_a_record_that_is_beyond_the_room_is_corrupt() {
    let victim = Victim::new();
    for size in [4097, u64::from(u32::MAX), 1 << 63, u64::MAX] {
        victim.restore();
        victim.raw.write(victim.newest + SIZE, &size.to_le_bytes());
        victim.use_it(&|| format!("size {size}"));
        victim.restore();
        victim.raw.write(victim.newest + SIZE, &size.to_le_bytes());
        for version in ["v1", "v3", "left"] {
            let error = victim.refused(version);
            assert!(matches!(error, AttachError::Corrupt { field: "layout's size", .. }), "{version}: {error}");
        }
        let why = victim.shown().unwrap_err();
        assert!(why.contains("damaged"), "{why}");
    }
    victim.check_intact();
}

#[test]
fn numbers_of_a_record_that_do_not_make_its_length_are_corrupt() {
    let victim = Victim::new();
    for (at, number) in [
        (FIELDS, 0),
        (FIELDS, 2),
        (FIELDS, 4),
        (FIELDS, 1 << 28),
        (FIELDS, u32::MAX),
        (JSON_LEN, 0),
        (JSON_LEN, 1),
        (JSON_LEN, 1 << 20),
        (JSON_LEN, u32::MAX),
    ] {
        victim.restore();
        victim.write_u32(victim.newest + at, number);
        victim.use_it(&|| format!("the number at {at} is {number}"));
        victim.restore();
        victim.write_u32(victim.newest + at, number);
        for version in ["v1", "v3", "left"] {
            let error = victim.refused(version);
            assert!(matches!(error, AttachError::Corrupt { field: "layout", .. }), "{version}: {error}");
        }
        assert!(victim.shown().is_err());
    }
    victim.check_intact();
}

/// The whole log is one record.
#[test]
fn record_of_as_many_fields_as_the_log_holds_does_no_harm() {
    let victim = Victim::new();
    let end = victim.raw.get(field::LOG_OFFSET) + victim.raw.get(field::LOG_CAPACITY);
    let most = (end as usize - victim.newest - FIXED) / 16;
    for fill in [0, 0xff] {
        let prefixes = [victim.prefixes(), &vec![fill; 16 * (most - 3)]].concat();
        victim.publish(&[fill; 16], size(), &prefixes, most as u32, b"");
        let outcomes = victim.use_it(&|| format!("{most} fields of {fill:#x}"));
        assert!(matches!(outcomes[..3], [Ok(None), Ok(None), Ok(None)]), "each has its prefix: {outcomes:?}");
        assert!(outcomes[5].is_err(), "{outcomes:?}");
        assert!(victim.shown().is_err(), "it has no schema");
    }
    victim.check_intact();
}

#[test]
fn schema_that_hashes_to_something_else_than_its_record_says_is_corrupt() {
    let victim = Victim::new();
    victim.publish(&[7; 16], size(), &[0; 48], 3, &victim.json());
    for version in ["v1", "v2", "v3"] {
        let error = victim.refused(version);
        assert!(matches!(error, AttachError::Corrupt { field: "layout_hash", .. }), "{version}: {error}");
    }
    assert!(victim.shown().is_err(), "the schema is another one");
    victim.use_it(&|| "another hash".into());
    victim.check_intact();
}

#[test]
fn schema_that_is_none_is_corrupt() {
    let victim = Victim::new();
    for json in [&b""[..], b"{}", b"null", b"[[[[", b"\xff\xfe", &[0; 4096]] {
        victim.publish(&[7; 16], size(), &[0; 48], 3, json);
        let error = victim.refused("v1");
        assert!(matches!(error, AttachError::Corrupt { field: "schema", .. }), "{error}");
        assert!(victim.shown().is_err());
        victim.use_it(&|| format!("the schema is {json:?}"));
    }
    victim.check_intact();
}

/// Prefixes decide what may be attached, and the schema what is shown: each stays within the room.
#[test]
fn prefixes_of_one_layout_and_schema_of_another_do_no_harm() {
    let victim = Victim::new();
    let left = left::Rover::SCHEMA;
    let hash = left.hash().to_u128().to_le_bytes();
    for size in [left.size() as u64, size()] {
        victim.publish(&hash, size, victim.prefixes(), 3, left.to_json().as_bytes());
        let outcomes = victim.use_it(&|| "prefixes and schema are of different layouts".into());
        assert!(matches!(outcomes[..4], [Ok(None), Ok(None), Ok(None), Ok(None)]), "{outcomes:?}");
    }
    // More fields than it says to have, and fewer.
    let v1 = v1::Rover::SCHEMA;
    let hash = v1.hash().to_u128().to_le_bytes();
    victim.publish(&hash, v1.size() as u64, victim.prefixes(), 3, v1.to_json().as_bytes());
    victim.use_it(&|| "a schema of fewer fields".into());
    victim.publish(victim.hash(), size(), &victim.prefixes()[..32], 2, &victim.json());
    victim.use_it(&|| "a schema of more fields".into());
    victim.check_intact();
}

#[test]
fn schema_of_another_size_than_its_record_is_not_shown() {
    let victim = Victim::new();
    for size in [0, 1, size() - 1, size() + 64, 4096] {
        victim.publish(victim.hash(), size, victim.prefixes(), 3, &victim.json());
        let why = victim.shown().unwrap_err();
        assert!(why.contains("damaged"), "{size}: {why}");
        victim.use_it(&|| format!("size {size}"));
    }
    victim.check_intact();
}

#[test]
fn flag_of_room_that_comes_or_goes_is_corrupt() {
    let victim = Victim::new();
    victim.raw.set(field::FLAGS, 0);
    let error = victim.refused("v1");
    assert!(matches!(error, AttachError::Corrupt { .. }), "{error}");
    victim.use_it(&|| "ROOM is cleared".into());
    victim.check_intact();

    let scratch = Scratch::new();
    drop(rovers::create(&scratch.store(), "old", 7).unwrap());
    let raw = Raw::at_key(scratch.key('R'));
    raw.set(field::FLAGS, 2);
    for version in ["old", "v1", "v2"] {
        let Err(error) = rovers::attach(&scratch.store(), version, Default::default()) else { panic!("{version}") };
        assert!(matches!(error, AttachError::Corrupt { field: "log_capacity", .. }), "{error}");
    }
    for capacity in [4096, 8192] {
        raw.set(field::LOG_CAPACITY, capacity);
        let Err(error) = rovers::attach(&scratch.store(), "v1", Default::default()) else { panic!("{capacity}") };
        assert!(matches!(error, AttachError::Corrupt { .. }), "{error}");
    }
}

/// A schema hashes to something else in a program of another pointer width, so its prefixes prove nothing.
#[test]
fn object_of_a_program_with_another_pointer_width_is_not_extended() {
    let victim = Victim::new();
    victim.raw.set(field::POINTER_BYTES, 4);
    let before = victim.raw.bytes();
    for version in ["v1", "v3"] {
        let error = victim.refused(version);
        assert!(matches!(error, AttachError::LayoutMismatch(_)), "{version}: {error}");
    }
    assert!(victim.raw.bytes() == before, "it was refused");
    victim.use_it(&|| "pointers of 4 bytes".into());
    victim.check_intact();
}
