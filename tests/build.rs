//! Writes the sources of the loom models: the runtime's own protocol files, once as they are and once for each
//! mutation, which weakens one ordering, fence or condition. Loom must pass the first and fail all the others.

use std::path::{Path, PathBuf};
use std::{env, fs};

mod mutations;

use mutations::{
    BROADCAST, BROADCAST_CRASHES, FRAMES, FRAMES_CRASHES, FRAMES_DEATHS, HEADER, HUB, MAP, MAP_CRASHES, Mutation,
    PARTICIPANTS, QUEUE, QUEUE_CRASHES, VERSIONED, WAITING,
};

/// Some files of the runtime that are built against other atomics, and the models that they are checked with.
struct ModelSet {
    /// The module's name; its models are in `tests/loom/<name>/models.rs`.
    name: &'static str,
    /// The owner of the atomics, which checks the models.
    checker: &'static str,
    /// Where the files are, below the runtime's `src`.
    folder: &'static str,
    /// The paths of the files in the folder, without `.rs`. The module of each has the last name of its path.
    sources: &'static [&'static str],
    mutations: &'static [Mutation],
}

const SETS: [ModelSet; 14] = [
    ModelSet {
        name: "versioned",
        checker: "loom",
        folder: "sync",
        sources: &["seqlock", "lock_word"],
        mutations: VERSIONED,
    },
    ModelSet {
        name: "waiting",
        checker: "loom",
        folder: "sync",
        sources: &["lock_word", "version_waiters", "event_word"],
        mutations: WAITING,
    },
    ModelSet {
        name: "hub",
        checker: "loom",
        folder: "sync",
        sources: &["hub/waiter", "hub/words", "hub/table", "hub/look", "lock_word", "version_waiters", "event_word"],
        mutations: HUB,
    },
    ModelSet {
        name: "participants",
        checker: "loom",
        folder: "segment/participants",
        sources: &["slot"],
        mutations: PARTICIPANTS,
    },
    ModelSet { name: "header", checker: "loom", folder: "segment/header", sources: &["words"], mutations: HEADER },
    ModelSet {
        name: "queue",
        checker: "loom",
        folder: "sync",
        sources: &["queue/word", "queue/protocol", "queue/delivery", "lock_word", "version_waiters"],
        mutations: QUEUE,
    },
    ModelSet {
        name: "broadcast",
        checker: "loom",
        folder: "sync",
        sources: &["broadcast/protocol", "lock_word", "version_waiters"],
        mutations: BROADCAST,
    },
    ModelSet {
        name: "map",
        checker: "loom",
        folder: "sync",
        sources: &["map/state", "map/protocol", "seqlock", "lock_word", "version_waiters"],
        mutations: MAP,
    },
    ModelSet {
        name: "frames",
        checker: "loom",
        folder: "sync",
        sources: &["frames/word", "frames/protocol", "frames/pins", "event_word", "lock_word", "version_waiters"],
        mutations: FRAMES,
    },
    ModelSet {
        name: "queue_crashes",
        checker: "recorder",
        folder: "sync/queue",
        sources: &["word", "protocol", "delivery"],
        mutations: QUEUE_CRASHES,
    },
    ModelSet {
        name: "broadcast_crashes",
        checker: "recorder",
        folder: "sync/broadcast",
        sources: &["protocol"],
        mutations: BROADCAST_CRASHES,
    },
    ModelSet {
        name: "map_crashes",
        checker: "recorder",
        folder: "sync",
        sources: &["map/state", "map/protocol", "seqlock"],
        mutations: MAP_CRASHES,
    },
    ModelSet {
        name: "frames_crashes",
        checker: "recorder",
        folder: "sync/frames",
        sources: &["word", "protocol", "pins"],
        mutations: FRAMES_CRASHES,
    },
    ModelSet {
        name: "frames_deaths",
        checker: "explorer",
        folder: "sync/frames",
        sources: &["word", "protocol", "pins"],
        mutations: FRAMES_DEATHS,
    },
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    SETS.iter().for_each(ModelSet::write);
}

impl ModelSet {
    /// Writes the set's copies, and the module that builds them with the models.
    fn write(&self) {
        let mut all = self.module("unchanged", Self::read);
        for Mutation { name, source, pattern, replacement, model } in self.mutations {
            all += &self.module(name, |set, file| {
                let text = set.read(file);
                if module_of(file) != *source {
                    return text;
                }
                let found = text.matches(pattern).count();
                assert_eq!(found, 1, "mutation `{name}`: {pattern:?} must stand once in {source}.rs");
                text.replace(pattern, replacement)
            });
            let test = format!("{}_misses_{name}", self.checker);
            all += &format!(
                "#[test]\nfn {test}() {{\n    must_fail(\"{}::{test}\", {name}::models::{model});\n}}\n",
                self.name
            );
        }
        write(&from_cargo("OUT_DIR").join(format!("{}.rs", self.name)), &all);
    }

    fn read(&self, source: &str) -> String {
        let runtime = from_cargo("CARGO_MANIFEST_DIR").join("../shmstore/src");
        let path = runtime.join(self.folder).join(format!("{source}.rs"));
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Writes one copy of the protocol, and returns the module that builds it with the models.
    fn module(&self, name: &str, text: impl Fn(&Self, &str) -> String) -> String {
        let models = from_cargo("CARGO_MANIFEST_DIR").join(format!("tests/loom/{}/models.rs", self.name));
        let folder = from_cargo("OUT_DIR").join(self.name).join(name);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        let mut module = format!(
            "#[allow(dead_code, unused_imports, clippy::let_and_return)]\nmod {name} {{\n    use super::atomics;\n"
        );
        for source in self.sources {
            let name = module_of(source);
            let path = folder.join(format!("{name}.rs"));
            write(&path, &text(self, source));
            module += &format!("    #[path = {path:?}]\n    mod {name};\n");
        }
        module + &format!("    #[path = {models:?}]\n    pub(super) mod models;\n}}\n")
    }
}

fn module_of(source: &str) -> &str {
    source.rsplit('/').next().unwrap_or(source)
}

fn from_cargo(variable: &str) -> PathBuf {
    env::var_os(variable).unwrap_or_else(|| panic!("cargo sets {variable}")).into()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
