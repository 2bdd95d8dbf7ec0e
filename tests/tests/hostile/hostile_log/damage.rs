//! Every byte of the words that lead to the newest record, and of the record.

use shmstore_tests::random::Random;
use shmstore_tests::raw::{Field, field};
use shmstore_tests::wait::flat_out;

use super::Victim;

const RANDOM_ROUNDS: usize = 2000;

/// The words of the header that say where the layouts are.
const WORDS: [Field; 10] = [
    field::FLAGS,
    field::LAYOUT_HASH,
    field::SLOT_COUNT,
    field::SCHEMA_OFFSET,
    field::SCHEMA_LEN,
    field::PAYLOAD_OFFSET,
    field::PAYLOAD_LEN,
    field::LAYOUT,
    field::LOG_OFFSET,
    field::LOG_CAPACITY,
];

#[test]
fn no_bit_of_a_word_that_leads_to_the_log_does_harm_when_flipped() {
    let _turn = flat_out();
    let victim = Victim::new();
    for Field { name, offset, len } in WORDS {
        for at in offset..offset + len {
            for bit in 0..8 {
                victim.restore();
                victim.raw.write(at, &[victim.pristine[at] ^ 1 << bit]);
                victim.use_it(&|| format!("bit {bit} of byte {at} ({name}) is flipped"));
            }
        }
    }
    victim.check_intact();
}

#[test]
fn no_byte_of_the_newest_record_does_harm_when_changed() {
    let _turn = flat_out();
    let victim = Victim::new();
    for at in victim.newest..victim.newest + victim.newest_len {
        for flip in [0x01, 0x80, 0xff] {
            victim.restore();
            victim.raw.write(at, &[victim.pristine[at] ^ flip]);
            victim.use_it(&|| format!("byte {} of the record is changed by {flip:#x}", at - victim.newest));
        }
    }
    victim.check_intact();
}

#[test]
fn numbers_that_hurt_do_no_harm_in_any_word_that_leads_to_the_log() {
    let _turn = flat_out();
    let victim = Victim::new();
    let log = victim.raw.get(field::LOG_OFFSET);
    let end = log + victim.raw.get(field::LOG_CAPACITY);
    let total = victim.pristine.len() as u64;
    let small = [0, 1, 15, 16, 31, 32, 33, 4095, 4096, 4097, log - 16, log, log + 8, end - 32, end, total - 1, total];
    let large = [1 << 31, u64::from(u32::MAX), 1 << 32, 1 << 47, 1 << 63, u64::MAX - 15, u64::MAX];
    for word in WORDS {
        for number in small.into_iter().chain(large) {
            victim.restore();
            victim.raw.set(word, number);
            victim.use_it(&|| format!("{} is {number:#x}", word.name));
        }
    }
    // Offset and length of the newest record, each by itself.
    for offset in small.into_iter().chain([log + 16, end - 16, u64::from(u32::MAX) - 15]) {
        for len in [0, 16, 31, 32, 48, victim.newest_len as u64, end - log, end, total, u64::from(u32::MAX)] {
            victim.restore();
            victim.raw.set(field::LAYOUT, offset << 32 | len);
            victim.use_it(&|| format!("the newest record is at {offset}, {len} bytes long"));
        }
    }
    victim.check_intact();
}

#[test]
fn random_damage_to_the_log_does_no_harm() {
    let _turn = flat_out();
    let victim = Victim::new();
    let mut random = Random::seeded();
    let fixed = super::FIXED + 48;
    for round in 0..RANDOM_ROUNDS {
        victim.restore();
        let mut changed = Vec::new();
        for _ in 0..random.within(1..6) {
            let number = if random.one_in(2) { random.number() >> random.within(0..64) } else { random.number() % 5 };
            let at = match random.within(0..4) {
                0 => {
                    let word = WORDS[random.within(0..WORDS.len())];
                    word.offset + random.within(0..word.len.min(8))
                }
                1 | 2 => victim.newest + random.within(0..fixed),
                _ => victim.newest + random.within(0..victim.newest_len),
            };
            let bytes = &number.to_le_bytes()[..random.within(1..9)];
            victim.raw.write(at, bytes);
            changed.push((at, bytes.to_vec()));
        }
        victim.use_it(&|| format!("round {round}, changed {changed:02x?}"));
    }
    victim.check_intact();
}
