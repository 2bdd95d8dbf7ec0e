//! What the project says of itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` is below the workspace").to_owned()
}

/// All Rust files below a directory, by their paths from there.
fn rust_files(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut to_visit = vec![directory.to_owned()];
    while let Some(visited) = to_visit.pop() {
        for entry in fs::read_dir(&visited).expect("a directory of the project") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                to_visit.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(directory).expect("below it").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust files below {}", directory.display());
    found
}

#[test]
fn every_file_with_unsafe_code_is_named_in_soundness_md_and_no_other() {
    let soundness = fs::read_to_string(root().join("docs/soundness.md")).expect("docs/soundness.md");
    let python = rust_files(&root().join("shmstore-python/src"));
    let python = python.into_iter().map(|(name, source)| (format!("shmstore-python/src/{name}"), source));
    for (name, source) in rust_files(&root().join("shmstore/src")).into_iter().chain(python) {
        let listed = soundness.contains(&format!("| `{name}` |"));
        assert_eq!(source.contains("unsafe"), listed, "docs/soundness.md lists {name}: {listed}");
    }
}

#[test]
fn every_test_that_soundness_md_names_is_there() {
    let soundness = fs::read_to_string(root().join("docs/soundness.md")).expect("docs/soundness.md");
    let tests: String = ["tests/tests", "shmstore/src", "shmstore-cli/tests"]
        .into_iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|(_, source)| source)
        .collect();
    let mut count = 0;
    for (_, shown) in soundness.split("\n\n").filter_map(|paragraph| paragraph.split_once("Shown by: ")) {
        // The name of a test is a sentence.
        for name in shown.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 2) {
            assert!(tests.contains(&format!("fn {name}(")), "docs/soundness.md names {name}");
            count += 1;
        }
    }
    assert!(count > 20, "docs/soundness.md names {count} tests");
}

#[test]
fn every_test_that_the_emulation_leaves_out_is_there() {
    let script = fs::read_to_string(root().join(".ci/aarch64")).expect(".ci/aarch64");
    let folders = ["tests/tests", "tests/ui", "shmstore/src"];
    let sources = folders.map(|folder| rust_files(&root().join(folder))).concat();
    let (lists, _) = script.split_once("\nleft_out=(").expect("the lists, and then all of them");
    let is_name = |word: &&str| word.chars().all(|letter| letter.is_alphanumeric() || "_:".contains(letter));
    let names: Vec<&str> = lists
        .split("=(")
        .skip(1)
        .filter_map(|list| list.split_once(')'))
        .flat_map(|(list, _)| list.split_whitespace().filter(is_name))
        .collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let is_there = match name.strip_suffix("::") {
            Some(module) => {
                sources.iter().any(|(path, _)| path.trim_end_matches(".rs").split('/').any(|part| part == module))
            }
            None => sources.iter().any(|(_, source)| source.contains(&format!("fn {name}("))),
        };
        assert!(is_there, ".ci/aarch64 names {name}");
    }
}

#[test]
fn examples_and_derive_have_no_unsafe_code() {
    for (name, source) in rust_files(&root().join("examples")) {
        let lines = source.lines().filter(|line| line.contains("unsafe"));
        let others: Vec<&str> = lines.filter(|line| *line != "#![forbid(unsafe_code)]").collect();
        assert!(others.is_empty(), "{name}: {others:?}");
    }
    let derive = fs::read_to_string(root().join("shmstore-derive/src/lib.rs")).expect("the derive crate");
    assert!(derive.contains("#![forbid(unsafe_code)]"), "the derive crate does not forbid unsafe code");
}

/// What comes before `#[cfg(test)]`, without comments.
fn code(source: &str) -> String {
    let (code, _tests) = source.split_once("#[cfg(test)]\nmod tests {").unwrap_or((source, ""));
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The layers of the runtime by name, each with its page: the text of its `mod.rs`.
fn layers(source: &Path) -> Vec<(String, String)> {
    let folders = fs::read_dir(source).expect("the sources").map(|entry| entry.expect("an entry").path());
    let folders = folders.filter(|path| path.is_dir());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    folders.map(|path| (name(&path), fs::read_to_string(path.join("mod.rs")).expect("a `mod.rs`"))).collect()
}

#[test]
fn each_layer_uses_only_the_layers_that_its_page_names() {
    let source = root().join("shmstore/src");
    let files = rust_files(&source);
    let layers = layers(&source);
    for (layer, page) in &layers {
        let (sentence, _) = page.split_once("\n//!\n").expect("a first paragraph");
        let is_one = sentence.lines().count() <= 2 && sentence.matches(". ").count() <= 1 && sentence.ends_with('.');
        assert!(sentence.starts_with("//! ") && is_one, "{layer}/mod.rs says in a sentence what is in the layer");
        // Readers of a public layer do not need the list, so it is no part of its page.
        let named = page.lines().find_map(|line| {
            line.trim_start_matches("//").trim_start_matches('!').strip_prefix(" Layers it may use: ")
        });
        let named = named.and_then(|list| list.strip_suffix('.')).expect("a list of the layers it may use");
        let may_use = |other: &str| named == "all" || other == layer || named.split(", ").any(|name| name == other);
        for (name, text) in files.iter().filter(|(name, _)| name.starts_with(&format!("{layer}/"))) {
            for reference in code(text).split("crate::").skip(1) {
                let imported = reference.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next();
                let imported = imported.unwrap_or_default();
                let is_layer = layers.iter().any(|(other, _)| other == imported);
                let allowed = !is_layer || may_use(imported) || name.ends_with("tests.rs");
                assert!(allowed, "{name} imports from `{imported}`, which {layer}/mod.rs does not name");
            }
        }
    }
    assert_eq!(layers.len(), 10, "layers that docs/design.md names");
}

/// No other target may be installed here, so the condition in `lib.rs` is compared with what the compiler says of each.
#[test]
fn targets_that_are_not_supported_are_refused_with_a_sentence() {
    let lib = fs::read_to_string(root().join("shmstore/src/lib.rs")).expect("lib.rs");
    let (_, condition) = lib.split_once("#[cfg(not(all(\n").expect("a condition");
    let (condition, rest) = condition.split_once(")))]\n").expect("its end");
    assert!(rest.starts_with("compile_error!(\n"), "the condition is that of the error");
    let is_supported = |target: &str| {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc).args(["--print", "cfg", "--target", target]).output().expect("a compiler");
        assert!(output.status.success(), "{target}: {}", String::from_utf8_lossy(&output.stderr));
        let known = String::from_utf8(output.stdout).expect("text");
        let has = |option: &str| known.lines().any(|line| line == option.replace(" = ", "="));
        condition.lines().map(|line| line.trim().trim_end_matches(',')).all(|line| match line.strip_prefix("any(") {
            Some(options) => options.trim_end_matches(')').split(", ").any(has),
            None => has(line),
        })
    };
    for machine in ["x86_64", "aarch64"] {
        for library in ["gnu", "musl"] {
            let target = format!("{machine}-unknown-linux-{library}");
            assert!(is_supported(&target), "{target}");
        }
    }
    for target in [
        "i686-unknown-linux-gnu",
        "x86_64-unknown-linux-gnux32",
        "armv7-unknown-linux-gnueabihf",
        "aarch64_be-unknown-linux-gnu",
        "s390x-unknown-linux-gnu",
        "riscv64gc-unknown-linux-gnu",
        "aarch64-linux-android",
        "x86_64-unknown-freebsd",
        "aarch64-apple-darwin",
    ] {
        assert!(!is_supported(target), "{target}");
    }
}
