//! Tests that run once more in a process of their own. A test binary runs its tests as threads of one process, so another
//! process must do what changes that one or measures it.

use std::process::{Command, Stdio};

/// Runs a test alone in a process of its own, because it changes or measures the process it is in.
///
/// # Panics
///
/// Panics if the test does.
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

/// Starts this test binary again for one test, by a wrapper such as `unshare`. In the process that was started so, runs the
/// test. `why` tells that process from others.
pub(crate) fn run(why: &str, wrapper: &[&str], name: &str, test: impl FnOnce()) {
    if is_within(why) {
        return test();
    }
    let ourselves = std::env::current_exe().expect("a path of our own");
    let mut command = match wrapper {
        [] => Command::new(&ourselves),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(&ourselves);
            command
        }
    };
    // Its standard error, on which it says why it is skipped, is ours.
    command.args([name, "--exact", "--nocapture"]).env(variable(why), "1").stderr(Stdio::inherit());
    let run = command.output().expect("it runs already");
    let printed = String::from_utf8_lossy(&run.stdout);
    println!("{printed}");
    assert!(printed.contains("running 1 test"), "there is no test of the name `{name}`");
    assert!(run.status.success(), "`{name}` failed in a process of its own");
}
