//! Sandboxes and kernels that refuse system calls: each operation works, or says which call was refused and what to do.
//! Each ends.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use shmstore_tests::peer::{Peer, actor_words};
use shmstore_tests::privilege::{GROUP, with_namespaces};
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

/// What must happen where some calls are refused.
#[derive(Clone, Copy)]
struct Row {
    /// With a blank between two of them.
    calls: &'static str,
    errnos: &'static [&'static str],
    /// The operations that fail, and what each must say. All others work.
    failures: &'static [(&'static str, &'static str)],
}

/// What seccomp filters answer.
const FILTERS: &[&str] = &["EPERM", "ENOSYS"];
/// The same, and what kernels answer to what they do not know.
const ALL: &[&str] = &["EPERM", "ENOSYS", "EINVAL"];

/// Calls without which everything works, whatever the kernel answers.
const UNNEEDED: &str = "fcntl(F_GETSIG) fcntl(F_SETSIG) fcntl(F_OFD_GETLK) fcntl(F_OFD_SETLK) ioctl(NS_GET_MNTNS_ID) \
    madvise(MADV_COLD) madvise(MADV_POPULATE_READ) madvise(MADV_REMOVE) madvise(MADV_WIPEONFORK) membarrier \
    pidfd_open renameat2 shmctl(IPC_INFO) shmctl(SHM_INFO) shmctl(SHM_STAT) shmctl(SHM_STAT_ANY) statx";

/// Calls without which everything works if a filter refuses them.
const MADE_UP_FOR: &str = "fchown fstat futex(FUTEX_WAIT) futex(FUTEX_WAKE) futex_waitv getrandom kill linkat mincore poll shmdt \
    sysinfo";

const fn fails(calls: &'static str, failures: &'static [(&'static str, &'static str)]) -> Row {
    Row { calls, errnos: FILTERS, failures }
}

const CURE: &str = "A sandbox, such as the seccomp filter of a container, seems to refuse this system call: let it allow \
                    the call. docs/requirements.md lists the system calls that shmstore needs";
const MISSING: &str = "does not exist";

const TABLE: &[Row] = &[
    Row { calls: "shmctl(SHM_STAT) shmctl(SHM_STAT_ANY)", errnos: ALL, failures: &[] },
    fails(
        "pidfd_open kill",
        &[
            ("a death after fork", "`Hold.lock` (`Lock`) is busy after "),
            ("a death after a raw clone", "`Hold.lock` (`Lock`) is busy after "),
        ],
    ),
    fails("linkat renameat2", &[("a name", "cannot make ")]),
    fails("fchmod", &[("a name", "cannot set (`fchmod`) the mode of ")]),
    fails(
        "flock",
        &[
            ("replace what the dead left", "cannot lock (`flock`) "),
            ("a name", "cannot lock (`flock`) "),
            ("create", "cannot lock (`flock`) "),
            ("attach", MISSING),
            ("grow", "cannot lock (`flock`) "),
            ("remove", "cannot lock (`flock`) "),
        ],
    ),
    fails(
        "madvise(MADV_POPULATE_WRITE)",
        &[("prefault", "cannot allocate (`madvise(MADV_POPULATE_WRITE)`) the memory of this `Frames<u8, 10000, 3>`")],
    ),
    fails("fstatfs", &[("open", "cannot ask (`fstatfs`) for the file system of ")]),
    fails(
        "getrandom read",
        &[
            ("a part in private memory", "Let the process use one of them"),
            ("frames", "Let the process use one of them"),
            ("open", "cannot draw a random number (`getrandom`, or /dev/urandom) to try the locks of "),
        ],
    ),
    fails(
        "shmat",
        &[
            ("replace what the dead left", "cannot attach (`shmat`, `shmctl(IPC_STAT)`) `Telemetry`"),
            ("create", "cannot attach (`shmat`, `shmctl(IPC_STAT)`) `Hold`"),
            ("attach", MISSING),
            ("grow", "cannot attach (`shmat`, `shmctl(IPC_STAT)`) `Small`"),
            ("remove", MISSING),
        ],
    ),
    fails(
        "shmctl(IPC_RMID)",
        &[
            ("replace what the dead left", "cannot remove (`shmctl(IPC_RMID)`) what was left of `Telemetry`"),
            ("migrate", "cannot remove (`shmctl(IPC_RMID)`) "),
            ("remove", "cannot remove (`shmctl(IPC_RMID)`) `Hold`"),
        ],
    ),
    fails(
        "shmctl(IPC_STAT)",
        &[
            ("replace what the dead left", "cannot attach (`shmat`, `shmctl(IPC_STAT)`) `Telemetry`"),
            ("create", "cannot attach (`shmat`, `shmctl(IPC_STAT)`) `Hold`"),
            ("attach", MISSING),
            ("grow", "cannot attach (`shmat`, `shmctl(IPC_STAT)`) `Small`"),
            ("remove", MISSING),
        ],
    ),
    fails(
        "shmget",
        &[
            ("replace what the dead left", "cannot look (`shmget`) for `Telemetry`"),
            ("a name", "cannot look (`shmget`) for the segments of a new file in "),
            ("create", "cannot look (`shmget`) for the journal of `Hold`"),
            ("attach", "cannot look (`shmget`) for `Hold`"),
            ("grow", "cannot look (`shmget`) for the journal of `Small`"),
            ("remove", "cannot look (`shmget`) for the journal of `Hold`"),
        ],
    ),
];

