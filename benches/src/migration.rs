//! The time and the memory that a move to another layout takes, for a map of a million entries and for one large value.
//!
//! The object is made by a process that ends, and moved by another one, so that its memory is only that of the move.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Map, ShmId, ShmObject, Store, Versioned};

use crate::Failure;

/// The entries of each map.
const ENTRIES: usize = 1_000_000;

/// The elements of a value of 64 MiB.
const ELEMENTS: usize = 16 << 20;

mod before {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'M')]
    pub(super) struct Sessions {
        pub(super) users: Map<u64, [u16; 32], ENTRIES>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'V')]
    pub(super) struct Picture {
        pub(super) pixels: Versioned<[u32; ELEMENTS]>,
    }
}

/// The same parts, and one more in front of them.
mod after {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'M')]
    pub(super) struct Sessions {
        pub(super) logins: AtomicU64,
        pub(super) users: Map<u64, [u16; 32], ENTRIES>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'V')]
    pub(super) struct Picture {
        pub(super) width: AtomicU64,
        pub(super) pixels: Versioned<[u32; ELEMENTS]>,
    }
}

/// Each number is wider.
mod wider {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'M')]
    pub(super) struct Sessions {
        pub(super) users: Map<u64, [u32; 32], ENTRIES>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'V')]
    pub(super) struct Picture {
        pub(super) pixels: Versioned<[u64; ELEMENTS]>,
    }
}

/// What to measure; without a case, all of them.
#[derive(clap::Args)]
pub struct Options {
    /// What this process is to do with the object: started by the program itself.
    #[arg(hide = true, requires = "path")]
    case: Option<String>,
    #[arg(hide = true)]
    path: Option<PathBuf>,
}

const CASES: [(&str, &str, &str); 4] = [
    ("map of 1,000,000 entries (8 + 64 bytes), as they are", "fill-map", "move-map"),
    ("map of 1,000,000 entries (8 + 64 bytes), each converted to 8 + 128", "fill-map", "widen-map"),
    ("`Versioned` of 64 MiB, as it is", "fill-value", "move-value"),
    ("`Versioned` of 64 MiB, converted to 128 MiB", "fill-value", "widen-value"),
];

/// Measures all cases, or plays the role of one process.
///
/// # Errors
///
/// A failure of shmstore, or of a process.
pub fn run(options: &Options) -> Result<(), Failure> {
    if let (Some(case), Some(path)) = (&options.case, &options.path) {
        return play(case, &Store::open(path)?);
    }
    println!("| object | time | peak of the moving process | peak of all segments |\n|---|---|---|---|");
    for (name, fill, change) in CASES {
        let directory = tempfile::tempdir()?;
        let before = segments()?;
        start(fill, directory.path())?.wait_with_output()?;
        let moving = start(change, directory.path())?;
        let answered = thread::spawn(move || moving.wait_with_output());
        let mut peak = 0;
        while !answered.is_finished() {
            peak = peak.max(segments()?.saturating_sub(before));
            thread::sleep(Duration::from_millis(1));
        }
        let output = answered.join().map_err(|_| "a thread has panicked")??;
        println!("| {name} | {} | {:.0} MiB |", String::from_utf8_lossy(&output.stdout).trim(), mib(peak));
        start("remove", directory.path())?.wait_with_output()?;
    }
    Ok(())
}

fn start(case: &str, path: &Path) -> io::Result<std::process::Child> {
    let program = std::env::current_exe()?;
    Command::new(program).arg("migration").arg(case).arg(path).stdout(Stdio::piped()).spawn()
}

fn play(case: &str, store: &Store) -> Result<(), Failure> {
    match case {
        "fill-map" => {
            let object = store.create::<before::Sessions>()?;
            for key in 0..ENTRIES as u64 {
                object.users.insert(key, [key as u16; 32])?;
            }
        }
        "fill-value" => {
            let object = store.create::<before::Picture>()?;
            object.pixels.update(|pixels| pixels.iter_mut().zip(0..).for_each(|(pixel, number)| *pixel = number));
        }
        "move-map" => measure::<after::Sessions>(store)?,
        "move-value" => measure::<after::Picture>(store)?,
        "widen-map" => measure::<wider::Sessions>(store)?,
        "widen-value" => measure::<wider::Picture>(store)?,
        _ => {
            for object in store.list()? {
                // Of any type: the id tells which.
                match object.id {
                    'M' => store.remove::<before::Sessions>()?,
                    _ => store.remove::<before::Picture>()?,
                }
            }
        }
    }
    Ok(())
}

fn measure<T: ShmObject + ShmId>(store: &Store) -> Result<(), Failure> {
    let started = Instant::now();
    let moved = store.migrate::<T>()?;
    let time = started.elapsed();
    assert!(moved.was_needed());
    println!("{:.0} ms | {:.0} MiB", time.as_secs_f64() * 1e3, mib(peak_memory()?));
    Ok(())
}

/// The most memory that this process has had, in bytes, with what it has mapped of segments.
fn peak_memory() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the kernel does not tell it")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

/// The memory of all segments, in bytes.
fn segments() -> Result<u64, Failure> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm")?;
    let mut lines = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let column = lines.next().and_then(|names| names.iter().position(|name| *name == "rss")).ok_or("no column")?;
    Ok(lines.filter_map(|line| line.get(column)?.parse::<u64>().ok()).sum())
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
