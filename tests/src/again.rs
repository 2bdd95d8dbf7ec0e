//! Tests that run once more in a process of their own. A test binary runs its tests as threads of one process, so another
//! process must do what changes that one or measures it.

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

/// Runs a test alone in a process of its own, because it changes or measures the process it is in.
pub fn alone<F: FnOnce()>(test: F) {
    run("ALONE", &[], name_of::<F>(), test);
}

/// Returns the name by which a test binary knows the test in which a closure stands.
pub(crate) fn name_of<F>() -> &'static str {
    let path = std::any::type_name::<F>();
    let (_binary, path) = path.split_once("::").expect("a closure is in a crate");
    path.trim_end_matches("::{{closure}}")
}

/// Returns `true` in a process that was started by [`run`] for this reason.
pub(crate) fn is_within(why: &str) -> bool {
    std::env::var_os(variable(why)).is_some()
}

fn variable(why: &str) -> String {
    format!("SHMSTORE_TEST_{why}")
}

/// Runs a model of a mutated protocol, which has to fail. A process of its own runs it, because a model that finds a
/// deadlock takes its process down with it. `test` is the name of the test that calls this.
pub fn must_fail(test: &str, model: fn()) {
    const MUTATION: &str = "MUTATION";
    if is_within(MUTATION) {
        return model();
    }
    assert!(!start(MUTATION, &[], test, Stdio::piped()).status.success(), "the model did not notice the mutation");
}

/// Starts this test binary again for one test, by a wrapper such as `unshare`. In the process that was started so, runs the
/// test. `why` tells that process from others.
pub(crate) fn run(why: &str, wrapper: &[&str], name: &str, test: impl FnOnce()) {
    if is_within(why) {
        return test();
    }
    // The test says on standard error why it is skipped.
    let run = start(why, wrapper, name, Stdio::inherit());
    println!("{}", String::from_utf8_lossy(&run.stdout));
    assert!(run.status.success(), "`{name}` failed in a process of its own");
}

fn start(why: &str, wrapper: &[&str], name: &str, errors: Stdio) -> Output {
    let ourselves = std::env::current_exe().expect("a path of our own");
    let words: Vec<&OsStr> = wrapper.iter().map(OsStr::new).chain([ourselves.as_os_str()]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args([name, "--exact", "--nocapture"]).env(variable(why), "1").stderr(errors);
    let run = command.output().expect("it runs already");
    let printed = String::from_utf8_lossy(&run.stdout);
    assert!(printed.contains("running 1 test"), "there is no test of the name `{name}`: {printed}");
    run
}
