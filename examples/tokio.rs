//! A service on tokio with shared state behind it: `cargo run --example tokio`.
//!
//! The program starts a process that stores positions and pushes orders. One thread serves them by HTTP. A request that
//! has to wait is a future among others, so hundreds of them need no further thread. If the time is over, or the client
//! goes away, the future is dropped, and no version or order is lost.
//!
//! Without an address the program sends some requests to itself, and ends. With one it serves until Ctrl-C:
//!
//! ```sh
//! cargo run --example tokio -- 127.0.0.1:8080
//! curl -i '127.0.0.1:8080/position?newer=5'      # waits for a version newer than 5: 204 after 10 s
//! curl -i -X POST '127.0.0.1:8080/orders?ms=500' # waits for an order: 204 after 500 ms
//! ```

#![forbid(unsafe_code)]

use shmstore::error::{PopError, PushError};
use shmstore::queue::Job;
use shmstore::{Queue, Shared, ShmObject, ShmValue, Store, Versioned, WaitError};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::parent_id;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// The limits for clients.
const MOST_CLIENTS: usize = 500;
const MOST_OF_A_HEAD: u64 = 8 << 10;
const TO_READ_OR_WRITE: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Position {
    x: f64,
    y: f64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'V')]
struct Van {
    position: Versioned<Position>,
    orders: Queue<u64, 64>,
}

/// The answer to a request.
struct Answer<'a> {
    status: &'static str,
    body: String,
    /// The order in the body. It returns to the queue unless it is done.
    job: Option<Job<'a, u64, 64>>,
}

impl From<&'static str> for Answer<'_> {
    fn from(status: &'static str) -> Self {
        Self { status, body: String::new(), job: None }
    }
}

impl Van {
    /// Waits for what a request asks for.
    async fn answer(&self, request: &Request<'_>) -> Result<Answer<'_>, shmstore::Error> {
        let (body, job) = match (request.method, request.path) {
            ("GET", "/position") => {
                let (version, Position { x, y }) = match request.newer {
                    Some(seen) => self.position.newer(seen).await?,
                    None => self.position.load_versioned(),
                };
                (format!("{{\"version\":{version},\"x\":{x},\"y\":{y}}}\n"), None)
            }
            ("POST", "/orders") => {
                let job = self.orders.take_async().await?;
                (format!("{{\"order\":{}}}\n", *job), Some(job))
            }
            _ => return Ok("404 Not Found".into()),
        };
        Ok(Answer { status: "200 OK", body, job })
    }

    /// Serves one request of a client.
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let head = timeout(TO_READ_OR_WRITE, read_head(&mut client)).await;
        let head = head.unwrap_or(Err("408 Request Timeout"));
        let answer = match head.as_deref().map_err(|status| *status).and_then(Request::parse) {
            Err(status) => status.into(),
            // The futures that are not ready are dropped. So a client that has gone takes no order.
            Ok(request) => tokio::select! {
                answer = self.answer(&request) => answer.unwrap_or_else(|error| status_of(&error).into()),
                () = sleep(request.limit) => "204 No Content".into(),
                _ = client.read_u8() => return Ok(()), // it has gone, or sends more than a request
            },
        };
        let Answer { status, body, job } = answer;
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{length}\r\n{body}");
        timeout(TO_READ_OR_WRITE, client.write_all(text.as_bytes())).await??;
        if let Some(job) = job {
            job.done().map_err(io::Error::other)?;
        }
        client.shutdown().await?;
        // A client that still sends would be told of a broken connection before it reads the answer.
        let mut rest = client.take(64 << 10);
        timeout(Duration::from_secs(1), tokio::io::copy(&mut rest, &mut tokio::io::sink())).await??;
        Ok(())
    }
}

/// Reads the request line and the header fields.
async fn read_head(client: &mut TcpStream) -> Result<String, &'static str> {
    let (mut lines, mut head) = (BufReader::new(client.take(MOST_OF_A_HEAD)), String::new());
    while !head.ends_with("\r\n\r\n") {
        match lines.read_line(&mut head).await {
            Ok(1..) => {}
            Ok(0) if lines.get_ref().limit() == 0 => return Err("431 Request Header Fields Too Large"),
            _ => return Err("400 Bad Request"),
        }
    }
    Ok(head)
}

struct Request<'a> {
    method: &'a str,
    path: &'a str,
    newer: Option<u64>,
    limit: Duration,
}

