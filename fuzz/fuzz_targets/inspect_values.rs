//! Bytes, trees and texts as values of a type.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shmstore_tests::fuzz::{Parser, try_input};

fuzz_target!(|input: &[u8]| {
    try_input(Parser::Values, input);
});
