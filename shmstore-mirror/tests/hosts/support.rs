//! Hosts: network namespaces with IPC and mount namespaces of their own, and a cable between two of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::board::ACTOR;

const MIRROR: &str = env!("CARGO_BIN_EXE_shmstore-mirror");

/// Returns `false`, and says why, if this process may make no namespaces.
pub(crate) fn may_make_hosts() -> bool {
    let is_root = nix::unistd::Uid::effective().is_root();
    if !is_root {
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "only root can make network namespaces");
        println!("skipped: only root can make network namespaces");
    }
    is_root
}

/// Runs a command that has to succeed.
pub(crate) fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits for a condition, at most 30 seconds.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
    started.elapsed()
}

/// Two hosts, a cable between them, and certificates for both.
pub(crate) struct Pair {
    pub(crate) one: Host,
    pub(crate) other: Host,
    pub(crate) cable: Cable,
}

impl Pair {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() * 64 % 1_000_000 + NEXT.fetch_add(1, Relaxed);
        let directory = tempfile::tempdir().expect("a temporary directory");
        crate::certificates::write(directory.path(), &["rover", "rover7", "control", "stranger"]);
        let one = Host::new(&format!("shm{number}a"), "10.7.7.1", &directory);
        let other = Host::new(&format!("shm{number}b"), "10.7.7.2", &directory);
        let cable = Cable::between(&one, &other, directory);
        Self { one, other, cable }
    }
}

/// A host. Its end ends all its processes.
pub(crate) struct Host {
    namespace: String,
    address: &'static str,
    /// It keeps the IPC and the mount namespace.
    keeper: Child,
    pub(crate) directory: PathBuf,
    certificates: PathBuf,
}

impl Host {
    fn new(namespace: &str, address: &'static str, directory: &TempDir) -> Self {
        run("ip", &["netns", "add", namespace]);
        run("ip", &["-n", namespace, "link", "set", "lo", "up"]);
        run("ip", &["-n", namespace, "tuntap", "add", "dev", "shm0", "mode", "tap"]);
        run("ip", &["-n", namespace, "address", "add", &format!("{address}/24"), "dev", "shm0"]);
        let own = directory.path().join(namespace);
        std::fs::create_dir(&own).expect("a new directory");
        let keeper = Command::new("ip")
            .args(["netns", "exec", namespace, "unshare", "--ipc", "--mount", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "sh", "-c", "echo up; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut keeper = keeper.expect("`unshare` of util-linux runs");
        let mut line = String::new();
        BufReader::new(keeper.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("it says `up`");
        Self {
            namespace: namespace.to_owned(),
            address,
            keeper,
            directory: own,
            certificates: directory.path().to_owned(),
        }
    }

    /// A command that runs on this host.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        // The child of `unshare` is the first process of the PID namespace.
        let children = format!("/proc/{0}/task/{0}/children", self.keeper.id());
        let inner = std::fs::read_to_string(children).expect("`unshare` runs");
        let inner = inner.split_whitespace().next().expect("`unshare` has a child").to_owned();
        let mut command = Command::new("nsenter");
        command.args(["--target", &inner, "--net", "--ipc", "--mount", "--pid"]).arg("--").arg(program);
        command
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::start(self, &self.directory)
    }

    /// An actor that uses the copies of this host.
    pub(crate) fn reader(&self) -> Actor {
        Actor::start(self, &self.copies())
    }

    pub(crate) fn copies(&self) -> PathBuf {
        self.directory.join("copies")
    }

    fn certificate(&self, name: &str, kind: &str) -> String {
        self.certificates.join(format!("{name}.{kind}")).display().to_string()
    }

    /// The flags for a host with the certificate of one name that says it has another.
    fn flags(&self, certificate: &str, name: &str) -> Vec<String> {
        let mut flags = vec!["--host".into(), name.into()];
        flags.extend(["--authority".into(), self.certificate("authority", "pem")]);
        flags.extend(["--certificate".into(), self.certificate(certificate, "pem")]);
        flags.extend(["--key".into(), self.certificate(certificate, "key")]);
        flags
    }

    /// Exports all objects of the directory as `rover`, for `control`.
    pub(crate) fn exporter(&self) -> Mirror {
        self.exporter_with("rover", "rover")
    }

    pub(crate) fn exporter_with(&self, certificate: &str, name: &str) -> Mirror {
        let mut command = self.command(MIRROR);
        command
            .arg("export")
            .args(self.flags(certificate, name))
            .args(["--listen", &format!("tls/{}:7447", self.address)]);
        Mirror::start(command.args(["--to", "control"]).arg(&self.directory))
    }

    /// Imports from `rover` as a host of this name.
    pub(crate) fn importer_as(&self, name: &str, from: &Host, more: &[&str]) -> Mirror {
        self.import(("rover", from), name, more)
    }

    /// Imports from a host of another name than `rover`.
    pub(crate) fn importer_of(&self, origin: &str, name: &str, from: &Host) -> Mirror {
        self.import((origin, from), name, &[])
    }

    fn import(&self, (origin, from): (&str, &Host), name: &str, more: &[&str]) -> Mirror {
        let mut command = self.command(MIRROR);
        command.arg("import").args(self.flags(name, name)).args(["--connect", &format!("tls/{}:7447", from.address)]);
        command.args(["--from", origin, "--directory"]).arg(self.copies()).args(more);
        if !more.contains(&"--name") {
            command.args(["--name", "*"]);
        }
        Mirror::start(&mut command)
    }

    pub(crate) fn importer(&self, from: &Host) -> Mirror {
        self.importer_as("control", from, &[])
    }

    /// What `shmstore-mirror status --json` says of the copies.
    pub(crate) fn status(&self) -> Value {
        let output = self.command(MIRROR).args(["status", "--json"]).arg(self.copies()).output().expect("it runs");
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// The state of a copy in the status.
    pub(crate) fn state_of(&self, name: &str) -> String {
        let status = self.status();
        let copies = status["copies"].as_array().cloned().unwrap_or_default();
        let copy = copies.iter().find(|copy| copy["name"] == name);
        copy.map_or_else(String::new, |copy| copy["state"].as_str().unwrap_or_default().to_owned())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The end of the first process of a PID namespace ends all others, and its IPC namespace goes with them.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).status();
    }
}

/// The cable between two hosts.
pub(crate) struct Cable {
    wire: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    _directory: TempDir,
}

impl Cable {
    fn between(one: &Host, other: &Host, directory: TempDir) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/wire.py");
        let wire = Command::new("python3")
            .arg(script)
            .args([&one.namespace, "shm0", &other.namespace, "shm0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut wire = wire.expect("python3 runs");
        let (stdin, stdout) = (wire.stdin.take().expect("a pipe"), wire.stdout.take().expect("a pipe"));
        let mut cable = Self { wire, stdin, stdout: BufReader::new(stdout), _directory: directory };
        cable.wait();
        for host in [one, other] {
            run("ip", &["-n", &host.namespace, "link", "set", "shm0", "up"]);
        }
        cable
    }

    /// Replaces the settings of the cable: see `wire.py`.
    pub(crate) fn set(&mut self, settings: &Value) {
        writeln!(self.stdin, "{settings}").expect("the cable takes settings");
        self.wait();
    }

    fn wait(&mut self) {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the cable answers");
        assert_eq!(line, "ok\n");
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = self.wire.kill();
        let _ = self.wire.wait();
    }
}

/// A program that uses objects.
pub(crate) struct Actor {
    child: Child,
    /// `None` at the end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Actor {
    fn start(host: &Host, directory: &Path) -> Self {
        let own = std::env::current_exe().expect("the test has a path");
        let mut command = host.command(own);
        command.args(["actor", "--exact", "--ignored", "--nocapture"]).env(ACTOR, directory);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`nsenter` runs");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        Self { child, stdin, stdout: BufReader::new(stdout) }
    }

    /// Gives a command, whose answer is read by [`answer`](Self::answer).
    pub(crate) fn tell(&mut self, command: &str) {
        let stdin = self.stdin.as_mut().expect("it has not ended");
        writeln!(stdin, "{command}").expect("the actor lives");
    }

    #[track_caller]
    pub(crate) fn answer(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).expect("text") > 0, "the actor has ended");
            if let Some(answer) = line.trim().strip_prefix("ANSWER ") {
                return serde_json::from_str(answer).expect("JSON");
            }
        }
    }

