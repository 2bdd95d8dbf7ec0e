//! Mutations of a protocol that its loom models must reject: each is run in a process of its own, because a model that
//! finds a deadlock takes its process down with it.

use std::process::Command;

/// Names the test, in the process that runs its mutation.
const MUTATION: &str = "SHMSTORE_TEST_MUTATION";

/// Runs a model of a mutated protocol, which has to fail. `test` is the name of the test that calls this.
///
/// # Panics
///
/// If the model passes.
pub fn must_fail(test: &str, model: fn()) {
    if std::env::var_os(MUTATION).is_some() {
        return model();
    }
    let ourselves = std::env::current_exe().expect("a path of our own");
    let run = Command::new(ourselves).args([test, "--exact"]).env(MUTATION, test).output().expect("it runs already");
    let printed = String::from_utf8_lossy(&run.stdout);
    assert!(printed.contains("running 1 test"), "there is no test of this name: {printed}");
    assert!(!run.status.success(), "loom did not notice the mutation");
}
