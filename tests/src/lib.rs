//! What the tests share: objects, scratch stores, real processes, and looks at the kernel's segment table.

#![deny(unsafe_code)]
// A comment here says what a name cannot.
#![allow(missing_docs)]

pub mod again;
pub mod documents;
pub mod framer;
pub mod fuzz;
pub mod holder;
pub mod images;
pub mod map_words;
pub mod mapper;
pub mod mixed;
pub mod moves;
pub mod objects;
pub mod peer;
pub mod privilege;
pub mod python_types;
pub mod random;
pub mod raw;
pub mod rovers;
pub mod sandbox;
pub mod schemas;
pub mod scratch;
pub mod segments;
pub mod streamer;
pub mod tasks;
pub mod torture;
pub mod vandal;
pub mod victim;
pub mod wait;

/// Asserts that a message says all of this.
#[track_caller]
pub fn assert_says(message: impl ToString, parts: &[&str]) {
    let message = message.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
}
