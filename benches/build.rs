//! Compiles the C++ code, and tells the program the versions of its compiler and of Boost.

use std::path::Path;
use std::process::Command;

const BOOST: &str = "/usr/include/boost/interprocess";
const SOURCES: [&str; 2] = ["src/systems/boost.cpp", "src/systems/boost_maps.cpp"];
const BOOST_VERSION: &str = "/usr/include/boost/version.hpp";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(boost)");
    for file in ["build.rs", SOURCES[0], SOURCES[1], BOOST, BOOST_VERSION] {
        println!("cargo::rerun-if-changed={file}");
    }
    let compiler = std::env::var_os("RUSTC").expect("cargo names the compiler");
    let answer = Command::new(compiler).arg("--version").output().expect("a compiler that runs");
    println!("cargo::rustc-env=SHMSTORE_BENCH_RUSTC={}", String::from_utf8_lossy(&answer.stdout).trim());
    if let Some(version) = std::fs::read_to_string(BOOST_VERSION).ok().as_deref().and_then(boost_version) {
        println!("cargo::rustc-env=SHMSTORE_BENCH_BOOST={version}");
    }
    if Path::new(BOOST).is_dir() {
        boost();
    }
}

/// Finds the version in Boost's header: `#define BOOST_LIB_VERSION "1_74"`.
fn boost_version(header: &str) -> Option<String> {
    let line = header.lines().find(|line| line.starts_with("#define BOOST_LIB_VERSION"))?;
    Some(line.split('"').nth(1)?.replace('_', "."))
}

/// Compiles the part that is measured in C++, with the settings of a release build.
fn boost() {
    let compiled = cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        .define("NDEBUG", None)
        // Boost includes its own headers by deprecated names.
        .flag_if_supported("-w")
        .files(SOURCES)
        .try_compile("shmstore_bench_boost");
    match compiled {
        Ok(()) => println!("cargo::rustc-cfg=boost"),
        Err(error) => println!("cargo::warning=Boost.Interprocess is left out of the comparison: {error}"),
    }
}