    /// Gives a command, and returns its answer, which is no error.
    #[track_caller]
    pub(crate) fn ask(&mut self, command: &str) -> Value {
        let answer = self.try_ask(command);
        assert!(answer.get("error").is_none(), "{command}: {answer}");
        answer
    }

    #[track_caller]
    pub(crate) fn try_ask(&mut self, command: &str) -> Value {
        self.tell(command);
        self.answer()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.stdin.take());
        let _ = std::io::copy(&mut self.stdout, &mut std::io::sink());
        let _ = self.child.wait();
    }
}

/// An exporter or an importer.
pub(crate) struct Mirror {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    said: Vec<String>,
}

impl Mirror {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("`nsenter` runs");
        let (tell, lines) = std::sync::mpsc::channel();
        let pipes: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("a pipe")), Box::new(child.stderr.take().expect("a pipe"))];
        for pipe in pipes {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let _ = tell.send(line);
                }
            });
        }
        Self { child, lines, said: Vec::new() }
    }

    /// All lines that it has printed.
    pub(crate) fn said(&mut self) -> &[String] {
        self.said.extend(self.lines.try_iter());
        &self.said
    }

    /// Waits for a line with this text.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while !self.said().iter().any(|line| line.contains(text)) {
            assert!(Instant::now() < end, "waited for {text:?}, and it said {:#?}", self.said);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until so many lines have a text.
    #[track_caller]
    pub(crate) fn says_again(&mut self, text: &str, times: usize) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.said().iter().filter(|line| line.contains(text)).count() < times {
            assert!(Instant::now() < end, "waited for {text:?}, and it said {:#?}", self.said);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        // `nsenter` into a PID namespace forks, and waits for its child.
        let own = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let of_child = children.split_whitespace().next().and_then(|pid| pid.parse().ok());
        let pid = nix::unistd::Pid::from_raw(of_child.unwrap_or(own as i32));
        nix::sys::signal::kill(pid, signal).expect("it runs");
    }

    /// Waits for its end with an error, and returns its lines.
    pub(crate) fn failed(mut self) -> String {
        let status = self.child.wait().expect("it has ended");
        // The pipes end with the process.
        while let Ok(line) = self.lines.recv() {
            self.said.push(line);
        }
        assert!(!status.success(), "{:#?}", self.said);
        self.said.join("\n")
    }

    pub(crate) fn kill(mut self) {
        self.signal(nix::sys::signal::Signal::SIGKILL);
        self.child.wait().expect("it has ended");
    }

    /// Ends it as a service manager does, and returns what it has printed.
    pub(crate) fn end(mut self) -> Vec<String> {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        let started = Instant::now();
        let status = self.child.wait().expect("it has ended");
        assert!(status.success(), "{status}: {:#?}", self.said());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        self.said().to_vec()
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(nix::sys::signal::Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}
