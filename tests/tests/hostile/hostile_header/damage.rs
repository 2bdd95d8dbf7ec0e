//! Every byte of the header, one after the other.

use super::Victim;

const HEADER: usize = 1024;

/// The two ends, each bit, and all of them.
const FLIPS: [u8; 9] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff];

fn flip_all(flip: u8) {
    let victim = Victim::new();
    for at in 0..HEADER {
        let byte = victim.pristine[at] ^ flip;
        victim.damage(&[(at, byte)]);
        victim.use_it(&|| format!("byte {at} of the header is {byte:#04x}"));
    }
    victim.check_intact();
}

macro_rules! each_flip_has_a_test_of_its_own {
    ($($name:ident: $index:literal,)*) => {$(
        #[test]
        fn $name() {
            flip_all(FLIPS[$index]);
        }
    )*};
}

each_flip_has_a_test_of_its_own! {
    no_byte_of_the_header_with_bit_0_flipped_does_harm: 0,
    no_byte_of_the_header_with_bit_1_flipped_does_harm: 1,
    no_byte_of_the_header_with_bit_2_flipped_does_harm: 2,
    no_byte_of_the_header_with_bit_3_flipped_does_harm: 3,
    no_byte_of_the_header_with_bit_4_flipped_does_harm: 4,
    no_byte_of_the_header_with_bit_5_flipped_does_harm: 5,
    no_byte_of_the_header_with_bit_6_flipped_does_harm: 6,
    no_byte_of_the_header_with_bit_7_flipped_does_harm: 7,
    no_byte_of_the_header_with_all_bits_flipped_does_harm: 8,
}