fn rows() -> impl Iterator<Item = Row> {
    let works = |calls: &'static str, errnos| calls.split(' ').map(move |calls| Row { calls, errnos, failures: &[] });
    works(UNNEEDED, ALL).chain(works(MADE_UP_FOR, FILTERS)).chain(TABLE.iter().copied())
}

/// Longer than any wait of the program, on a busy machine.
const LONGEST_MILLISECONDS: u64 = 5_000;

/// A process that is killed when its test has ended.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.0.kill();
        self.0.wait().expect("our own child");
    }
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// What the program said of each operation that was tried, in a sandbox and on a store where the creator of an object has
/// died.
fn outcomes(calls: &str, errno: &str, wrapper: &[&str]) -> BTreeMap<String, String> {
    let scratch = Scratch::new();
    if is_root() {
        // The root of a user namespace may have no number for the group.
        let _ = chown(scratch.path(), None, Some(GROUP));
    }
    Peer::killed_at(scratch.path(), "CreateInitializing", "create 1");
    outcomes_at(scratch.path(), calls, errno, wrapper)
}

/// The same, on any store; the program is started by another one if there is a `wrapper`.
fn outcomes_at(path: &Path, calls: &str, errno: &str, wrapper: &[&str]) -> BTreeMap<String, String> {
    let [program, role] = &actor_words("sandboxed");
    let words = wrapper.iter().map(OsStr::new).chain([program, role, path.as_os_str(), OsStr::new(errno)]);
    let words: Vec<&OsStr> = words.chain(calls.split_terminator(' ').map(OsStr::new)).collect();
    let started = Command::new(words[0]).args(&words[1..]).stdout(Stdio::piped()).spawn();
    let mut child = Killed(started.expect("a program of ours"));
    let ended = wait::until("a process in a sandbox to end", || child.0.try_wait().expect("our child"));
    let mut said = String::new();
    child.0.stdout.take().expect("piped").read_to_string(&mut said).expect("text");
    assert!(ended.success(), "{errno} for {calls:?}: {ended}, after {said}");
    let operation = |line: &str| {
        let [name, took, outcome] = line.splitn(3, '\t').collect::<Vec<_>>().try_into().expect("three columns");
        let took = took.parse::<u64>().expect("milliseconds");
        assert!(took < LONGEST_MILLISECONDS, "{errno} for {calls:?}: {line}");
        (name.to_owned(), outcome.to_owned())
    };
    said.lines().map(operation).collect()
}

#[test]
fn each_call_that_is_refused_is_made_up_for_or_named_with_the_cure() {
    let mut wrong = Vec::new();
    for Row { calls, errnos, failures } in rows() {
        for errno in errnos {
            let mut outcomes = outcomes(calls, errno, &[]);
            for (name, said) in failures {
                let outcome = outcomes.remove(*name).unwrap_or_default();
                if !(outcome.contains(said) && (outcome.ends_with(CURE) || !said.starts_with("cannot "))) {
                    wrong.push(format!(
                        "{errno} for {calls:?}: {name}: {outcome:?} does not say {said:?}, or not the cure"
                    ));
                }
            }
            let others = outcomes.into_iter().filter(|(_, outcome)| outcome != "ok");
            wrong.extend(others.map(|(name, outcome)| format!("{errno} for {calls:?}: {name}: {outcome}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `sysfs` is everywhere, and not known to lock.
#[test]
fn anchor_whose_locks_cannot_be_tried_is_refused_with_the_reason() {
    let outcomes = outcomes_at(Path::new("/sys/kernel"), "fcntl(F_OFD_SETLK)", "EINVAL", &[]);
    let said = "a sandbox or the kernel refuses to try them by `fcntl(F_OFD_SETLK)`: Invalid argument; tmpfs, ext4, XFS and \
                Btrfs do without a try";
    assert!(outcomes["open"].contains(said), "{outcomes:?}");
}

#[test]
fn nothing_fails_where_nothing_is_refused() {
    let outcomes = outcomes("", "EPERM", &[]);
    assert!(outcomes.values().all(|outcome| outcome == "ok") && outcomes.len() > 15, "{outcomes:?}");
}

#[test]
fn child_with_its_parents_number_is_told_from_it_where_pages_are_not_wiped() {
    with_namespaces(|| {
        let outcomes = outcomes("madvise(MADV_WIPEONFORK)", "EINVAL", &["unshare", "--pid", "--fork", "--kill-child"]);
        assert_eq!(outcomes["a death after fork into a new PID namespace"], "ok");
    });
}

#[test]
fn documentation_lists_each_call_and_says_whether_it_is_needed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/requirements.md");
    let text = fs::read_to_string(path).expect("docs/requirements.md");
    let mut listed: BTreeMap<&str, bool> = text.lines().filter_map(documented).collect();
    for Row { calls, failures, .. } in rows().filter(|row| !row.calls.contains(' ')) {
        let is_needed = listed.remove(calls).unwrap_or_else(|| panic!("docs/requirements.md does not list {calls}"));
        assert_eq!(is_needed, !failures.is_empty(), "{calls} is needed");
    }
    assert!(listed.is_empty(), "no test refuses {listed:?}");
}

/// The call that a line of the table is about, and whether it is needed.
fn documented(line: &str) -> Option<(&str, bool)> {
    let (call, rest) = line.strip_prefix("| `")?.split_once("` |")?;
    let refused = rest.trim_end().trim_end_matches('|').rsplit_once('|')?.1.trim();
    assert!(refused.starts_with("works") || refused.starts_with("error"), "{line}");
    Some((call, refused.starts_with("error")))
}
