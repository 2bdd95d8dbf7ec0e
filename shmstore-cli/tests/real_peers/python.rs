//! A Python program.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use shmstore_cli::export::python_module;

use crate::c::filled;
use crate::objects::{Block, everything};
use crate::run;
use crate::scratch::{Scratch, while_busy};

/// Finds a Python with numpy. Without one, prints that the test is skipped.
pub(crate) fn python() -> Option<&'static str> {
    let has_numpy =
        |python: &str| Command::new(python).args(["-c", "import numpy"]).output().is_ok_and(|out| out.status.success());
    let found = ["/usr/bin/python3", "python3"].into_iter().find(|python| has_numpy(python));
    if found.is_none() {
        let reason = "no python3 has numpy: `apt-get install python3-numpy`";
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "{reason}");
        println!("skipped: {reason}");
    }
    found
}

pub(crate) fn program(python: &str, scratch: &Scratch, store: &Path) -> Command {
    let module = python_module(&everything(), 'E', None).expect("a module");
    fs::write(scratch.join("everything.py"), module).expect("written");
    fs::write(scratch.join("peer.py"), include_str!("peer.py")).expect("written");
    let mut command = Command::new(python);
    command.arg("-B").arg(scratch.join("peer.py")).arg(store);
    command
}

#[test]
fn the_example_in_a_module_runs() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    let object = filled(&scratch.own_store());
    object.count.store(4711, Relaxed);
    let module = python_module(&everything(), 'E', None).expect("a module");
    fs::write(scratch.join("shm_everything.py"), &module).expect("written");
    let from = module.find("    # If this is shm_everything.py").expect("an example");
    let lines = module[from..].lines().take(5).map(|line| line.strip_prefix("    ").unwrap_or(line));
    let example = lines.collect::<Vec<_>>().join("\n");
    let path = scratch.path().to_str().expect("UTF-8");
    fs::write(scratch.join("example.py"), example.replace("/run/anchor", path)).expect("written");
    assert_eq!(run(Command::new(python).arg("-B").arg(scratch.join("example.py"))), "4711\n");
}

#[test]
fn a_python_program_reads_the_values_of_rust() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    let object = filled(&scratch.own_store());
    object.count.store(4096, Relaxed);
    object.tiny.store(-5, Relaxed);
    run(program(python, &scratch, scratch.path()).arg("use"));
}

#[test]
fn every_assignment_and_deletion_in_python_is_refused() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    let _object = filled(&scratch.own_store());
    program(python, &scratch, scratch.path());
    fs::write(scratch.join("changes.py"), include_str!("changes.py")).expect("written");
    run(Command::new(python).arg("-B").arg(scratch.join("changes.py")).arg(scratch.path()));
}

#[test]
fn a_python_program_never_reads_a_torn_version() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    let object = filled(&scratch.own_store());
    while_busy(
        |number| {
            object.block.store(Block { words: [number; 512] });
        },
        || println!("{}", run(program(python, &scratch, scratch.path()).args(["read", "30000"]))),
    );
}

#[test]
fn a_python_program_can_retry_after_a_missing_path() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    let path = scratch.join("nothing");
    let said = run(program(python, &scratch, &path).arg("refused"));
    let expected = format!("retry: reading the metadata of {}: No such file or directory\n", path.display());
    assert_eq!(said, expected);
}
