//! Tells the program what it is built with, for the description of the machine.

use std::process::Command;

const BOOST: &str = "/usr/include/boost/version.hpp";

/// Sets `SHMSTORE_BENCH_RUSTC`, and `SHMSTORE_BENCH_BOOST` if Boost's headers are here.
pub(crate) fn tell() {
    println!("cargo::rerun-if-changed=build/versions.rs");
    println!("cargo::rerun-if-changed={BOOST}");
    let compiler = std::env::var_os("RUSTC").expect("cargo names the compiler");
    let answer = Command::new(compiler).arg("--version").output().expect("a compiler that runs");
    println!("cargo::rustc-env=SHMSTORE_BENCH_RUSTC={}", String::from_utf8_lossy(&answer.stdout).trim());
    if let Some(version) = std::fs::read_to_string(BOOST).ok().as_deref().and_then(boost) {
        println!("cargo::rustc-env=SHMSTORE_BENCH_BOOST={version}");
    }
}

/// The version in Boost's header: `#define BOOST_LIB_VERSION "1_74"`.
fn boost(header: &str) -> Option<String> {
    let line = header.lines().find(|line| line.starts_with("#define BOOST_LIB_VERSION"))?;
    Some(line.split('"').nth(1)?.replace('_', "."))
}