impl<'a> Request<'a> {
    fn parse(head: &'a str) -> Result<Self, &'static str> {
        const BAD: &str = "400 Bad Request";
        let (line, fields) = head.split_once("\r\n").ok_or(BAD)?;
        let [method, target, "HTTP/1.0" | "HTTP/1.1"] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(BAD);
        };
        let has_body = fields.lines().filter_map(|field| field.split_once(':')).any(|(name, value)| {
            name.eq_ignore_ascii_case("transfer-encoding")
                || name.eq_ignore_ascii_case("content-length") && value.trim() != "0"
        });
        if has_body {
            return Err("413 Content Too Large");
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self { method, path, newer: None, limit: LONGEST_WAIT };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, number) = parameter.split_once('=').ok_or(BAD)?;
            let number = number.parse().map_err(|_| BAD)?;
            match name {
                "newer" => request.newer = Some(number),
                "ms" => request.limit = LONGEST_WAIT.min(Duration::from_millis(number)),
                _ => return Err(BAD),
            }
        }
        Ok(request)
    }
}

fn status_of(error: &shmstore::Error) -> &'static str {
    match error {
        shmstore::Error::Wait(WaitError::Removed { .. }) | shmstore::Error::Pop(PopError::Removed { .. }) => "410 Gone",
        _ => "500 Internal Server Error",
    }
}

async fn serve_all(van: Shared<Van>, listener: TcpListener) {
    let free = Arc::new(Semaphore::new(MOST_CLIENTS));
    loop {
        let permit = free.clone().acquire_owned().await;
        match listener.accept().await {
            Ok((client, _)) => {
                let van = van.clone();
                tokio::spawn(async move {
                    // An error concerns this client alone.
                    let _ = van.serve(client).await;
                    drop(permit);
                });
            }
            // Most often there are too many open files.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Sends a request, and returns the status and the body.
async fn ask(address: SocketAddr, request: String) -> io::Result<String> {
    let (mut server, mut answer) = (TcpStream::connect(address).await?, String::new());
    server.write_all(format!("{request} HTTP/1.1\r\nHost: van\r\n\r\n").as_bytes()).await?;
    server.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or("").trim_start_matches("HTTP/1.1 ");
    Ok(format!("{status} {body}").trim_end().to_owned())
}

/// Sends some requests, and prints the answers.
async fn show(address: SocketAddr) -> io::Result<()> {
    let mut waiting = Vec::new();
    for _ in 0..200 {
        waiting.push(tokio::spawn(ask(address, "GET /position?newer=40".into())));
    }
    for request in [
        "GET /position",
        "GET /position?newer=5",
        "GET /position?newer=1000000&ms=100",
        "POST /orders",
        "POST /orders",
        "GET /orders",
        "GET /position?newer=x",
    ] {
        println!("{request}: {}", ask(address, request.into()).await?);
    }
    println!("a long line: {}", ask(address, format!("GET /{}", "x".repeat(20_000))).await?);
    let mut answered = 0;
    for answer in waiting {
        answered += u32::from(answer.await??.starts_with("200 OK {\"version\":"));
    }
    println!("{answered} requests waited for version 41 at the same time");
    Ok(())
}

/// The process that drives. If its parent is gone, it removes the object and ends.
fn drive() -> Result<(), Box<dyn Error>> {
    let store = Store::open("./tokio-van")?;
    let van = store.attach::<Van>()?;
    let creator = Shared::info(&van).and_then(|info| info.creator_pid);
    for step in 1.. {
        if creator != Some(parent_id()) {
            break;
        }
        van.position.store(Position { x: step as f64 / 8.0, y: 1.5 });
        if step % 5 == 0 {
            match van.orders.try_push(step) {
                Err(PushError::Full { .. }) => {} // while nobody takes orders
                pushed => pushed?,
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(store.remove::<Van>()?)
}

#[tokio::main(flavor = "current_thread")]
async fn run(van: &Shared<Van>, address: Option<&str>) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address.unwrap_or("127.0.0.1:0")).await?;
    let bound = listener.local_addr()?;
    println!("http://{bound}, segment {}", Shared::info(van).map_or(0, |info| info.shmid));
    tokio::select! {
        () = serve_all(van.clone(), listener) => {}
        shown = show(bound), if address.is_none() => shown?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    if address.as_deref() == Some("drive") {
        return drive();
    }
    let store = Store::open_or_create("./tokio-van")?;
    let van = store.replace::<Van>()?;
    let mut driver = Command::new(std::env::current_exe()?).arg("drive").spawn()?;
    let served = run(&van, address.as_deref());
    driver.kill()?;
    driver.wait()?;
    store.remove::<Van>()?;
    std::fs::remove_dir("./tokio-van")?; // after its object
    served
}
