//! What a mirror costs, beside zenoh itself in the same run.
//!
//!     cargo bench --bench mirror                   # all tables, about two minutes
//!     cargo bench --bench mirror -- idle           # one of round-trips, sustained, idle
//!     cargo bench --bench mirror -- --quick        # that it runs, in seconds
//!
//! All processes are on this machine and talk by plain TCP on loopback. Objects and copies have directories of their
//! own. The round trip of an object is: a store here, exporter, importer, a waiting program that stores back, exporter,
//! importer, a waiting program here. That of zenoh is: a put here, a callback that puts back, a callback here. The two
//! take turns, so a busy moment of the machine slows both.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use shmstore::{ReadOnly, Shared, ShmObject, Store, Versioned};
use zenoh::{Config, Session, Wait};

const MIRROR: &str = env!("CARGO_BIN_EXE_shmstore-mirror");
const ROLE: &str = "SHMSTORE_MIRROR_BENCH";
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A value of N bytes with a number in front.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'P', name = "Ball")]
struct Ball<const N: usize> {
    value: Versioned<[u8; N]>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'I')]
struct Idle {
    value: Versioned<[u64; 8]>,
    count: std::sync::atomic::AtomicU64,
}

/// Removes its objects at the end.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("shmstore-mirror-bench").tempdir().expect("a temporary directory"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        for sub in ["", "copies"] {
            let Ok(store) = Store::open(self.path().join(sub)) else { continue };
            for name in store.names().unwrap_or_default() {
                let Ok(named) = store.open_named(&name) else { continue };
                for id in ['P', 'I', 'M'] {
                    drop(named.remove_id(id));
                }
            }
        }
    }
}

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// The time of the processor that it has used.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it runs");
        let after_name = stat.rsplit(')').next().expect("a name");
        let ticks: u64 =
            after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
        // USER_HZ is 100 on all targets of shmstore.
        Duration::from_millis(ticks * 10)
    }

    fn memory_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("RssAnon")).expect("a process has memory");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1024.0
    }
}

fn export(host: &str, port: u16, directory: &Path) -> Process {
    let mut command = Command::new(MIRROR);
    command.args(["export", "--insecure", "--host", host, "--listen", &format!("tcp/127.0.0.1:{port}")]);
    start(command.arg(directory))
}

fn import(host: &str, from: &str, port: u16, directory: &Path, most: usize) -> Process {
    let mut command = Command::new(MIRROR);
    command.args(["import", "--insecure", "--host", host, "--from", from, "--name", "*"]);
    command.args(["--max-objects", &most.to_string(), "--connect", &format!("tcp/127.0.0.1:{port}")]);
    start(command.arg("--directory").arg(directory.join("copies")))
}

fn start(command: &mut Command) -> Process {
    Process(command.stdout(Stdio::null()).spawn().expect("it runs"))
}

/// This program as another process, with a role.
fn own(role: &str) -> Process {
    let mut command = Command::new(std::env::current_exe().expect("it has a path"));
    Process(command.env(ROLE, role).stdin(Stdio::piped()).spawn().expect("it runs"))
}

