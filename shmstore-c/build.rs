//! Names the shared library as `install.sh` installs it.

fn main() {
    let version = |part: &str| std::env::var(format!("CARGO_PKG_VERSION_{part}")).expect("cargo sets it");
    // Versions 0.x of different x are not compatible.
    let soname = format!("libshmstore.so.{}.{}", version("MAJOR"), version("MINOR"));
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{soname}");
    println!("cargo::rerun-if-changed=build.rs");
}
