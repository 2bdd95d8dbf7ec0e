//! Clients that take more than their share.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::client::{Request, answer, connect};
use crate::events::listen;
use crate::objects::{rover, shmid};
use crate::scratch::{Scratch, until};
use crate::server::serve;

#[test]
fn ten_thousand_half_open_clients_do_not_harm_one_that_listens() {
    const CLIENTS: usize = 10_000;
    const BATCH: usize = 250;
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let mut fast = listen(&server, Some(shmid(&rover)));
    fast.next();
    let (address, mut ticks, since) = (server.address().to_owned(), 0, Instant::now());
    let flood = std::thread::spawn(move || {
        for _ in 0..CLIENTS / BATCH {
            let batch: Vec<TcpStream> = (0..BATCH)
                .filter_map(|_| {
                    let mut stream = TcpStream::connect(&address).ok()?;
                    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").ok()?;
                    Some(stream)
                })
                .collect();
            drop(batch);
        }
    });
    while !flood.is_finished() || ticks < 8 {
        fast.next();
        ticks += 1;
    }
    flood.join().expect("it only connects");
    let taken = since.elapsed();
    assert!(taken < Duration::from_millis(260 * ticks + 2000), "{ticks} ticks took {taken:?}");
    until("an answer", || {
        let mut stream = connect(server.address());
        stream.write_all(&Request::get("/healthz").bytes(server.address())).ok()?;
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        bytes.starts_with(b"HTTP/1.1 200").then_some(())
    });
}

#[test]
fn sixty_fifth_client_is_told_and_silent_ones_are_let_go_of() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &[]);
    let since = Instant::now();
    let silent: Vec<TcpStream> = (0..64).map(|_| connect(server.address())).collect();
    let refused = until("a refusal", || {
        let mut stream = connect(server.address());
        // The server may have closed before.
        drop(stream.write_all(&Request::get("/healthz").bytes(server.address())));
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        bytes.starts_with(b"HTTP/1.1 503").then_some(bytes)
    });
    assert!(String::from_utf8_lossy(&refused).contains("64 clients"));
    // Each of them is closed by the server.
    for mut stream in silent {
        drop(stream.read(&mut [0; 512]));
    }
    let taken = since.elapsed();
    assert!(taken > Duration::from_secs(4) && taken < Duration::from_secs(9), "{taken:?}");
    server.get("/healthz").with(200);
}

#[test]
fn long_header_is_refused() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &[]);
    let long = Request::get("/healthz").header("X", &"x".repeat(9000));
    server.request(long).with(431);
    server.request(Request::get("/healthz").header("X", &"x".repeat(6000))).with(200);
    let mut garbage = connect(server.address());
    garbage.write_all(b"\0\x01\x02 nonsense\r\n\r\n").expect("it is sent");
    assert_eq!(answer(garbage).status, 400);
}
