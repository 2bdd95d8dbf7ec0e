//! Where and how a run was measured, without names and paths of the machine.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::batch::{FEWEST, Plan};

/// The description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Names and facts, in their order.
    pub facts: Vec<(String, String)>,
}

/// The peers, as Cargo's lock file names them.
const PEERS: [&str; 9] = [
    "iceoryx2",
    "ringfire",
    "mmap-sync",
    "heed",
    "lmdb-master-sys",
    "cloudtoid-interprocess",
    "crossbeam-queue",
    "papaya",
    "bytemuck",
];

impl Machine {
    /// Describes this run and this machine.
    pub fn describe(plan: Plan) -> Self {
        let cpuinfo = read("/proc/cpuinfo");
        let facts = [
            ("Date", answer("date", &["-u", "+%F"])),
            ("Command", Some(command(std::env::args().skip(1)))),
            ("Commit", commit()),
            ("Batches", Some(batches(plan))),
            ("Processor", Some(processor(&cpuinfo))),
            ("Caches", caches()),
            ("Memory", memory(&read("/proc/meminfo"))),
            ("Load before the run", load().map(|load| format!("{load:.2}"))),
            ("Kernel", Some(format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()))),
            ("C library", answer("getconf", &["GNU_LIBC_VERSION"])),
            ("Compiler", Some(env!("SHMSTORE_BENCH_RUSTC").to_owned())),
            ("shmstore", Some(env!("CARGO_PKG_VERSION").to_owned())),
            ("Peers", Some(peers())),
        ];
        let facts = facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
        Self { facts: facts.filter(|(_, fact)| !fact.is_empty()).collect() }
    }

    /// The fact of a name, or nothing.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.iter().find(|(known, _)| known == name).map(|(_, fact)| fact.as_str()).unwrap_or_default()
    }
}

/// Returns the mean number of runnable processes in the last minute.
pub fn load() -> Option<f64> {
    read("/proc/loadavg").split(' ').next()?.parse().ok()
}

/// Returns the number of processors.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The first line that a program prints, if it succeeds.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let run = Command::new(program).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
    run.status.success().then(|| String::from_utf8_lossy(&run.stdout).lines().next().unwrap_or_default().to_owned())
}

/// The version of the sources.
fn commit() -> Option<String> {
    let commit = answer("git", &["rev-parse", "--short=12", "HEAD"])?;
    // Runs write the page, so it does not count as a change.
    let changes = ["status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)docs"];
    Some(if answer("git", &changes)?.is_empty() { commit } else { format!("{commit}, and changes that are not in it") })
}

fn batches(plan: Plan) -> String {
    let Plan { batches, time } = plan;
    format!(
        "{batches} of {} ms for each system of a row; fewer, but {FEWEST} at least, where one operation takes longer",
        time.as_millis()
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The command of this run, with file names in place of paths.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut command = "cargo run --release -p shmstore-bench --".to_owned();
    for argument in arguments {
        let file = argument.strip_prefix('/').and_then(|path| path.rsplit('/').next());
        command.push(' ');
        command.push_str(file.unwrap_or(&argument));
    }
    command
}

/// Finds the first value of a name, in lines `name : value`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find_map(|(key, value)| (key.trim() == name).then(|| value.trim()))
}

fn processor(cpuinfo: &str) -> String {
    let model = value(cpuinfo, "model name").unwrap_or(std::env::consts::ARCH);
    let count = cpuinfo.lines().filter(|line| line.starts_with("processor")).count().max(1);
    let plural = if count == 1 { "" } else { "s" };
    let is_virtual = value(cpuinfo, "flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
    format!("{model}, {count} processor{plural}{}", if is_virtual { " of a virtual machine" } else { "" })
}

/// The caches of the first processor.
fn caches() -> Option<String> {
    let caches: Vec<String> = (0..8).filter_map(cache).collect();
    (!caches.is_empty()).then(|| caches.join(", "))
}

fn cache(index: u32) -> Option<String> {
    let fact = |name| {
        let text = fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{name}")).ok()?;
        Some(text.trim().to_owned())
    };
    let kind = match fact("type")?.as_str() {
        "Data" => "d",
        "Instruction" => "i",
        _ => "",
    };
    Some(format!("L{}{kind} {}", fact("level")?, kibibytes(fact("size")?.trim_end_matches('K'))?))
}

/// Writes a number of KiB in the unit that fits.
fn kibibytes(count: &str) -> Option<String> {
    let count: u64 = count.parse().ok()?;
    Some(match count {
        ..1024 => format!("{count} KiB"),
        1024..1_048_576 => format!("{} MiB", (count as f64 / 1024.0).round()),
        _ => format!("{:.1} GiB", count as f64 / 1_048_576.0),
    })
}

fn memory(meminfo: &str) -> Option<String> {
    kibibytes(value(meminfo, "MemTotal")?.strip_suffix(" kB")?)
}

/// The versions that are compiled in.
fn peers() -> String {
    let lock = include_str!("../../../Cargo.lock");
    let versions = PEERS.iter().filter_map(|name| Some(format!("{name} {}", version(lock, name)?)));
    let boost = option_env!("SHMSTORE_BENCH_BOOST").map(|version| format!("Boost {version}"));
    versions.chain(boost).collect::<Vec<_>>().join(", ")
}

/// In a lock file, the version is on the line after the name.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_described_without_its_name_and_paths() {
        let plan = Plan { batches: 25, time: std::time::Duration::from_millis(20) };
        let machine = Machine::describe(plan);
        let text = format!("{machine:?}");
        let host = read("/proc/sys/kernel/hostname");
        assert!(!text.contains(host.trim()) && !text.contains("/home/") && !text.contains("/tmp/"), "{text}");
        for name in ["Processor", "Memory", "Kernel", "Compiler", "Peers", "Date", "Command", "Batches"] {
            assert!(machine.facts.iter().any(|(fact, _)| fact == name), "{name} is missing: {text}");
        }
    }

    #[test]
    fn a_command_keeps_only_the_file_name_of_a_path() {
        let arguments = ["compare", "--json", "/tmp/x/run.json", "--only", "load-64"].map(str::to_owned);
        let expected = "cargo run --release -p shmstore-bench -- compare --json run.json --only load-64";
        assert_eq!(command(arguments.into_iter()), expected);
    }

    #[test]
    fn a_processor_is_described_by_the_kernel() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Foo 3000\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\n";
        assert_eq!(processor(cpuinfo), "Foo 3000, 2 processors of a virtual machine");
        assert_eq!(processor(""), format!("{}, 1 processor", std::env::consts::ARCH));
        assert_eq!(memory("MemTotal:        8388608 kB\n").as_deref(), Some("8.0 GiB"));
        assert_eq!(kibibytes("48").as_deref(), Some("48 KiB"));
        assert_eq!(kibibytes("491520").as_deref(), Some("480 MiB"));
    }

    #[test]
    fn versions_are_found_by_whole_names() {
        let package = |name: &str, version: &str| format!("\nname = \"{name}\"\nversion = \"{version}\"\n");
        let lock = &(package("heed-types", "1.0.0") + &package("heed", "0.23.4"));
        assert_eq!((version(lock, "heed"), version(lock, "other")), (Some("0.23.4"), None));
    }
}
