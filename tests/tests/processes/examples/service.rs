//! The service on tokio: what it answers to clients that keep the rules, and to others.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use shmstore_tests::scratch::Scratch;
use shmstore_tests::{segments, wait};

use super::program::{Program, example, run_well, shmid_in};

/// The service, at a port that the kernel chooses.
struct Service {
    program: Program,
    address: String,
    shmid: i32,
    scratch: Scratch,
}

impl Service {
    fn start() -> Self {
        let scratch = Scratch::new();
        let mut program = Program::start(example("tokio").arg("127.0.0.1:0").current_dir(scratch.path()));
        let line = program.line_with("segment");
        let address = line.split(['/', ',']).nth(2).expect("an address").to_owned();
        Self { program, address, shmid: shmid_in(&line), scratch }
    }

    /// A client that has sent some bytes.
    fn client(&self, bytes: &[u8]) -> TcpStream {
        let mut client = TcpStream::connect(&self.address).expect("a connection");
        client.set_read_timeout(Some(wait::DEADLINE)).expect("a limit");
        client.write_all(bytes).expect("bytes are sent");
        client
    }

    /// What the service answers to some bytes.
    fn answer(&self, bytes: &[u8]) -> String {
        let mut answer = String::new();
        self.client(bytes).read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn ask(&self, request: &str) -> String {
        self.answer(format!("{request} HTTP/1.1\r\n\r\n").as_bytes())
    }

    /// Interrupts it, and checks that it leaves nothing.
    fn end(self) {
        self.program.signal("INT");
        let printed = self.program.output();
        assert!(printed.status.success() && printed.errors.is_empty(), "{printed:?}");
        segments::wait_until_gone(self.shmid);
        assert_eq!(fs::read_dir(self.scratch.path()).expect("it is there").count(), 0, "files are left");
    }
}

#[test]
fn a_service_on_tokio_answers_requests_that_wait() {
    let scratch = Scratch::new();
    let story = run_well(example("tokio").current_dir(scratch.path()));
    for part in [
        "GET /position?newer=5: 200 OK {\"version\":",
        "GET /position?newer=1000000&ms=100: 204 No Content\n",
        "POST /orders: 200 OK {\"order\":5}\nPOST /orders: 200 OK {\"order\":10}\n",
        "GET /position?newer=x: 400 Bad Request\n",
        "a long line: 431 Request Header Fields Too Large\n",
    ] {
        assert!(story.contains(part), "{part:?} is not in:\n{story}");
    }
    assert!(story.ends_with("\n200 requests waited for version 41 at the same time\n"), "{story}");
    segments::wait_until_gone(shmid_in(&story));
    assert_eq!(fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn clients_that_break_the_rules_of_http_stop_no_other_client() {
    let service = Service::start();
    let silent: Vec<TcpStream> = (0..50).map(|_| service.client(b"GET /position?newer=1 HTTP/1.1\r\nHost:")).collect();
    let cases: [(&[u8], &str); 8] = [
        (b"\r\n\r\n", "400 "),
        (b"GET  HTTP/1.1\r\n\r\n", "404 "),
        (b"GET /position HTTP/9\r\n\r\n", "400 "),
        (b"\xff\xfe\0\n", "400 "),
        (b"GET /position?newer=-1 HTTP/1.1\r\n\r\n", "400 "),
        (b"GET /position?newer=99999999999999999999 HTTP/1.1\r\n\r\n", "400 "),
        (b"POST /orders HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "413 "),
        (b"POST /orders HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "413 "),
    ];
    for (bytes, status) in cases {
        let answer = service.answer(bytes);
        let text = String::from_utf8_lossy(bytes);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{text:?}: {answer}");
    }
    let fields = "X: y\r\n".repeat(10_000);
    let answer = service.answer(format!("GET /position HTTP/1.1\r\n{fields}\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(service.ask("GET /position?newer=0").starts_with("HTTP/1.1 200 OK\r\n"));
    drop(silent);
    service.end();
}

#[test]
fn a_client_that_goes_away_in_its_request_takes_no_order() {
    let service = Service::start();
    let order = |answer: &str| {
        let (_, number) = answer.split_once("{\"order\":").unwrap_or_else(|| panic!("{answer}"));
        number.trim_end_matches("}\n").parse::<u64>().unwrap_or_else(|_| panic!("{answer}"))
    };
    let first = order(&service.ask("POST /orders"));
    let clients: Vec<TcpStream> = (0..20).map(|_| service.client(b"POST /orders HTTP/1.1\r\n")).collect();
    drop(clients); // in the middle of the request
    assert_eq!(order(&service.ask("POST /orders")), first + 5);
    service.end();
}
