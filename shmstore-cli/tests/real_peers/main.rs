//! A C program and a Python program share an object with Rust. They know only the header and the module.

#[path = "../commands/camera.rs"]
mod camera;
mod frames;
mod objects;
#[path = "../commands/scratch.rs"]
mod scratch;
#[path = "../commands/planted.rs"]
mod planted;
#[path = "../commands/planted_map.rs"]
mod planted_map;
mod both;
mod c;
mod python;
mod rings;
mod maps;
mod busy_maps;
mod guide;
mod golden;
mod grown;
mod hostile;
mod names;
mod together;

use std::process::{Command, Output};

#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}
