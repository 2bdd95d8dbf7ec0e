//! Any input at all, in a small share of what `fuzz_inspect` does.

use proptest::prelude::*;
use shmstore_tests::fuzz::{Parser, try_input};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_segment_makes_a_look_at_it_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        try_input(Parser::Segment, &input);
    }

    #[test]
    fn no_schema_makes_decoding_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        try_input(Parser::Schema, &input);
    }

    #[test]
    fn no_saved_object_makes_reading_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        try_input(Parser::Saved, &input);
    }

    #[test]
    fn no_value_and_no_text_makes_encoding_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        try_input(Parser::Values, &input);
    }
}

/// So that the tests above are about something.
#[test]
fn inputs_reach_what_lies_behind_the_parsers() {
    let mut random = shmstore_tests::random::Random::new(1);
    for parser in Parser::ALL {
        let inputs = (0..500).map(|_| (0..100).map(|_| random.number() as u8).collect::<Vec<_>>());
        let accepted = inputs.filter(|input| try_input(parser, input)).count();
        assert!(accepted > 50, "{}: {accepted} of 500", parser.name());
    }
}
