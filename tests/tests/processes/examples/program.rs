//! A running example, what it prints, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::SystemTime;

use shmstore_tests::wait;

/// A running example; killed and reaped when dropped.
pub(super) struct Program {
    pub(super) child: Child,
    out: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    pub(super) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let out = lines_of(child.stdout.take().expect("piped"));
        let errors = lines_of(child.stderr.take().expect("piped"));
        Self { child, out, errors }
    }

    #[track_caller]
    pub(super) fn wait(&mut self) -> ExitStatus {
        wait::until("an example to end", || self.child.try_wait().expect("our own child"))
    }

    /// Waits for its end, and returns all it printed that nobody has read yet.
    #[track_caller]
    pub(super) fn output(mut self) -> Printed {
        let status = self.wait();
        let [out, errors] = [&self.out, &self.errors].map(|lines| lines.iter().collect());
        Printed { status, out, errors }
    }

    /// Waits for a line of standard output that has `part` in it.
    #[track_caller]
    pub(super) fn line_with(&mut self, part: &str) -> String {
        loop {
            match self.out.recv_timeout(wait::DEADLINE) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(error) => panic!("it does not say {part:?}: {error}"),
            }
        }
    }

    pub(super) fn signal(&self, name: &str) {
        shmstore_tests::peer::signal(self.child.id(), name);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that come through a pipe, ends of lines included, so that nobody need wait for them for ever.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).is_ok_and(|bytes| bytes > 0) && sender.send(std::mem::take(&mut line)).is_ok() {
        }
    });
    lines
}

/// What an example left on the screen.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) status: ExitStatus,
    pub(super) out: String,
    pub(super) errors: String,
}

/// An example as it was built with the tests. It is built now if it is missing, or older than its sources.
pub(super) fn example(name: &str) -> Command {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let test = std::env::current_exe().expect("a path of our own");
        let profile = test.ancestors().nth(2).expect("tests are built two levels below the profile's directory");
        let examples = profile.join("examples");
        let programs = [
            "camera",
            "demo",
            "foreign_types",
            "jobs",
            "lidar",
            "observe",
            "own_part",
            "parts",
            "quotes",
            "select",
            "ticks",
            "tokio",
            "transfer",
            "upgrade",
            "wait",
        ];
        let built = programs.map(|name| {
            let program = fs::metadata(examples.join(name)).and_then(|program| program.modified());
            program.unwrap_or(SystemTime::UNIX_EPOCH)
        });
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        let sources = ["examples", "shmstore/src", "shmstore-derive/src"].map(|sources| newest(&root.join(sources)));
        if sources.iter().max() > built.iter().min() {
            build_examples(profile);
        }
        examples
    });
    piped(Command::new(directory.join(name)))
}

/// The time at which the newest file below a directory was written.
fn newest(directory: &Path) -> SystemTime {
    let entries = fs::read_dir(directory).expect("a directory of sources").map(|entry| entry.expect("an entry").path());
    let times = entries.map(|path| match path.is_dir() {
        true => newest(&path),
        false => fs::metadata(path).and_then(|file| file.modified()).expect("a time"),
    });
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(super) fn piped(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn build_examples(profile: &Path) {
    let target = profile.parent().expect("a profile's directory is in the target directory");
    let release = profile.ends_with("release").then_some("--release");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "shmstore-examples", "--examples"]).args(release);
    let built = cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.expect("cargo").success(), "{cargo:?} failed");
}

#[track_caller]
pub(super) fn run(command: &mut Command) -> Printed {
    Program::start(command).output()
}

#[track_caller]
pub(super) fn run_well(command: &mut Command) -> String {
    let printed = run(command);
    assert!(printed.status.success() && printed.errors.is_empty(), "{command:?}: {printed:?}");
    printed.out
}

/// The number before the first `what` of a text.
#[track_caller]
pub(super) fn number_before(text: &str, what: &str) -> u64 {
    let (before, _) = text.split_once(what).unwrap_or_else(|| panic!("{what:?} is not in {text:?}"));
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().unwrap_or_else(|_| panic!("no number before {what:?} in {text:?}"))
}

/// The number behind the first `segment ` of a text.
pub(super) fn shmid_in(text: &str) -> i32 {
    let (_, rest) = text.split_once("segment ").expect("the segment is named");
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().expect("a number")
}
