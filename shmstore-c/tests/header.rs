//! The header is that of the sources. `SHMSTORE_BLESS=1` writes it again: review the difference.

use std::fs;
use std::path::Path;

/// The sources in the order of the header.
const SOURCES: [&str; 17] = [
    "code",
    "error",
    "handle",
    "store",
    "object",
    "text",
    "part",
    "atomic",
    "versioned",
    "transaction",
    "locks",
    "queue",
    "broadcast",
    "map",
    "entries",
    "frames",
    "wait",
];

fn generated() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("a configuration");
    let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
        builder.with_src(root.join("src").join(name).with_extension("rs"))
    });
    let mut header = Vec::new();
    builder.generate().expect("a header").write(&mut header);
    String::from_utf8(header).expect("text")
}

#[test]
fn the_header_is_that_of_the_sources() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/shmstore.h");
    let generated = generated();
    if std::env::var_os("SHMSTORE_BLESS").is_some() {
        fs::write(&path, &generated).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let line = found.lines().zip(generated.lines()).position(|(found, generated)| found != generated);
    assert!(found == generated, "include/shmstore.h differs from line {line:?}: set SHMSTORE_BLESS=1");
}

#[test]
fn each_function_of_the_library_is_in_the_header_and_documented() {
    let header = generated();
    let mut count = 0;
    for name in SOURCES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name).with_extension("rs");
        let source = fs::read_to_string(path).expect("a source");
        for (before, after) in
            source.split("#[unsafe(no_mangle)]\n").zip(source.split("#[unsafe(no_mangle)]\n").skip(1))
        {
            let (_, signature) = after.split_once("extern \"C\" fn ").expect("a function");
            let (name, _) = signature.split_once('(').expect("arguments");
            assert!(header.contains(&format!("{name}(")), "{name} is missing in the header");
            assert!(before.trim_end().lines().last().is_some_and(|line| line.starts_with("///")), "{name}");
            count += 1;
        }
    }
    assert!(count > 70, "{count} functions");
}
