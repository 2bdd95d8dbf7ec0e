//! An interrupted run leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The limit of every wait.
const LIMIT: Duration = Duration::from_secs(60);

/// The limit of the end of a killed process.
const SOON: Duration = Duration::from_secs(1);

/// On a busy machine a run may end before the test sees the moment of the interruption. Then the test begins it again.
const TRIES: usize = 10;

/// A run of one row. It is ended when this is dropped.
struct Run(Option<Child>);

impl Run {
    fn of(row: &str) -> Self {
        let mut compare = Command::new(env!("CARGO_BIN_EXE_shmstore-bench"));
        compare.args(["compare", "--quick", "--only", row]);
        let compare = compare.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(Some(compare.spawn().expect("the program")))
    }

    fn pid(&self) -> u32 {
        self.0.as_ref().expect("not ended").id()
    }

    /// Waits until `look` finds something. Returns `None` if the run ends before.
    fn until<T>(&mut self, look: impl Fn(u32) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if let Some(seen) = look(self.pid()) {
                return Some(seen);
            }
            if self.0.as_mut().expect("not ended").try_wait().expect("a child").is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("nothing of it was seen within {LIMIT:?}");
    }

    /// Interrupts it, as Ctrl-C does.
    fn interrupt(mut self) -> Output {
        let run = self.0.take().expect("not ended");
        kill(Pid::from_raw(run.id() as i32), Signal::SIGINT).expect("a child");
        run.wait_with_output().expect("a child")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(mut run) = self.0.take() {
            let _ = kill(Pid::from_raw(run.id() as i32), Signal::SIGTERM);
            drop(run.wait());
        }
    }
}

/// Begins a row, repeatedly if necessary, until `look` finds something in it, and interrupts it then.
fn interrupted<T>(row: &str, look: impl Fn(u32) -> Option<T>) -> (u32, T, Output) {
    for _ in 0..TRIES {
        let mut run = Run::of(row);
        if let Some(seen) = run.until(&look) {
            return (run.pid(), seen, run.interrupt());
        }
    }
    panic!("`{row}` ended each time before anything was seen of it");
}

fn ended_quietly(output: &Output) {
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(128 + Signal::SIGINT as i32), "{printed}");
    assert!(!printed.contains("panicked") && !printed.contains("error"), "{printed}");
}

/// Returns the number of segments that a process has created.
fn segments(maker: u32) -> usize {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
    let of = |line: &str| line.split_ascii_whitespace().nth(4).and_then(|pid| pid.parse().ok());
    table.lines().filter(|line| of(line) == Some(maker)).count()
}

/// Finds a child of a process by the name of its program.
fn child(parent: u32, program: &str) -> Option<u32> {
    let pids =
        fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_it = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let Some((name, rest)) = status.rsplit_once(") ") else { return false };
        let mut fields = rest.split(' ');
        fields.next() != Some("Z")
            && fields.next() == Some(&parent.to_string())
            && name.split_once('(').is_some_and(|(_, name)| name == program)
    };
    pids.into_iter().find(is_it)
}

/// Returns `true` if a process still runs.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|status| !status.contains(") Z "))
}

#[test]
fn a_run_interrupted_among_many_objects_leaves_no_segment() {
    let many = |pid| (segments(pid) > 300).then_some(());
    let (pid, (), output) = interrupted("many-list", many);
    assert_eq!(segments(pid), 0, "segments in `ipcs -m` created by {pid}");
    ended_quietly(&output);
}

#[test]
fn a_run_interrupted_beside_its_partner_ends_it() {
    let partner = |pid| child(pid, "shmstore-bench").filter(|_| segments(pid) > 4);
    let (pid, partner, output) = interrupted("load-64-busy", partner);
    assert_eq!(segments(pid) + segments(partner), 0, "segments in `ipcs -m` created by {pid} or {partner}");
    assert!(!is_alive(partner));
    ended_quietly(&output);
}

#[test]
fn a_run_interrupted_while_compiling_ends_the_compiler() {
    let compiling = |pid| {
        let cargo = child(pid, "cargo")?;
        let rustc = child(cargo, "rustc")?;
        // This crate takes seconds, so a compiler that is gone at once was ended.
        let is_long = fs::read_to_string(format!("/proc/{rustc}/cmdline")).is_ok_and(|line| line.contains("\0syn\0"));
        is_long.then_some([cargo, rustc])
    };
    let (_, compiling, output) = interrupted("derive", compiling);
    let deadline = Instant::now() + SOON;
    while compiling.into_iter().any(is_alive) {
        assert!(Instant::now() < deadline, "{compiling:?} still run");
        std::thread::sleep(Duration::from_millis(1));
    }
    let left = fs::read_dir(std::env::temp_dir()).expect("a directory").flatten().map(|entry| entry.path());
    let left: Vec<_> = left.filter(|path| is_left_behind(path)).collect();
    assert!(left.is_empty(), "{left:?}");
    ended_quietly(&output);
}

/// Returns `true` for the directory on disk of a run that has ended.
fn is_left_behind(path: &Path) -> bool {
    let place = path.file_name().and_then(|name| name.to_str()?.strip_prefix("disk-of-"));
    place.is_some_and(|place| !Path::new("/dev/shm").join(place).exists())
}
