//! Journals with a layout that does not fit into their log, or not into their schema.

use shmstore::AttachError;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};
use shmstore_tests::moves::v2;
use shmstore_tests::raw::{Field, SIZE_TAG, field, find};

use super::Interrupted;

const READY: u64 = 2;
const ROOM: u64 = 2;
const JOURNAL: u64 = 8;

/// A struct of eight bytes whose fields have none. Its name makes the JSON as long as wanted.
fn of_many_fields(count: usize, json_len: usize) -> OwnedSchema {
    let nothing = OwnedSchema::new(0, 1, OwnedKind::Phantom).unwrap();
    let made = |pads: &[usize]| {
        let field = |at: usize| OwnedField {
            name: format!("f{at:04}{}", "_".repeat(pads.get(at).copied().unwrap_or(0))),
            offset: 0,
            schema: nothing.clone(),
        };
        let fields = (0..count).map(field).collect();
        OwnedSchema::new(8, 8, OwnedKind::Struct { name: "L".into(), const_args: vec![], fields }).unwrap()
    };
    let mut missing = json_len - made(&[]).to_json().len();
    let mut pads = Vec::new();
    while missing > 0 {
        pads.push(missing.min(200));
        missing -= missing.min(200);
    }
    made(&pads)
}

fn set(segment: &mut [u8], field: Field, value: u64) {
    let len = field.len.min(8);
    segment[field.offset..field.offset + len].copy_from_slice(&value.to_le_bytes()[..len]);
}

fn get(segment: &[u8], field: Field) -> u64 {
    segment[field.offset..field.offset + field.len.min(8)].iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// A journal whose only record has no prefixes, and fills the log to its end.
fn with_full_log(journal: &[u8], room: usize) -> Vec<u8> {
    const LOG: usize = 12 * 4096;
    let schema = of_many_fields(600, LOG - 32);
    let json = schema.to_json();
    let slots = get(journal, field::SLOT_COUNT) as usize;
    let slots_offset = if room <= 1024 { (1024 + room).next_multiple_of(128) } else { 1024 };
    let log = (slots_offset + 32 * slots).next_multiple_of(128);
    let end = log + LOG;
    let (payload, end) =
        if room <= 1024 { (1024, end) } else { (end.next_multiple_of(4096), end.next_multiple_of(4096) + room) };
    let size = end.next_multiple_of(4096) + SIZE_TAG;
    let mut made = vec![0; size];
    made[..1024].copy_from_slice(&journal[..1024]);
    for (field, value) in [
        (field::FLAGS, ROOM | JOURNAL),
        (field::STATE, READY),
        (field::SLOTS_OFFSET, slots_offset as u64),
        (field::LOG_OFFSET, log as u64),
        (field::LOG_CAPACITY, LOG as u64),
        (field::PAYLOAD_OFFSET, payload as u64),
        (field::PAYLOAD_LEN, room as u64),
        (field::SEGMENT_SIZE, size as u64),
        (field::LAYOUT, (log as u64) << 32 | LOG as u64),
    ] {
        set(&mut made, field, value);
    }
    let hash = schema.hash().to_u128().to_le_bytes();
    made[72..88].copy_from_slice(&hash);
    let record =
        [&hash[..], &8_u64.to_le_bytes(), &(json.len() as u32).to_le_bytes(), &[0; 4], json.as_bytes()].concat();
    made[log..log + record.len()].copy_from_slice(&record);
    made
}

/// The record of the new object also has the prefixes, and would not fit.
#[test]
fn journal_whose_layout_does_not_fit_into_its_log_is_corrupt() {
    let interrupted = Interrupted::new();
    for room in [1024, 4096] {
        let journal = with_full_log(&interrupted.journal, room);
        interrupted.plant(None, &journal);
        let error = interrupted.world.store.attach::<v2::Ledger>().expect_err("the journal is no good");
        assert!(matches!(error, AttachError::Corrupt { field: "journal's schema", .. }), "{error}");
        assert!(find(interrupted.world.key()).is_none(), "nothing is made of it");
    }
}

/// Programs that find a segment by its number know by the flag alone what it is.
#[test]
fn flag_of_a_journal_that_comes_or_goes_is_corrupt() {
    let interrupted = Interrupted::new();
    let attach = || interrupted.world.store.attach::<v2::Ledger>().expect_err("a flag is wrong");
    let mut object = interrupted.object.clone();
    set(&mut object, field::FLAGS, JOURNAL);
    interrupted.plant(Some(&object), &interrupted.journal);
    let error = attach();
    assert!(matches!(error, AttachError::Corrupt { field: "flags", .. }), "{error}");
    let mut journal = interrupted.journal.clone();
    set(&mut journal, field::FLAGS, ROOM);
    interrupted.plant(None, &journal);
    let error = attach();
    assert!(matches!(error, AttachError::Corrupt { field: "journal's flags", .. }), "{error}");
}
