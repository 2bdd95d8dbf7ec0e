//! Tests that need other users or namespaces, and what they do where those cannot be had.

use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::again;
use crate::peer::{Peer, actor_words, program_named};
use crate::scratch::{Scratch, set_mode};

/// A user of the tests: nobody's account, as no file of the system belongs to it.
pub const ALICE: u32 = 61_001;

pub const BOB: u32 = 61_002;

/// Trusted by every user, so no user refuses an anchor of root.
pub const ROOT: u32 = 0;

pub const GROUP: u32 = 61_000;

/// Says why a test could not be made here. Where nothing may be left out (CI), that is a failure.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "not to be skipped here: {reason}");
    // Not by `println!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

pub fn with_users<F: FnOnce()>(test: F) {
    as_root(&["--user", "--map-root-user", "--map-auto", "--ipc"], "--reuid=61001", again::name_of::<F>(), test);
}

/// Runs a test that needs namespaces of its own, as root. The test of an ordinary user runs as the root of a user namespace,
/// and of an IPC namespace with limits of its own. Where the machine does not allow that, the test is skipped.
pub fn with_namespaces<F: FnOnce()>(test: F) {
    as_root(ROOT_OF_NAMESPACES, "--reuid=0", again::name_of::<F>(), test);
}

/// Runs a test that needs namespaces of its own, as root, alone in a process that it may change.
pub fn alone_with_namespaces<F: FnOnce()>(test: F) {
    let name = again::name_of::<F>();
    as_root(ROOT_OF_NAMESPACES, "--reuid=0", name, || again::run("ALONE", &[], name, test));
}

/// Runs a test as process 1 of a PID namespace of its own.
pub fn as_process_1<F: FnOnce()>(test: F) {
    let name = again::name_of::<F>();
    as_root(ROOT_OF_NAMESPACES, "--reuid=0", name, || {
        if again::is_within("AS_PROCESS_1") || unshare(PID_NAMESPACE).is_some() {
            again::run("AS_PROCESS_1", &[&["unshare"], PID_NAMESPACE].concat(), name, test);
        }
    });
}

const ROOT_OF_NAMESPACES: &[&str] = &["--user", "--map-root-user", "--ipc"];

const PID_NAMESPACE: &[&str] = &["--pid", "--fork", "--kill-child", "--mount-proc"];

fn as_root(namespaces: &[&str], user: &str, name: &str, test: impl FnOnce()) {
    if nix::unistd::geteuid().is_root() {
        return test();
    }
    if unshare(&[namespaces, &["setpriv", user]].concat()).is_some() {
        again::run("AS_ROOT", &[&["unshare"], namespaces].concat(), name, test);
    }
}

