//! The derives accept and refuse what their documentation says, each refusal with its cure, on the token to change.

/// One run for all cases: as some of them must pass, trybuild builds them all, and does not only check them. Layouts
/// that depend on const arguments are only computed then.
#[test]
fn derives_accept_and_refuse_what_they_promise() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/accepted/*.rs");
    cases.compile_fail("ui/value/refused/*.rs");
    cases.compile_fail("ui/object/refused/*.rs");
}
