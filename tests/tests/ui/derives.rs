//! The derives and values accept and refuse what their documentation says, each refusal with its cure, on the token to change.

/// Where some cases must pass, trybuild builds them all, and does not only check them: layouts that depend on const
/// arguments are computed only then.
#[test]
fn derives_accept_what_they_promise_and_refuse_const_arguments_when_built() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/accepted/*.rs");
    cases.compile_fail("ui/refused-when-built/*.rs");
}

/// What a newcomer writes first, where rustc alone would only say what is wrong.
#[test]
fn first_tries_are_answered_by_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("ui/first-tries/*.rs");
}

/// What the views of a derived object, and of its parts, do not let through.
#[test]
fn views_refuse_to_be_written_and_say_what_to_do_instead() {
    trybuild::TestCases::new().compile_fail("ui/view/refused/*.rs");
}

#[test]
fn derives_refuse_what_they_promise_with_the_cure() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/value/refused/*.rs");
    cases.compile_fail("ui/object/refused/*.rs");
}
