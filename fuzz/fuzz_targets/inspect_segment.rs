//! Headers of segments, with the schema and the table of processes; then the object behind.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shmstore_tests::fuzz::{Parser, try_input};

fuzz_target!(|input: &[u8]| {
    try_input(Parser::Segment, input);
});
