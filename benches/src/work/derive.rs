//! The cost of the derives at compile time: the processor time of building a crate of many structs, each derive in a
//! crate of its own, in turn.
//!
//! Every crate has the same structs, as far as the derive allows, so all crates share the compiler's work for the
//! structs themselves. The crate without a derive but `Clone, Copy` shows how much that is.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::{Ground, target};
use crate::Failure;
use crate::batch::{Sample, Series};
use crate::row::Row;

/// The peer.
const BYTEMUCK: &str = "bytemuck";
/// The number of structs of a crate.
const STRUCTS: usize = 500;
/// The names of a struct's fields.
const NAMES: [&str; 12] =
    ["sequence", "stamp", "x", "y", "z", "speed", "heading", "battery", "left", "right", "errors", "mode"];

/// The number of builds of each crate.
const ROUNDS: usize = 9;
/// Their number in a quick run.
const FEW: usize = 2;

/// Builds the crate again after a change of its file, incrementally.
pub(super) fn rebuild(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    row(ground, name, "rebuild after a change", true)
}

/// Builds the crate for the first time with finished dependencies, as in CI.
pub(super) fn whole(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    row(ground, name, "first build", false)
}

fn row(ground: &Ground<'_>, name: &'static str, build: &str, incremental: bool) -> Result<Row, Failure> {
    let scratch = ground.place.make_on_disk(name)?;
    let series = measure(scratch.path(), incremental, if ground.is_quick { FEW } else { ROUNDS });
    let targets = vec![target("shmstore, ShmValue", BYTEMUCK, 1.0), target("shmstore, ShmObject", BYTEMUCK, 1.0)];
    let work = format!("derive {STRUCTS} structs of {} fields: {build}", NAMES.len());
    Ok(Row { name: name.into(), work, unit: "ns", series, targets })
}

/// Builds the crate of every contender `rounds` times, in turn, and measures the processor time of each build. Samples
/// at the same place in the series were measured one after the other.
///
/// This process must run nothing else meanwhile, because the measured time includes all its finished children.
///
/// # Panics
///
/// Panics if a crate cannot be written or built. Cargo's message is on the standard error.
fn measure(scratch: &Path, incremental: bool, rounds: usize) -> Vec<Series> {
    let crates: Vec<Crate> = CONTENDERS.iter().map(|contender| Crate::write(contender, scratch, incremental)).collect();
    crates.iter().for_each(Crate::prepare);
    let mut all: Vec<Series> =
        CONTENDERS.iter().map(|contender| Series { name: contender.name, ..Series::default() }).collect();
    for _ in 0..rounds {
        for (one, series) in crates.iter().zip(&mut all) {
            series.samples.push(Sample { nanoseconds: one.rebuild() * 1e9, ..Sample::default() });
        }
    }
    all
}

/// The content of a crate.
struct Contender {
    name: &'static str,
    /// The dependency in `Cargo.toml`; `{shmstore}` stands for the path of the package.
    dependency: &'static str,
    /// The imports of the file.
    uses: &'static [&'static str],
    derive: &'static str,
    /// The types of the fields: pairs of small ones, so that there is no padding.
    types: [&'static str; 12],
}

const PLAIN: [&str; 12] = ["u64", "f64", "u32", "i32", "f64", "u64", "i32", "u32", "f64", "f64", "u32", "i32"];
#[rustfmt::skip]
const SHARED: [&str; 12] = [
    "AtomicU64", "Versioned<f64>", "AtomicU32", "AtomicI32", "Versioned<f64>", "AtomicU64",
    "AtomicI32", "AtomicU32", "Versioned<[f64; 3]>", "Versioned<u64>", "AtomicU32", "AtomicI32",
];
const SHMSTORE: &str = "shmstore = { path = \"{shmstore}\" }";

const ATOMICS: &str = "std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64}";

