//! What the tests of `save` and `load` share.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use super::support::*;

pub(crate) struct Files {
    pub(crate) scratch: Scratch,
    pub(crate) path: String,
    pub(crate) file: String,
}

pub(crate) fn files() -> Files {
    let scratch = Scratch::new();
    let [path, file] = ["rover", "saved"].map(|name| scratch.text(name));
    Files { scratch, path, file }
}

/// Saves an object with the count 3, and changes the count to 4.
pub(crate) fn saved_counter() -> Files {
    let files = files();
    let counter = files.scratch.store().create::<Counter>().unwrap();
    counter.count.store(3, Relaxed);
    run(["save", &files.path, &files.file]).with(0);
    counter.count.store(4, Relaxed);
    files
}

/// Runs a script, with the program as `$0` and its arguments as `$@`.
pub(crate) fn run_in(script: &str, args: &[&str]) -> Ended {
    let mut shell = Command::new("bash");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_shmstore")]).args(args);
    ended(shell.output().expect("bash runs"))
}

/// Runs the program without root's right to ignore permission bits.
pub(crate) fn run_bound_by_modes(args: &[&str]) -> Ended {
    let bound = if nix::unistd::Uid::effective().is_root() {
        r#"exec setpriv --bounding-set=-dac_override,-dac_read_search "$0" "$@""#
    } else {
        r#"exec "$0" "$@""#
    };
    run_in(bound, args)
}

pub(crate) fn set_mode(path: &str, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
