//! What the derives cost who compiles with them: the processor time of rebuilding a crate of many structs, each derive in
//! a crate of its own, in turns.
//!
//! Every crate has the same structs, as far as the derive allows, so what the compiler does for the structs themselves
//! is in all of them: the crate without a derive but `Clone, Copy` shows how much that is.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::{Ground, target};
use crate::Failure;
use crate::batch::{Sample, Series};
use crate::row::{Row, Unit};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// The peer.
const BYTEMUCK: &str = "bytemuck";
/// How many structs a crate has.
const STRUCTS: usize = 500;
/// The names of a struct's fields.
const NAMES: [&str; 12] =
    ["sequence", "stamp", "x", "y", "z", "speed", "heading", "battery", "left", "right", "errors", "mode"];

/// How many times each crate is rebuilt.
const ROUNDS: usize = 9;
/// In a quick run.
const FEW: usize = 2;

/// Rebuilding the crate after a change of its file, with what the compiler kept from the build before.
pub(super) fn rebuild(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let work = format!("deriving {STRUCTS} structs of {} fields: rebuild of the crate after a change", NAMES.len());
    row(ground, name, work, Rebuild::Incremental)
}

/// Building the crate for the first time, its dependencies being built: as in CI.
pub(super) fn whole(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let work = format!("deriving {STRUCTS} structs of {} fields: first build of the crate", NAMES.len());
    row(ground, name, work, Rebuild::Whole)
}

fn row(ground: &Ground<'_>, name: &'static str, work: String, rebuild: Rebuild) -> Result<Row, Failure> {
    let sample = |seconds: f64| Sample { nanoseconds: seconds * 1e9, ..Sample::default() };
    let scratch = ground.place.make_on_disk(name)?;
    let series = measure(scratch.path(), rebuild, if ground.is_quick { FEW } else { ROUNDS })
        .into_iter()
        .map(|(name, times)| Series { name, samples: times.into_iter().map(sample).collect(), ..Series::default() })
        .collect();
    let targets = vec![target("shmstore, ShmValue", BYTEMUCK, 1.0), target("shmstore, ShmObject", BYTEMUCK, 1.0)];
    Ok(Row { name: name.into(), work, unit: Unit::Nanoseconds, series, targets })
}

/// How a crate is rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rebuild {
    /// As `cargo build` does after a change elsewhere in the file: with what the compiler kept from the build before.
    Incremental,
    /// As the first build of the crate does, or one in CI: from nothing but its finished dependencies.
    Whole,
}

/// Rebuilds the crate of every contender `rounds` times, in turns: processor seconds, user and system, of each rebuild.
/// The n-th numbers of all were measured right after each other.
///
/// Nothing else may be run by this process meanwhile: the time is that of all its finished children.
///
/// # Panics
///
/// If a crate cannot be written or built; what cargo said is on the standard error.
fn measure(scratch: &Path, rebuild: Rebuild, rounds: usize) -> Vec<(&'static str, Vec<f64>)> {
    let crates: Vec<_> = CONTENDERS.iter().map(|contender| Crate::write(contender, scratch)).collect();
    crates.iter().for_each(|one| one.prepare(rebuild));
    let mut times = vec![Vec::with_capacity(rounds); crates.len()];
    for _ in 0..rounds {
        for (one, times) in crates.iter().zip(&mut times) {
            times.push(one.rebuild(rebuild));
        }
    }
    CONTENDERS.iter().map(|contender| contender.name).zip(times).collect()
}