#[rustfmt::skip]
const CONTENDERS: [Contender; 5] = [
    Contender { name: "no derive", dependency: "", uses: &[], derive: "Clone, Copy", types: PLAIN },
    Contender {
        name: BYTEMUCK, dependency: "bytemuck = { version = \"1.16\", features = [\"derive\"] }",
        uses: &["bytemuck::{Pod, Zeroable}"], derive: "Clone, Copy, Pod, Zeroable", types: PLAIN,
    },
    Contender {
        name: "shmstore, ShmValue", dependency: SHMSTORE,
        uses: &["shmstore::ShmValue"], derive: "Clone, Copy, ShmValue", types: PLAIN,
    },
    Contender {
        name: "no derive, of parts", dependency: SHMSTORE,
        uses: &[ATOMICS, "shmstore::Versioned"], derive: "", types: SHARED,
    },
    Contender {
        name: "shmstore, ShmObject", dependency: SHMSTORE,
        uses: &[ATOMICS, "shmstore::{ShmObject, Versioned}"], derive: "ShmObject", types: SHARED,
    },
];

/// A crate on disk.
struct Crate {
    dir: PathBuf,
    /// One directory for all crates, so that their common dependencies are built once.
    target: PathBuf,
    incremental: bool,
}

impl Crate {
    fn write(contender: &Contender, scratch: &Path, incremental: bool) -> Self {
        let name: String = contender.name.chars().filter(char::is_ascii_alphabetic).collect();
        let dir = scratch.join(name.to_lowercase());
        fill(&dir, contender).unwrap_or_else(|error| panic!("{} is not written: {error}", dir.display()));
        Self { dir, target: scratch.join("target"), incremental }
    }

    /// Builds it and all its dependencies.
    fn prepare(&self) {
        // The network is used only if a dependency is not downloaded yet.
        let built = self.cargo(true, true) || self.cargo(false, false);
        assert!(built, "the crate in {} cannot be built", self.dir.display());
    }

    /// Returns the processor seconds of another build.
    fn rebuild(&self) -> f64 {
        let source = File::open(self.dir.join("src/lib.rs"));
        source.and_then(|file| file.set_modified(SystemTime::now())).expect("a source file");
        let before = children_seconds();
        assert!(self.cargo(true, false), "the crate in {} cannot be built again", self.dir.display());
        children_seconds() - before
    }

    fn cargo(&self, offline: bool, quiet: bool) -> bool {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["build", "--quiet"])
            .args(offline.then_some("--offline"))
            .current_dir(&self.dir)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", if self.incremental { "1" } else { "0" })
            // An interrupted run can end the whole group, with all compilers.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if quiet {
            cargo.stderr(Stdio::null());
        }
        cargo.status().expect("cargo can be run").success()
    }
}

/// Writes the files of a crate, whose dependencies have the versions of the workspace.
fn fill(dir: &Path, contender: &Contender) -> io::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in its workspace");
    fs::create_dir_all(dir.join("src"))?;
    let path = workspace.join("shmstore").display().to_string();
    let dependencies = contender.dependency.replace("{shmstore}", &path);
    let name = dir.file_name().unwrap_or_default().display();
    let manifest =
        format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\n{dependencies}\n[workspace]\n");
    fs::write(dir.join("Cargo.toml"), manifest)?;
    fs::copy(workspace.join("Cargo.lock"), dir.join("Cargo.lock"))?;
    fs::write(dir.join("src/lib.rs"), source(contender))
}

/// All structs. Their fields have the same types in another order, rotated by pairs, which keeps them free of padding.
fn source(contender: &Contender) -> String {
    let mut text: String = contender.uses.iter().map(|path| format!("use {path};\n")).collect();
    for at in 0..STRUCTS {
        let mut types = contender.types;
        types.rotate_left(at % 6 * 2);
        let _ = writeln!(text, "#[derive({})]\n#[repr(C)]\npub struct Record{at} {{", contender.derive);
        for (name, ty) in NAMES.iter().zip(types) {
            let _ = writeln!(text, "    pub {name}: {ty},");
        }
        text.push_str("}\n");
    }
    text
}

/// The processor time of all children that have ended, user and system.
fn children_seconds() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts the time of children");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    micros as f64 / 1e6
}
