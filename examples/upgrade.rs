//! A rolling upgrade: `cargo run --example upgrade`.
//!
//! Three versions of one program use one object. Each version has one field more than the version before. The object
//! has room, so it grows while the older programs use it. No program waits for another one to stop, and no value is
//! lost. The example starts itself as `upgrade v2 PATH` to run version 2, which makes one round for each line of its
//! input.

#![forbid(unsafe_code)]

use shmstore::{Shared, ShmObject, Store};
use std::error::Error;
use std::io::{BufRead, BufReader, Lines, Write, stdin};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;

const PATH: &str = "./upgrade-rover";

mod v1 {
    use shmstore::ShmObject;
    use std::sync::atomic::AtomicU64;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 4096)] // the object can grow to 4096 bytes in all
    pub(crate) struct Rover {
        pub(crate) frames: AtomicU64,
    }
}

mod v2 {
    use shmstore::{ShmObject, Versioned};
    use std::sync::atomic::AtomicU64;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 4096)]
    pub(crate) struct Rover {
        pub(crate) frames: AtomicU64,
        pub(crate) limit: Versioned<f64>,
    }
}

mod v3 {
    use shmstore::{Map, ShmObject, Versioned};
    use std::sync::atomic::AtomicU64;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 4096)]
    pub(crate) struct Rover {
        pub(crate) frames: AtomicU64,
        pub(crate) limit: Versioned<f64>,
        pub(crate) slips: Map<u32, u64, 8>,
    }
}

/// Version 1 counts frames.
fn run_v1(store: &Store) -> Result<(), Box<dyn Error>> {
    let rover = store.attach::<v1::Rover>()?;
    println!("{}", attached(&rover));
    rounds(|| Ok(format!("frame {}", rover.frames.fetch_add(1, Relaxed) + 1)))
}

/// Version 2 has a speed limit, too.
fn run_v2(store: &Store) -> Result<(), Box<dyn Error>> {
    let rover = store.attach::<v2::Rover>()?;
    println!("{}", attached(&rover));
    rounds(|| {
        // Version 0 means that no process has stored a limit.
        let limit = if rover.limit.version() == 0 { "none".into() } else { rover.limit.load().to_string() };
        Ok(format!("frame {}, limit {limit}", rover.frames.fetch_add(1, Relaxed) + 1))
    })
}

/// Version 3 sets a limit if no process has, and counts for each wheel how often it has slipped.
fn run_v3(store: &Store) -> Result<(), Box<dyn Error>> {
    let rover = store.attach::<v3::Rover>()?;
    println!("{}", attached(&rover));
    let mut limit = rover.limit.writer(); // no other process stores a limit meanwhile
    if limit.version() == 0 {
        limit.store(2.5);
    }
    drop(limit);
    rounds(|| {
        let times = rover.slips.get(&2)?.unwrap_or(0) + 1;
        rover.slips.insert(2, times)?;
        let frame = rover.frames.fetch_add(1, Relaxed) + 1;
        Ok(format!("frame {frame}, limit {}, wheel 2 slipped: {times}", rover.limit.load()))
    })
}

/// How the object came to have all fields of this version.
fn attached<T: ShmObject>(rover: &Shared<T>) -> String {
    match Shared::grown_from(rover) {
        Some(fields) => format!("starts, and extends the object, which had {fields} of its fields"),
        None => "starts, and finds all its fields".into(),
    }
}

/// Makes a round for each line of the input. Ends with the input, which is closed if the parent process ends.
fn rounds(mut round: impl FnMut() -> Result<String, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    for line in stdin().lines() {
        line?;
        println!("{}", round()?);
    }
    Ok(())
}

/// A program that runs.
struct Program {
    version: &'static str,
    process: Child,
    printed: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(version: &'static str) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args([version, PATH]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let printed = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let mut program = Self { version, process, printed };
        program.show()?;
        Ok(program)
    }

    fn round(&mut self) -> Result<(), Box<dyn Error>> {
        self.process.stdin.as_mut().ok_or("no input")?.write_all(b"\n")?;
        self.show()
    }

    fn show(&mut self) -> Result<(), Box<dyn Error>> {
        println!("{} {}", self.version, self.printed.next().ok_or("the program has ended")??);
        Ok(())
    }

    fn stop(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        println!("{} stops", self.version);
        if status.success() { Ok(()) } else { Err(status.to_string().into()) }
    }
}

fn upgrade() -> Result<(), Box<dyn Error>> {
    let mut first = Program::start("v1")?;
    first.round()?;
    let mut second = Program::start("v2")?;
    second.round()?;
    first.round()?; // it goes on as before
    first.stop()?;
    let mut first = Program::start("v1")?; // an older program may start at any time
    first.round()?;
    let mut third = Program::start("v3")?;
    third.round()?;
    second.round()?; // it sees the limit that version 3 has set
    first.round()?;
    first.stop()?;
    second.stop()?;
    third.round()?;
    third.stop()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["v1", path] => return run_v1(&Store::open(path)?),
        ["v2", path] => return run_v2(&Store::open(path)?),
        ["v3", path] => return run_v3(&Store::open(path)?),
        [] => {}
        _ => return Err("usage: upgrade [v1|v2|v3 PATH]".into()),
    }
    let store = Store::open_or_create(PATH)?;
    let info = Shared::info(&store.replace::<v1::Rover>()?);
    println!("an object with 1 field, in segment {}", info.map_or(0, |info| info.shmid));
    let upgraded = upgrade();
    store.remove::<v1::Rover>()?;
    std::fs::remove_dir(PATH)?; // after its objects
    upgraded
}