fn main() {
    if let Ok(role) = std::env::var(ROLE) {
        return play(&role.split(' ').collect::<Vec<_>>());
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick" || arg == "--test");
    let chosen = |table: &str| args.iter().all(|arg| arg.starts_with("--")) || args.iter().any(|arg| arg == table);
    if chosen("round-trips") {
        println!("| round trip | through two mirrors | zenoh itself | ratio (at most 1.5) |\n|---|---|---|---|");
        let rounds = if quick { 2 } else { 30 };
        round_trips::<64>("64 B", rounds, 100, 18_510);
        round_trips::<4096>("4 KiB", rounds, 100, 18_520);
        round_trips::<{ 1 << 20 }>("1 MiB", rounds, 10, 18_530);
    }
    if chosen("sustained") {
        println!();
        sustained(if quick { 1 } else { 10 });
    }
    if chosen("idle") {
        println!();
        idle(if quick { 50 } else { 1000 }, if quick { 2 } else { 20 });
    }
}

/// A free port for each process: from `port` on.
fn round_trips<const N: usize>(what: &str, rounds: usize, pings: usize, port: u16) {
    let (here, there) = (Directory::new(), Directory::new());
    let out = create::<N>(&here, "ping");
    let back = create::<N>(&there, "pong");
    let _processes = [
        export("here", port, here.path()),
        import("there", "here", port, there.path(), 16),
        export("there", port + 1, there.path()),
        import("here", "there", port + 1, here.path(), 16),
        own(&format!("return {N} {} {}", there.path().display(), port)),
        own(&format!("echo {}", port + 2)),
    ];
    drop(back);
    let view = attached::<N>(&here.path().join("copies"), "pong");
    let session = peer(&format!(r#"{{ connect: {{ endpoints: ["tcp/127.0.0.1:{}"] }} }}"#, port + 2));
    let (tell, answers) = channel();
    let _subscriber = session.declare_subscriber("bench/pong").callback(move |sample| {
        drop(tell.send(sample.payload().to_bytes()[..8].to_vec()));
    });
    let _subscriber = _subscriber.wait().expect("a subscriber");
    let publisher = session.declare_publisher("bench/ping").express(true).wait().expect("a publisher");
    let mut bytes = vec![0_u8; N];
    let mut number = 0_u64;
    let mut zenoh_ping = || {
        number += 1;
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        let started = Instant::now();
        loop {
            publisher.put(bytes.clone()).wait().expect("a put");
            // The first ones are lost while the two connect.
            let left = Duration::from_millis(if number == 1 { 100 } else { 10_000 });
            match answers.recv_timeout(left) {
                Ok(answer) if answer == number.to_le_bytes() => return started.elapsed(),
                Ok(_) => {}
                Err(_) => assert!(number == 1 && started.elapsed() < LONGEST_WAIT, "zenoh does not answer"),
            }
        }
    };
    zenoh_ping();
    let (mut value, mut answer) = (Box::new([0_u8; N]), Box::new([0_u8; N]));
    let (mut shm_number, mut seen) = (0_u64, 0);
    let mut shm_ping = || {
        shm_number += 1;
        value[..8].copy_from_slice(&shm_number.to_le_bytes());
        let started = Instant::now();
        out.value.store_from(&value);
        while answer[..8] != value[..8] {
            seen = view.value.wait_newer_into(seen, &mut answer, LONGEST_WAIT).expect("the ball comes back");
        }
        started.elapsed()
    };
    shm_ping();
    let (mut by_mirror, mut by_zenoh) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        by_mirror.extend((0..pings).map(|_| shm_ping()));
        by_zenoh.extend((0..pings).map(|_| zenoh_ping()));
    }
    let (mirror, zenoh) = (median(&mut by_mirror), median(&mut by_zenoh));
    let ratio = mirror.as_secs_f64() / zenoh.as_secs_f64();
    println!("| {what} | {} µs | {} µs | {ratio:.2} |", mirror.as_micros(), zenoh.as_micros());
}

fn create<const N: usize>(directory: &Directory, name: &str) -> Shared<Ball<N>> {
    let store = Store::open(directory.path()).and_then(|store| store.open_or_create_named(name)).expect("a store");
    store.create().expect("room for an object")
}

/// The object or the copy, as soon as it is there.
fn attached<const N: usize>(directory: &Path, name: &str) -> ReadOnly<Ball<N>> {
    let started = Instant::now();
    loop {
        let store = Store::open(directory).and_then(|store| store.open_named(name));
        if let Ok(view) = store.map_err(shmstore::Error::from).and_then(|store| Ok(store.attach_view()?)) {
            return view;
        }
        assert!(started.elapsed() < LONGEST_WAIT, "there is no {name} in {}", directory.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A zenoh session of two programs that know each other's address.
fn peer(endpoints: &str) -> Session {
    let mut config = Config::from_json5(endpoints).expect("a config");
    for (key, value) in
        [("mode", "\"peer\""), ("scouting/multicast/enabled", "false"), ("scouting/gossip/enabled", "false")]
    {
        config.insert_json5(key, value).expect("a setting");
    }
    zenoh::open(config).wait().expect("a session")
}

/// What another process of this program does.
fn play(role: &[&str]) {
    match role {
        ["echo", port] => {
            let session = peer(&format!(r#"{{ listen: {{ endpoints: ["tcp/127.0.0.1:{port}"] }} }}"#));
            let publisher = session.declare_publisher("bench/pong").express(true).wait().expect("a publisher");
            let echo = move |sample: zenoh::sample::Sample| drop(publisher.put(sample.payload().clone()).wait());
            let _subscriber = session.declare_subscriber("bench/ping").callback(echo).wait().expect("a subscriber");
            until_the_end();
        }
        ["return", size, directory, _] => match *size {
            "64" => give_back::<64>(directory),
            "4096" => give_back::<4096>(directory),
            _ => give_back::<{ 1 << 20 }>(directory),
        },
        other => panic!("no role {other:?}"),
    }
}

/// Stores in one object what comes in the copy of another one.
fn give_back<const N: usize>(directory: &str) {
    let directory = PathBuf::from(directory);
    let view = attached::<N>(&directory.join("copies"), "ping");
    let store = Store::open(&directory).and_then(|store| store.open_named("pong")).expect("a store");
    let back = store.attach::<Ball<N>>().expect("the object is there");
    let (mut value, mut seen) = (Box::new([0; N]), 0);
    while let Ok(version) = view.value.wait_newer_into(seen, &mut value, Duration::MAX) {
        seen = version;
        back.value.store_from(&value);
    }
}

fn until_the_end() {
    drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Stores without a pause: how many of them are seen in the copy, and what that costs both sides.
fn sustained(seconds: u64) {
    println!("| stores without a pause | stored a second | seen in the copy a second | exporter | importer |");
    println!("|---|---|---|---|---|");
    sustained_of::<64>("64 B", seconds, 18_540);
    sustained_of::<4096>("4 KiB", seconds, 18_542);
    sustained_of::<{ 1 << 20 }>("1 MiB", seconds, 18_544);
}

fn sustained_of<const N: usize>(what: &str, seconds: u64, port: u16) {
    let (here, there) = (Directory::new(), Directory::new());
    let out = create::<N>(&here, "ping");
    let exporter = export("here", port, here.path());
    let importer = import("there", "here", port, there.path(), 16);
    let view = attached::<N>(&there.path().join("copies"), "ping");
    let value = Box::new([7; N]);
    out.value.store_from(&value);
    while view.value.version() == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let (before, cpu) = (view.value.version(), (exporter.cpu(), importer.cpu()));
    let (started, mut stored) = (Instant::now(), 0_u64);
    while started.elapsed() < Duration::from_secs(seconds) {
        out.value.store_from(&value);
        stored += 1;
        // A writer at 20,000 a second leaves the two cores to the mirrors.
        std::thread::sleep(Duration::from_micros(1));
    }
    let elapsed = started.elapsed().as_secs_f64();
    let share = |now: Duration, then: Duration| (now - then).as_secs_f64() / elapsed * 100.0;
    let seen = view.value.version() - before;
    println!(
        "| {what} | {:.0} | {:.0} | {:.0} % of a core | {:.0} % of a core |",
        stored as f64 / elapsed,
        seen as f64 / elapsed,
        share(exporter.cpu(), cpu.0),
        share(importer.cpu(), cpu.1)
    );
}

/// Many objects in which nothing happens, and the time until a new host has them all.
fn idle(objects: usize, seconds: u64) {
    let (here, there) = (Directory::new(), Directory::new());
    let store = Store::open(here.path()).expect("a store");
    let name = |at: usize| format!("object{at}");
    let of_name = |at: usize| store.open_or_create_named(&name(at)).expect("a name").create::<Idle>().expect("room");
    let all: Vec<Shared<Idle>> = (0..objects).map(of_name).collect();
    all.iter().for_each(|object| _ = object.value.store([1; 8]));
    let exporter = export("here", 18_550, here.path());
    // The exporter is up when another program finds its port open.
    let began = Instant::now();
    while std::net::TcpStream::connect("127.0.0.1:18550").is_err() {
        assert!(began.elapsed() < LONGEST_WAIT);
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_secs(2));
    let joined = Instant::now();
    let importer = import("there", "here", 18_550, there.path(), objects);
    let copies = there.path().join("copies");
    let usable = |at: usize| {
        let attach = || Store::open(&copies).and_then(|store| store.open_named(&name(at)));
        let view = attach().ok().and_then(|store| store.attach_view::<Idle>().ok());
        view.is_some_and(|view| view.value.version() > 0)
    };
    let wait_for = |what: &dyn Fn() -> bool| {
        while !what() {
            assert!(joined.elapsed() < LONGEST_WAIT * 3, "the copies do not come");
            std::thread::sleep(Duration::from_millis(1));
        }
        joined.elapsed()
    };
    let first = wait_for(&|| (0..objects).any(usable));
    let last = wait_for(&|| {
        let status = shmstore_mirror::status::attach(&copies).expect("a status");
        status.copies.len() == objects && (0..objects).all(usable)
    });
    std::thread::sleep(Duration::from_secs(2));
    let (cpu, started) = ((exporter.cpu(), importer.cpu()), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let share = |now: Duration, then: Duration| (now - then).as_secs_f64() / started.elapsed().as_secs_f64() * 100.0;
    println!("| {objects} idle objects | exporter | importer |\n|---|---|---|");
    println!("| CPU, of a core | {:.1} % | {:.1} % |", share(exporter.cpu(), cpu.0), share(importer.cpu(), cpu.1));
    println!("| memory | {:.0} MiB | {:.0} MiB |", exporter.memory_mib(), importer.memory_mib());
    println!("\nFrom the start of the importer: the first copy after {first:.0?}, all after {last:.0?}.");
}
