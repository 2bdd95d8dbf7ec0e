//! The programs that README and guide show without running them are those of the examples, which other tests run.

use std::fs;
use std::path::{Path, PathBuf};

use std::sync::atomic::{AtomicI32, AtomicU64};

use shmstore::schema::OwnedSchema;
use shmstore::{ShmLayout, ShmObject};
use shmstore_tests::documents::DOCUMENTS;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("`tests` is below the workspace").to_owned()
}

/// README and guide, by their names.
fn documents() -> Vec<(String, String)> {
    let there =
        fs::read_dir(root().join("docs/guide")).expect("the guide").map(|entry| entry.expect("a chapter").path());
    let chapters = there.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let paths = chapters.chain([root().join("README.md")]);
    paths.map(|path| (path.display().to_string(), fs::read_to_string(&path).expect("a chapter"))).collect()
}

/// A program without white space, and without the commas that a formatter puts before the end of a block.
fn tokens(program: &str) -> String {
    program.split_whitespace().collect::<String>().replace(",}", "}").replace(",)", ")")
}

#[test]
fn programs_that_are_shown_and_not_run_are_examples() {
    let files =
        fs::read_dir(root().join("examples")).expect("the examples").map(|entry| entry.expect("an example").path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let examples: Vec<String> = rust.map(|path| tokens(&fs::read_to_string(path).expect("a program"))).collect();
    let mut shown = 0;
    for (document, text) in documents() {
        for rest in text.split("```rust,no_run\n").skip(1) {
            let (program, _) = rest.split_once("```").expect("a block ends");
            assert!(
                examples.iter().any(|example| example.ends_with(&tokens(program))),
                "{document} differs:\n{program}"
            );
            shown += 1;
        }
    }
    assert!(shown >= 3, "README and guide show {shown} programs of the examples");
}

/// The example of `docs/format.md`.
#[derive(ShmObject)]
#[repr(C)]
struct Rover {
    frames: AtomicU64,
    level: AtomicI32,
}

#[test]
fn hashes_that_the_format_shows_are_those_of_its_example() {
    let format = fs::read_to_string(root().join("docs/format.md")).expect("docs/format.md");
    let hashes = OwnedSchema::from(Rover::SCHEMA).prefix_hashes();
    assert_eq!(hashes.len(), 2);
    for hash in hashes.into_iter().chain([AtomicU64::LAYOUT_HASH, AtomicI32::LAYOUT_HASH, Rover::LAYOUT_HASH]) {
        assert!(format.contains(&format!("| `{hash}` |")), "docs/format.md does not show {hash}");
    }
}

#[test]
fn no_document_hides_lines_of_its_programs() {
    for (document, text) in documents() {
        for rest in text.split("```rust").skip(1) {
            let (program, _) = rest.split_once("```").expect("a block ends");
            let hidden = program.lines().find(|line| line.trim() == "#" || line.trim_start().starts_with("# "));
            assert_eq!(hidden, None, "{document}");
        }
    }
}

#[test]
fn readme_and_chapters_stay_short() {
    for (document, text) in documents() {
        let (lines, words) = (text.lines().count(), text.split_whitespace().count());
        assert!(lines <= 130, "{document} has {lines} lines");
        assert!(words <= 800 || !document.ends_with("/README.md"), "{document} has {words} words");
    }
}

#[test]
fn links_of_readme_and_guide_lead_to_files() {
    for (document, text) in documents() {
        for rest in text.split("](").skip(1) {
            let (target, _) = rest.split_once(')').expect("a link ends");
            let (file, _) = target.split_once('#').unwrap_or((target, ""));
            let path = Path::new(&document).parent().expect("a directory").join(file);
            assert!(target.starts_with("https://") || path.exists(), "{document} links to {target}");
        }
    }
}

#[test]
fn every_document_with_a_rust_program_is_a_doctest() {
    let names = |directory: &str| {
        let entries = fs::read_dir(root().join(directory)).expect("a directory of documents");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect::<Vec<_>>()
    };
    let below = |directory: &'static str| names(directory).into_iter().map(move |name| format!("{directory}/{name}"));
    let all = below("docs").chain(below("docs/guide")).chain(["README.md".into()]);
    let has_program = |path: &String| {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        path.ends_with(".md") && text.lines().any(|line| line.trim_start().starts_with("```rust"))
    };
    let mut found: Vec<String> = all.filter(has_program).collect();
    found.sort();
    let mut tested: Vec<&str> = DOCUMENTS.to_vec();
    tested.sort_unstable();
    assert_eq!(found, tested);
}
