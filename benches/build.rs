//! What must be known or made before the program is compiled.

#[path = "build/versions.rs"]
mod versions;

fn main() {
    versions::tell();
}