/// A crate to write.
struct Contender {
    name: &'static str,
    /// Its dependencies, in `Cargo.toml`; `{shmstore}` stands for the path to it.
    dependencies: &'static str,
    /// What stands at the top of its file.
    head: &'static str,
    derive: &'static str,
    /// The types of the fields: pairs of small ones, so that there is no padding.
    types: [&'static str; 12],
}

const PLAIN: [&str; 12] = ["u64", "f64", "u32", "i32", "f64", "u64", "i32", "u32", "f64", "f64", "u32", "i32"];
const SHARED: [&str; 12] = [
    "AtomicU64",
    "Versioned<f64>",
    "AtomicU32",
    "AtomicI32",
    "Versioned<f64>",
    "AtomicU64",
    "AtomicI32",
    "AtomicU32",
    "Versioned<[f64; 3]>",
    "Versioned<u64>",
    "AtomicU32",
    "AtomicI32",
];

const CONTENDERS: [Contender; 5] = [
    Contender { name: "no derive", dependencies: "", head: "", derive: "#[derive(Clone, Copy)]", types: PLAIN },
    Contender {
        name: BYTEMUCK,
        dependencies: "bytemuck = { version = \"1.16\", features = [\"derive\"] }",
        head: "use bytemuck::{Pod, Zeroable};",
        derive: "#[derive(Clone, Copy, Pod, Zeroable)]",
        types: PLAIN,
    },
    Contender {
        name: "shmstore, ShmValue",
        dependencies: "shmstore = { path = \"{shmstore}\" }",
        head: "use shmstore::ShmValue;",
        derive: "#[derive(Clone, Copy, ShmValue)]",
        types: PLAIN,
    },
    Contender {
        name: "no derive, of parts",
        dependencies: "shmstore = { path = \"{shmstore}\" }",
        head: "use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};\nuse shmstore::Versioned;",
        derive: "",
        types: SHARED,
    },
    Contender {
        name: "shmstore, ShmObject",
        dependencies: "shmstore = { path = \"{shmstore}\" }",
        head: "use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};\nuse shmstore::{ShmObject, Versioned};",
        derive: "#[derive(ShmObject)]",
        types: SHARED,
    },
];

/// A crate on disk.
struct Crate {
    dir: PathBuf,
    /// One for all crates, so that their common dependencies are built once.
    target: PathBuf,
}

impl Crate {
    fn write(contender: &Contender, scratch: &Path) -> Self {
        let name: String = contender.name.chars().filter(char::is_ascii_alphabetic).collect();
        let dir = scratch.join(name.to_lowercase());
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in its workspace");
        fill(&dir, contender, workspace).unwrap_or_else(|error| panic!("{} was not written: {error}", dir.display()));
        Self { dir, target: scratch.join("target") }
    }

    /// Builds it and all that it depends on.
    fn prepare(&self, rebuild: Rebuild) {
        // With the network only if a dependency is not at hand yet.
        let built = self.cargo(rebuild, true, true) || self.cargo(rebuild, false, false);
        assert!(built, "the crate in {} cannot be built", self.dir.display());
    }

    fn rebuild(&self, rebuild: Rebuild) -> f64 {
        File::open(self.source()).and_then(|file| file.set_modified(SystemTime::now())).expect("the file is there");
        let before = children_seconds();
        assert!(self.cargo(rebuild, true, false), "the crate in {} cannot be built again", self.dir.display());
        children_seconds() - before
    }

    fn cargo(&self, rebuild: Rebuild, offline: bool, quiet: bool) -> bool {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .arg("build")
            .arg("--quiet")
            .args(offline.then_some("--offline"))
            .current_dir(&self.dir)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", if rebuild == Rebuild::Whole { "0" } else { "1" })
            // With the compilers it starts, so that who is interrupted can end them all.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if quiet {
            cargo.stderr(Stdio::null());
        }
        cargo.status().expect("cargo can be run").success()
    }

    fn source(&self) -> PathBuf {
        self.dir.join("src/lib.rs")
    }
}

/// Writes the files of a crate, with the workspace's own versions of what it depends on.
fn fill(dir: &Path, contender: &Contender, workspace: &Path) -> io::Result<()> {
    fs::create_dir_all(dir.join("src"))?;
    let path = workspace.join("shmstore").display().to_string();
    let dependencies = contender.dependencies.replace("{shmstore}", &path);
    let name = dir.file_name().unwrap_or_default().display();
    let manifest =
        format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\n{dependencies}\n[workspace]\n");
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::copy(workspace.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    fs::write(dir.join("src/lib.rs"), source(contender))
}

/// All structs; their fields are the same types in another order, turned by pairs, which keeps them free of padding.
fn source(contender: &Contender) -> String {
    let mut text = format!("{}\n", contender.head);
    for at in 0..STRUCTS {
        let mut types = contender.types;
        types.rotate_left(at % 6 * 2);
        let _ = writeln!(text, "{}\n#[repr(C)]\npub struct Record{at} {{", contender.derive);
        for (name, ty) in NAMES.iter().zip(types) {
            let _ = writeln!(text, "    pub {name}: {ty},");
        }
        text.push_str("}\n");
    }
    text
}

/// Processor time, user and system, of all children that have ended.
fn children_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts the time of children");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    micros as f64 / 1e6
}
