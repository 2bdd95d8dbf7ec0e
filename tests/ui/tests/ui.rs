//! The derives and values refuse what their documentation says, each refusal with its cure, on the token to change.

use std::io::Write as _;
use std::process::Command;

/// The compiler whose messages are kept beside the cases. Others word them in other ways.
const RUSTC: &str = "rustc 1.95.0 ";

/// Compares the messages for some cases with those that are kept, if this is the compiler that wrote them.
fn refused(folders: &[&str]) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("a compiler").stdout;
    let version = String::from_utf8(version).expect("text");
    if !version.starts_with(RUSTC) {
        let reason = format!("the messages are those of {RUSTC}and this is {}", version.trim());
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "not to be skipped here: {reason}");
        // Not by `println!`, which the test harness keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "skipped: {reason}");
        return;
    }
    let cases = trybuild::TestCases::new();
    for folder in folders {
        cases.compile_fail(format!("ui/{folder}/*.rs"));
    }
    if folders.contains(&BUILT) {
        // Where a case must pass, trybuild builds all of them, and does not only check them.
        cases.pass("ui/built.rs");
    }
}

/// Layouts that depend on const arguments are computed only when a program that uses them is built.
const BUILT: &str = "refused-when-built";

#[test]
fn derives_refuse_const_arguments_when_built() {
    refused(&[BUILT]);
}

/// What a newcomer writes first, where rustc alone would only say what is wrong.
#[test]
fn first_tries_are_answered_by_what_to_write_instead() {
    refused(&["first-tries"]);
}

/// What the views of a derived object, and of its parts, do not let through.
#[test]
fn views_refuse_to_be_written_and_say_what_to_do_instead() {
    refused(&["view/refused"]);
}

#[test]
fn derives_refuse_what_they_promise_with_the_cure() {
    refused(&["value/refused", "object/refused", "key/refused"]);
}
