//! Writes the sources of the loom models: the runtime's own protocol files, once as they are and once for each mutation,
//! which weakens one ordering, fence or condition. Loom must pass the first and fail all the others.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The runtime's files that are built against loom's atomics.
const SOURCES: [&str; 2] = ["seqlock", "lock_word"];

/// One line of the protocol, weakened.
struct Mutation {
    /// What it leaves out, as the end of a test's name.
    name: &'static str,
    /// The file, of [`SOURCES`].
    source: &'static str,
    /// What stands there: exactly once.
    pattern: &'static str,
    /// What is put in its place.
    replacement: &'static str,
    /// The model that must fail.
    model: &'static str,
}

const fn seqlock(
    name: &'static str,
    pattern: &'static str,
    replacement: &'static str,
    model: &'static str,
) -> Mutation {
    Mutation { name, source: "seqlock", pattern, replacement, model }
}

const fn lock_word(name: &'static str, pattern: &'static str, replacement: &'static str) -> Mutation {
    Mutation { name, source: "lock_word", pattern, replacement, model: "two_writers_take_turns" }
}

/// Not here: the Acquire of the two loads of the sequence number under the lock, which the lock has ordered already. And
/// the models go round the writer's load: loom remembers one last access of a word, so a load by the writer just before
/// its store hides the reader's load from it, and with that most of the orders there are.
const MUTATIONS: &[Mutation] = &[
    seqlock("the_readers_first_fence", "fence(Acquire);\n    copy(", "copy(", "one_writer_reuses_slots"),
    seqlock("the_readers_second_fence", "fence(Acquire);\n    let after", "let after", "one_writer_reuses_slots"),
    seqlock("the_writers_fence", "    fence(Release);\n", "", "one_writer_reuses_slots"),
    seqlock("the_odd_release", "wrapping_add(1), Release", "wrapping_add(1), Relaxed", "two_writers_take_turns"),
    seqlock("the_even_release", "wrapping_add(2), Release", "wrapping_add(2), Relaxed", "one_writer_reuses_slots"),
    seqlock("one_step_of_the_limit", "<= 2", "<= 3", "one_writer_reuses_slots"),
    seqlock("the_rounding_of_an_odd_start", "before & !1", "before", "one_writer_reuses_slots"),
    seqlock(
        "the_change_of_slots",
        "copy(valid_slot(stable) ^ 1)",
        "copy(valid_slot(stable))",
        "one_writer_reuses_slots",
    ),
    seqlock("the_rounding_of_a_take_over", "now & !1", "now", "a_writer_dies_and_another_takes_over"),
    lock_word("the_acquire_of_the_lock", "(0, token, AcqRel, Relaxed)", "(0, token, Relaxed, Relaxed)"),
    lock_word("the_release_of_the_lock", "(token, 0, AcqRel, Relaxed)", "(token, 0, Relaxed, Relaxed)"),
];

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    let models = here.join("tests/loom_versioned/models.rs");
    let read = |source: &str| {
        let path = here.join(format!("../shmstore/src/sync/{source}.rs"));
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    };
    println!("cargo::rerun-if-changed=build.rs");

    let mut all = module("unchanged", &out, &models, read);
    for Mutation { name, source, pattern, replacement, model } in MUTATIONS {
        all += &module(name, &out, &models, |file| {
            let text = read(file);
            if file != *source {
                return text;
            }
            assert_eq!(
                text.matches(pattern).count(),
                1,
                "mutation `{name}`: {pattern:?} must stand once in {source}.rs"
            );
            text.replace(pattern, replacement)
        });
        all += &format!("#[test]\nfn loom_misses_{name}() {{\n    must_fail({name}::models::{model});\n}}\n");
    }
    write(&out.join("loom_versioned.rs"), &all);
}

/// Writes one copy of the protocol, and returns the module that builds it with the models.
fn module(name: &str, out: &Path, models: &Path, text: impl Fn(&str) -> String) -> String {
    let folder = out.join(name);
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
    let mut module = format!("#[allow(dead_code)]\nmod {name} {{\n    use super::atomics;\n");
    for source in SOURCES {
        let path = folder.join(format!("{source}.rs"));
        write(&path, &text(source));
        module += &format!("    #[path = {path:?}]\n    mod {source};\n");
    }
    module + &format!("    #[path = {models:?}]\n    pub(super) mod models;\n}}\n")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
