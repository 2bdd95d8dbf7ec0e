//! What must be known or made before the program is compiled.

#[path = "build/versions.rs"]
mod versions;

fn main() {
    versions::tell();
    boost();
}

/// Compiles the part that is measured in C++, if Boost's headers and a compiler are here.
fn boost() {
    println!("cargo::rustc-check-cfg=cfg(boost)");
    println!("cargo::rerun-if-changed=src/systems/boost.cpp");
    println!("cargo::rerun-if-changed=/usr/include/boost/interprocess");
    if !std::path::Path::new("/usr/include/boost/interprocess").is_dir() {
        return;
    }
    let compiled = cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        // As Rust's own code is compiled here, and as a release build of its users is.
        .define("NDEBUG", None)
        // Boost includes its own headers by names that it has given up since.
        .flag_if_supported("-w")
        .file("src/systems/boost.cpp")
        .try_compile("shmstore_bench_boost");
    match compiled {
        Ok(()) => println!("cargo::rustc-cfg=boost"),
        Err(error) => println!("cargo::warning=Boost.Interprocess is left out of the comparison: {error}"),
    }
}
