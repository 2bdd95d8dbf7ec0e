//! Waiting for many things: its latency, its cost while nothing happens, and the cost of futures.

pub mod idle;

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use shmstore::{ShmObject, Versioned};

use crate::Failure;

/// The number of values that can be waited for.
const VALUES: usize = 10_000;

/// An object with many values.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'W')]
struct Values {
    values: [Versioned<u64>; VALUES],
}

/// Runs this program once more, and returns the figures that it prints.
fn figures<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Vec<f64>, Failure> {
    let mut program = Command::new(std::env::current_exe()?);
    let output = program.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("the measuring process has failed: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}
