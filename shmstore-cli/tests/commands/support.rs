//! The directory of a test, the program, a terminal for it, and segments that no store creates.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::AtomicU64;

use nix::pty::openpty;
use shmstore::inspect::Segment;
use shmstore::{Event, FixedString, Lock, ShmObject, ShmValue, Versioned};

pub(crate) use super::scratch::*;

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub(crate) enum Mode {
    Idle = 0,
    Driving = 1,
}

#[derive(ShmObject)]
#[repr(C)]
pub(crate) struct Wheel {
    pub(crate) turns: AtomicU64,
    pub(crate) speed: Versioned<f64>,
}

/// An object with some of everything.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub(crate) struct Rover {
    pub(crate) frames: AtomicU64,
    pub(crate) position: Versioned<Position>,
    pub(crate) mode: Versioned<Mode>,
    pub(crate) name: Versioned<FixedString<16>>,
    pub(crate) audit: Lock,
    pub(crate) news: Event,
    pub(crate) wheels: [Wheel; 2],
    pub(crate) samples: [AtomicU64; 20],
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
pub(crate) struct Counter {
    pub(crate) count: AtomicU64,
}

/// An object with the id of `Counter` and another layout.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C', name = "Counter")]
pub(crate) struct WiderCounter {
    pub(crate) count: AtomicU64,
    pub(crate) more: AtomicU64,
}

impl Scratch {
    /// Creates a segment without a store, in a process that ends. With `key` 0, it has no key.
    pub(crate) fn plant(&self, key: i32, size: u64) -> i32 {
        let script = "my $shmid = shmget($ARGV[0], $ARGV[1], 03600); die $! unless defined $shmid; print $shmid";
        let output = Command::new("perl").args(["-e", script, "--", &key.to_string(), &size.to_string()]).output();
        let output = output.expect("perl runs");
        let shmid = String::from_utf8_lossy(&output.stdout).parse();
        let shmid = shmid.unwrap_or_else(|_| panic!("no segment: {}", String::from_utf8_lossy(&output.stderr)));
        self.remove_at_end(shmid);
        shmid
    }

    pub(crate) fn copy(&self, of: &Segment, key: i32) -> i32 {
        let copy = self.plant(key, of.size);
        let script =
            "shmread($ARGV[0], my $bytes, 0, $ARGV[2]) or die $!; shmwrite($ARGV[1], $bytes, 0, $ARGV[2]) or die $!";
        perl(script, &[of.shmid.to_string(), copy.to_string(), of.size.to_string()]);
        copy
    }

    /// The program, run by another user who may read the directory. Returns `None` without root.
    pub(crate) fn program_of_another_user(&self) -> Option<Command> {
        if !nix::unistd::Uid::effective().is_root() {
            println!("skipped: only root can run a program as another user");
            return None;
        }
        // The other user can reach the copy. Another process makes it, because children of other threads have this
        // process's open files until they start their program, and Linux starts no program that somebody may write.
        let copy = self.join("shmstore");
        if !copy.exists() {
            let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_shmstore")).arg(&copy).status();
            assert!(copied.expect("cp runs").success());
        }
        for path in [self.path(), &copy] {
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("they are ours");
        }
        let mut program = Command::new("setpriv");
        program.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(copy);
        Some(program)
    }
}

fn perl(script: &str, args: &[String]) {
    let ended = Command::new("perl").args(["-e", script]).args(args).status();
    assert!(ended.expect("perl runs").success());
}

pub(crate) fn write_over(shmid: i32, offset: usize, word: u32) {
    let script = "shmwrite($ARGV[0], pack('L', $ARGV[2]), $ARGV[1], 4) or die $!";
    perl(script, &[shmid.to_string(), offset.to_string(), word.to_string()]);
}

pub(crate) fn write_path(shmid: i32, path: &str) {
    let script = "shmwrite($ARGV[0], $ARGV[1], 512, length $ARGV[1]) or die $!";
    perl(script, &[shmid.to_string(), path.to_owned()]);
    write_over(shmid, 68, path.len() as u32);
}

pub(crate) fn exists(shmid: i32) -> bool {
    Segment::of_shmid(shmid).is_ok()
}

/// Waits until a removed segment disappears. Other tests that list segments may have it attached for a moment.
pub(crate) fn until_gone(shmid: i32) {
    until("the end of a segment", || (!exists(shmid)).then_some(()));
}

#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shmstore"));
    program.env_remove("NO_COLOR").env("TERM", "xterm").stdin(Stdio::null());
    program
}

/// Runs the program without a terminal.
pub(crate) fn run<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> Ended {
    ended(program().args(args).output().expect("the program runs"))
}

pub(crate) fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        code: output.status.code().expect("no signal ended it"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The line that begins with a word, with one blank between columns.
    #[track_caller]
    pub(crate) fn line(&self, word: &str) -> String {
        let mut lines = self.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let line = lines.find(|line| line.first() == Some(&word));
        line.unwrap_or_else(|| panic!("no line of {word}: {self:?}")).join(" ")
    }
}

/// Runs the program on a terminal, and types a text. `out` has everything that the terminal shows.
pub(crate) fn on_terminal(mut command: Command, typed: &str) -> Ended {
    let pty = openpty(None, None).expect("a terminal");
    let end = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the program runs");
    drop(command);
    drop(pty.slave);
    let mut terminal = File::from(pty.master);
    terminal.write_all(typed.as_bytes()).expect("it is typed");
    let reader = std::thread::spawn(move || {
        let mut out = Vec::new();
        // This ends with an error when the program has closed the terminal.
        drop(terminal.read_to_end(&mut out));
        out
    });
    let status = until("the end of the program", || child.try_wait().expect("it is our child"));
    let out = String::from_utf8(reader.join().expect("it only reads")).expect("UTF-8");
    Ended { code: status.code().expect("no signal ended it"), out: out.replace("\r\n", "\n"), err: String::new() }
}

/// Runs a test of this name in its own IPC namespace. It may remove any segment there, and reach any limit.
pub(crate) fn alone(name: &str, test: impl FnOnce()) {
    const INSIDE: &str = "SHMSTORE_CLI_ALONE";
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.arg("--ipc").stdin(Stdio::null());
        if !nix::unistd::Uid::effective().is_root() {
            unshare.arg("--map-root-user");
        }
        unshare
    };
    if !unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "no IPC namespace can be made");
        println!("skipped: no IPC namespace can be made");
        return;
    }
    let this = std::env::current_exe().expect("it has a path");
    let args = ["--exact", name, "--nocapture", "--include-ignored", "--test-threads=1"];
    let output = unshare().arg(this).args(args).env(INSIDE, "1").output().expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{out}");
    assert!(output.status.success() && out.contains("1 passed"), "{out}{err}");
}
