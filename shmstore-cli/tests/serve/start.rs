//! The start and the end of the server.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::client::{Request, answer};
use crate::objects::{rover, shmid};
use crate::scratch::Scratch;
use crate::server::{program, serve, started};

fn fails(args: &[&str], code: i32, says: &[&str]) {
    let output = program().arg("serve").args(args).output().expect("the program runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
    for says in says {
        assert!(error.contains(says), "{args:?}: {error}");
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_advice() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &[]);
    let [path, token] = [scratch.path().to_str().unwrap().to_owned(), scratch.text("token")];
    fails(&[&scratch.text("none")], 3, &["none"]);
    fails(&["--listen", server.address(), &path], 4, &["another program does", "--listen 127.0.0.1:0"]);
    fails(&["--listen", "192.0.2.1:0", &path], 4, &["no such address", "ip address"]);
    fails(&["--listen", "9464", &path], 2, &["127.0.0.1:9464"]);
    fails(&["--listen", "0.0.0.0:0", "--write", &path], 4, &["--insecure", "ssh -L"]);
    fails(&["--allow-user", "no-such-user-here", &path], 2, &["getent passwd"]);
    fails(&["--token-file", &token, &path], 1, &["token"]);
    std::fs::write(&token, "0123456789abcdef\n").unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o644)).unwrap();
    fails(&["--token-file", &token, &path], 4, &["mode is 0644", "chmod 600"]);
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&token, "short").unwrap();
    fails(&["--token-file", &token, &path], 4, &["16", "openssl"]);
    fails(&["--listen", &format!("unix:{token}"), &path], 4, &["no socket"]);
}

#[test]
fn signal_ends_the_server_within_a_second_also_while_somebody_listens() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let mut listener = crate::events::listen(&server, Some(shmid(&rover)));
    listener.next();
    let since = Instant::now();
    let status = server.end_by(Signal::SIGTERM);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    assert_eq!(status.code(), Some(0), "{status:?}");
}

#[test]
fn unix_socket_is_for_its_owner_and_is_removed_at_the_end() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let socket = scratch.join("socket");
    let address = format!("unix:{}", socket.display());
    let serve = || {
        let mut program = program();
        program.args(["serve", "--listen", &address]).arg(scratch.path());
        started(program)
    };
    let server = serve();
    assert!(server.shown.starts_with(&address), "{}", server.shown);
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let get = |path: &str| {
        let mut stream = UnixStream::connect(&socket).expect("it listens");
        stream.write_all(&Request::get(path).bytes("localhost")).expect("it is sent");
        answer(stream)
    };
    get(&format!("/api/objects/{}", shmid(&rover))).with(200);
    fails(&["--listen", &address, scratch.path().to_str().unwrap()], 4, &["another program does"]);
    assert_eq!(server.end_by(Signal::SIGTERM).code(), Some(0));
    assert!(!socket.exists());

    // A server that was killed leaves the socket. The next one takes its place.
    let killed = serve();
    killed.end_by(Signal::SIGKILL);
    assert!(socket.exists());
    let next = serve();
    get("/healthz").with(200);
    next.end_by(Signal::SIGTERM);
}

#[test]
fn nobody_asks_so_nothing_is_done() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    server.get("/metrics").with(200);
    let mut listener = crate::events::listen(&server, Some(shmid(&rover)));
    listener.next();
    drop(listener);
    let switches = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("it runs");
        let counts = tasks.flatten().filter_map(|task| {
            let status = std::fs::read_to_string(task.path().join("status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        });
        counts.sum::<u64>()
    };
    // The last tick ends, and so do the threads that nobody needs any more.
    crate::scratch::until("two quiet seconds", || {
        let before = switches();
        std::thread::sleep(Duration::from_secs(2));
        (switches() == before).then_some(())
    });
}
