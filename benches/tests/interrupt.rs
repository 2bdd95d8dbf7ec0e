//! A run that is interrupted leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Nothing here takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// Who is killed has ended by then.
const SOON: Duration = Duration::from_secs(1);

/// A run ends before it is seen at what it should be interrupted in if the machine is busy with others: then it is begun again.
const TRIES: usize = 10;

/// Begins to measure a row. Ended when dropped.
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

    /// Waits for what is looked for. `None` if the run ends before.
    fn until<T>(&mut self, look: impl Fn(u32) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if let Some(seen) = look(self.pid()) {
                return Some(seen);
            }
            if self.0.as_mut().expect("not ended").try_wait().expect("our own child").is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("nothing of it was seen within {LIMIT:?}");
    }

    /// Interrupts it, as Ctrl-C does.
    fn interrupt(mut self) -> Output {
        let run = self.0.take().expect("not ended");
        kill(Pid::from_raw(run.id() as i32), Signal::SIGINT).expect("our own child");
        run.wait_with_output().expect("our own child")
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

/// Begins a row again and again, until what is looked for is seen, and interrupts it then.
fn interrupted<T>(row: &str, look: impl Fn(u32) -> Option<T>) -> (u32, T, Output) {
    for _ in 0..TRIES {
        let mut run = Run::of(row);
        if let Some(seen) = run.until(&look) {
            return (run.pid(), seen, run.interrupt());
        }
    }
    panic!("`{row}` was over each time before anything was seen of it");
}

fn ended_quietly(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(128 + Signal::SIGINT as i32), "{said}");
    assert!(!said.contains("panicked") && !said.contains("error"), "{said}");
}

/// How many segments in `ipcs -m` a process has made.
fn segments(maker: u32) -> usize {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
    let of = |line: &str| line.split_ascii_whitespace().nth(4).and_then(|pid| pid.parse().ok());
    table.lines().filter(|line| of(line) == Some(maker)).count()
}

/// The process that another one has started, by the name of its program.
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

/// Whether a process does anything any more.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|status| !status.contains(") Z "))
}

#[test]
fn a_run_interrupted_among_many_objects_leaves_no_segment() {
    let many = |pid| (segments(pid) > 300).then_some(());
    let (pid, (), output) = interrupted("many-list", many);
    let left = segments(pid);
    assert_eq!(left, 0, "segments in `ipcs -m` made by {pid}");
    ended_quietly(&output);
}

#[test]
fn a_run_interrupted_beside_its_partner_ends_it() {
    let partner = |pid| child(pid, "shmstore-bench").filter(|_| segments(pid) > 4);
    let (pid, partner, output) = interrupted("load-64-busy", partner);
    assert_eq!(segments(pid) + segments(partner), 0, "segments in `ipcs -m` made by {pid} or {partner}");
    assert!(!is_alive(partner));
    ended_quietly(&output);
}

#[test]
fn a_run_interrupted_in_compiling_ends_the_compiler() {
    let compiling = |pid| {
        let cargo = child(pid, "cargo")?;
        let rustc = child(cargo, "rustc")?;
        // One that takes seconds, so that it is seen whether it was ended or has ended.
        let is_long = fs::read_to_string(format!("/proc/{rustc}/cmdline")).is_ok_and(|line| line.contains("\0syn\0"));
        is_long.then_some([cargo, rustc])
    };
    let (_, compiling, output) = interrupted("derive", compiling);
    let deadline = Instant::now() + SOON;
    while compiling.into_iter().any(is_alive) {
        assert!(Instant::now() < deadline, "{compiling:?} go on");
        std::thread::sleep(Duration::from_millis(1));
    }
    let left = fs::read_dir(std::env::temp_dir()).expect("a directory").flatten().map(|entry| entry.path());
    let left: Vec<_> = left.filter(|path| is_of_no_place(path)).collect();
    assert!(left.is_empty(), "{left:?}");
    ended_quietly(&output);
}

/// Whether it is the directory on disk of a run that is over.
fn is_of_no_place(path: &Path) -> bool {
    let place = path.file_name().and_then(|name| name.to_str()?.strip_prefix("disk-of-"));
    place.is_some_and(|place| !Path::new("/dev/shm").join(place).exists())
}
