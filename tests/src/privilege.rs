//! Tests that need other users or namespaces, and what they do where those cannot be had.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::peer;

/// A user of the tests: nobody's account, as no file of the system belongs to it.
pub const ALICE: u32 = 61_001;

/// Another.
pub const BOB: u32 = 61_002;

/// The group of both.
pub const GROUP: u32 = 61_000;

/// Set in a test that has been started again within namespaces of its own.
const WITHIN: &str = "SHMSTORE_TEST_WITHIN_NAMESPACES";

/// Says why a test could not be made here. Where nothing may be left out (CI), that is a failure.
///
/// # Panics
///
/// If `SHMSTORE_NO_SKIPS` is set.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "not to be skipped here: {reason}");
    // Not by `println!`, which the test harness keeps to itself when a test passes.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// Runs a test that needs other users, as root. See [`with_namespaces`].
///
/// # Panics
///
/// If the test does.
pub fn with_users(name: &str, test: impl FnOnce()) {
    as_root(&["--user", "--map-root-user", "--map-auto", "--ipc"], "--reuid=61001", name, test);
}

/// Runs a test that needs namespaces of its own, as root. An ordinary user's test runs as the root of a user namespace,
/// and of an IPC namespace with limits of its own; where the machine does not allow that, it is skipped.
///
/// `name` is the test's name, as the test binary knows it.
///
/// # Panics
///
/// If the test does.
pub fn with_namespaces(name: &str, test: impl FnOnce()) {
    as_root(&["--user", "--map-root-user", "--ipc"], "--reuid=0", name, test);
}

fn as_root(namespaces: &[&str], user: &str, name: &str, test: impl FnOnce()) {
    if std::env::var_os(WITHIN).is_some() || nix::unistd::geteuid().is_root() {
        return test();
    }
    let possible = Command::new("unshare").args(namespaces).args(["setpriv", user, "true"]).output();
    match possible {
        Ok(output) if output.status.success() => {}
        Ok(output) => return skip(String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => return skip(&format!("`unshare` of util-linux: {error}")),
    }
    let ourselves = std::env::current_exe().expect("a path of our own");
    let test = [name, "--exact", "--nocapture"];
    let status = Command::new("unshare").args(namespaces).arg(ourselves).args(test).env(WITHIN, "1").status();
    assert!(status.expect("it started a moment ago").success(), "failed within the user namespace");
}

/// The command that starts a program as process 1 of a PID namespace of its own, in our IPC namespace. `None`, and it is
/// said why, where that cannot be had.
///
/// # Panics
///
/// If there is no `unshare`; and as [`skip`].
pub fn in_pid_namespace(program: &Path) -> Option<Command> {
    let namespace = ["--pid", "--fork", "--kill-child", "--mount-proc"];
    let possible = Command::new("unshare").args(namespace).arg("true").output().expect("`unshare` of util-linux");
    if !possible.status.success() {
        skip(String::from_utf8_lossy(&possible.stderr).trim());
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(namespace).arg(program);
    Some(command)
}

/// Makes a segment of mode 0666 at a key, by a process of a user that ends: on huge pages, which nothing reserves. Returns its number.
/// `None`, after saying why, where no such segment can be made. The caller is in an IPC namespace of its own, which the segment ends with.
///
/// # Panics
///
/// If there is no `setpriv` or `perl`; and as [`skip`].
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

/// The `peer` program, or another, where every user can run it.
pub struct PublicPeer {
    program: PathBuf,
    _directory: TempDir,
}

impl PublicPeer {
    /// Copies it.
    ///
    /// # Panics
    ///
    /// If there is no room.
    pub fn new() -> Self {
        Self::of(&peer::program())
    }

    /// Copies another program.
    ///
    /// # Panics
    ///
    /// If there is no room.
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
        Self { program, _directory: directory }
    }

    /// Where it is.
    pub fn program(&self) -> PathBuf {
        self.program.clone()
    }

    /// The command that starts it as another user, on the store at `path`.
    pub fn command_as(&self, uid: u32, path: &Path) -> Command {
        let mut command = self.run_as(uid);
        command.arg(path);
        command
    }

    /// The command that starts it as another user.
    pub fn run_as(&self, uid: u32) -> Command {
        self.run_in_groups(uid, GROUP, None)
    }

    /// The command that starts it as another user with this primary group, and perhaps with another group besides.
    pub fn run_in_groups(&self, uid: u32, primary: u32, other: Option<u32>) -> Command {
        let mut command = Command::new("setpriv");
        let groups = other.map_or("--clear-groups".into(), |group| format!("--groups={group}"));
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={primary}")).arg(groups);
        command.arg(&self.program);
        command
    }
}

impl Default for PublicPeer {
    fn default() -> Self {
        Self::new()
    }
}