/// Returns the command `unshare` with some arguments, to which a program can be added. Returns `None`, and says why, where
/// these namespaces cannot be had.
pub fn unshare(arguments: &[&str]) -> Option<Command> {
    let command = || {
        let mut command = Command::new("unshare");
        command.args(arguments);
        command
    };
    match command().arg("true").output() {
        Ok(output) if output.status.success() => return Some(command()),
        Ok(output) => skip(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => skip(&format!("`unshare` of util-linux: {error}")),
    }
    None
}

/// The command that starts an actor as process 1 of a PID namespace of its own, in our IPC namespace. `None`, and it is
/// said why, where that cannot be had.
pub fn in_pid_namespace(role: &str) -> Option<Command> {
    let mut command = unshare(PID_NAMESPACE)?;
    command.args(actor_words(role));
    Some(command)
}

/// The command that starts a peer on the store at `path`, in an IPC namespace of its own.
pub fn in_ipc_namespace(path: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.arg("--ipc").args(actor_words("peer")).arg(path);
    command
}

/// Makes a segment of mode 0666 at a key, by a process of a user that ends: on huge pages, which nothing reserves. Returns its number.
/// `None`, after saying why, where no such segment can be made. The caller is in an IPC namespace of its own, which the segment ends with.
pub fn plant_on_huge_pages(key: i32, size: usize, uid: u32) -> Option<String> {
    // IPC_CREAT | IPC_EXCL | SHM_HUGETLB | SHM_NORESERVE | 0666
    let script = "print shmget($ARGV[0], $ARGV[1], 0017666) // die $!";
    let capability = ["--inh-caps=+ipc_lock", "--ambient-caps=+ipc_lock"];
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={uid}")).args(capability).args(["perl", "-e", script]);
    let output = command.args([key.to_string(), size.to_string()]).output().expect("`setpriv` of util-linux");
    if !output.status.success() {
        skip(&format!("no segment on huge pages: {}", String::from_utf8_lossy(&output.stderr).trim()));
        return None;
    }
    Some(String::from_utf8(output.stdout).expect("a number"))
}

/// A directory with the group of the tests, and the program `actor` in a role for processes of several users.
pub struct Users {
    pub anchor: Scratch,
    pub program: PublicPeer,
}

impl Users {
    /// The directory belongs to `owner`, and has these permission bits.
    pub fn of(owner: u32, mode: u32, role: &'static str) -> Self {
        let anchor = Scratch::new();
        chown(anchor.path(), Some(owner), Some(GROUP)).expect("a directory of root's");
        set_mode(anchor.path(), mode);
        Self { anchor, program: PublicPeer::in_role(role) }
    }

    /// Starts a process of a user.
    pub fn start(&self, uid: u32, environment: &[(&str, &str)]) -> Peer {
        Peer::spawn(self.program.command_as(uid, self.anchor.path()).envs(environment.iter().copied()))
    }

    /// The command that starts a process which makes objects of this mode, and trusts Alice or Bob: the other one.
    pub fn command_as(&self, uid: u32, mode: &str) -> Command {
        let mut command = self.program.command_as(uid, self.anchor.path());
        let trusted = if uid == ALICE { BOB } else { ALICE }.to_string();
        command.env("PEER_TRUSTS", trusted).env("PEER_MODE", mode);
        command
    }
}

/// The program `actor` in a role, or another program, where every user can run it.
pub struct PublicPeer {
    program: PathBuf,
    role: Option<&'static str>,
    _directory: TempDir,
}

impl PublicPeer {
    pub fn new() -> Self {
        Self::in_role("peer")
    }

    pub fn in_role(role: &'static str) -> Self {
        Self { role: Some(role), ..Self::of(&program_named("actor")) }
    }

    pub fn of(original: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let readable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), readable).expect("our own directory");
        // By another process: a child that some other test forks while the copy is open for writing here would keep it
        // open, and what is open for writing cannot be run.
        let program = directory.path().join(original.file_name().expect("a program has a name"));
        let copied = Command::new("cp").arg(original).arg(&program).status();
        assert!(copied.expect("`cp` of coreutils").success(), "room for the program");
        Self { program, role: None, _directory: directory }
    }

    pub fn program(&self) -> PathBuf {
        self.program.clone()
    }

    /// The command that starts it as another user, on the store at `path`.
    pub fn command_as(&self, uid: u32, path: &Path) -> Command {
        let mut command = self.run_as(uid);
        command.arg(path);
        command
    }

    pub fn run_as(&self, uid: u32) -> Command {
        self.run_in_groups(uid, GROUP, None)
    }

    /// The command that starts it as another user with this primary group, and perhaps with another group besides.
    pub fn run_in_groups(&self, uid: u32, primary: u32, other: Option<u32>) -> Command {
        let mut command = Command::new("setpriv");
        let groups = other.map_or("--clear-groups".into(), |group| format!("--groups={group}"));
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={primary}")).arg(groups);
        command.arg(&self.program).args(self.role);
        command
    }
}

impl Default for PublicPeer {
    fn default() -> Self {
        Self::new()
    }
}
