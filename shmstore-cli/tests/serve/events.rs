//! Server-sent events.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use shmstore::Shared;

use crate::client::{Request, connect};
use crate::objects::{Position, Rover, rover, rover_at, shmid};
use crate::scratch::{Scratch, until};
use crate::server::{Server, serve};

/// A client that reads events.
pub(crate) struct Listener {
    reader: BufReader<TcpStream>,
}

pub(crate) fn listen(server: &Server, object: Option<i32>) -> Listener {
    let path = object.map_or("/events".into(), |shmid| format!("/events?object={shmid}"));
    let mut stream = connect(server.address());
    stream.write_all(&Request::get(&path).bytes(server.address())).expect("it is sent");
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).expect("an answer"), 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 200") && head.to_lowercase().contains("text/event-stream"), "{head}");
    Listener { reader }
}

impl Listener {
    /// Returns the next event.
    pub(crate) fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.reader.read_line(&mut line).expect("an event"), 0, "the server has closed");
            // Lines between them have the lengths of the chunks.
            if let Some(json) = line.strip_prefix("data: ") {
                return serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
            }
        }
    }
}

#[test]
fn first_event_has_everything_and_the_next_ones_what_has_changed() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let mut listener = listen(&server, Some(shmid(&rover)));
    let first = listener.next();
    assert_eq!(first["objects"][0]["type"], "Rover");
    // Stores of position, mode, name; the notification; the items; the key.
    assert_eq!(first["objects"][0]["versions"], 3 + 1 + 2 + 1);
    assert_eq!(first["object"]["position"]["value"]["x"], 1.5);
    assert_eq!(first["processes"][0]["pid"], std::process::id());
    for (path, expected) in [
        ("frames", Value::from(u64::MAX)),
        ("position.x", 1.5.into()),
        ("position.y", "-inf".into()),
        ("mode", "Driving".into()),
        ("audit", "free".into()),
        ("jobs", 1.into()),
        ("samples[1]", 7.into()),
        ("limits[\"speed\"]", 2.5.into()),
    ] {
        assert_eq!(first["fields"][path], expected, "{path}");
    }
    assert_eq!(first["versions"]["position"], 1);
    assert_eq!(first["versions"]["news"], 1);
    assert_eq!(first["history"].as_array().map(Vec::len), Some(1));
    assert_eq!(first["history"][0][1]["position.x"], 1.5);

    let second = listener.next();
    let time = |event: &Value| event["time"].as_u64().expect("a time");
    assert!(time(&second) - time(&first) >= 200, "at most four a second");
    for absent in ["object", "history"] {
        assert!(second.get(absent).is_none(), "{absent}: {second}");
    }
    assert_eq!([&second["fields"], &second["versions"]], [&serde_json::json!({}); 2]);

    rover.position.store(Position { x: 2.5, y: f64::NEG_INFINITY });
    let changed = until("the change", || Some(listener.next()).filter(|event| event["fields"]["position.x"] == 2.5));
    assert_eq!(changed["fields"], serde_json::json!({ "position.x": 2.5 }));
    assert_eq!(changed["versions"], serde_json::json!({ "position": 2 }));
    assert_eq!(changed["object"]["position"]["version"], 2);

    // Who comes later gets what was seen meanwhile.
    let later = listen(&server, Some(shmid(&rover))).next();
    let history = later["history"].as_array().expect("a history").clone();
    assert!(history.len() >= 3, "{history:?}");
    assert_eq!([&history[0][1]["position.x"], &history[history.len() - 1][1]["position.x"]], [1.5, 2.5]);
}

#[test]
fn removed_object_is_null_and_the_next_one_is_in_the_list() {
    let scratch = Scratch::new();
    let first = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let mut listener = listen(&server, Some(shmid(&first)));
    listener.next();
    drop(first);
    scratch.store().remove::<Rover>().unwrap();
    until("the end", || listener.next().get("object").filter(|object| object.is_null()).map(drop));
    let second = rover_at(&scratch, "rover");
    let number = shmid(&second);
    until("the next one", || (listener.next()["objects"][0]["segment"] == number).then_some(()));
}

#[test]
fn object_that_comes_later_is_seen_by_its_listener() {
    let scratch = Scratch::new();
    let _store = scratch.store();
    let server = serve(scratch.path(), &[]);
    let mut all = listen(&server, None);
    let empty = all.next();
    assert_eq!(empty["objects"], serde_json::json!([]));
    assert!(empty.get("object").is_none(), "{empty}");
    let rover = rover(&scratch);
    until("the object", || (all.next()["objects"][0]["segment"] == shmid(&rover)).then_some(()));
}

#[test]
fn lock_of_a_dead_process_and_inconsistent_data_are_findings() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let mut listener = listen(&server, None);
    let is_ours = |finding: &&Value| finding["segment"] == shmid(&rover);
    let of = |event: &Value| event["findings"].as_array().expect("a list").iter().find(is_ours).cloned();
    assert_eq!(of(&listener.next()), None);
    let panicked = std::thread::scope(|scope| {
        let owner = scope.spawn(|| {
            let _guard = rover.audit.lock().unwrap();
            panic!("an owner panics, as this test wants it");
        });
        owner.join()
    });
    assert!(panicked.is_err());
    let finding = until("the finding", || of(&listener.next()));
    assert_eq!([&finding["severity"], &finding["part"]], ["mend", "audit"]);
    assert!(finding["found"].as_str().unwrap().contains("inconsistent"), "{finding}");
    assert_eq!(Shared::participants(&rover).len(), 1, "who listens takes no slot");
}

#[test]
fn client_that_never_reads_misses_ticks_and_a_fast_one_gets_all() {
    let scratch = Scratch::new();
    let rovers: Vec<_> = (0..40).map(|number| rover_at(&scratch, &format!("r{number}"))).collect();
    let server = serve(scratch.path(), &[]);
    let slow: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut stream = connect(server.address());
            let request = Request::get(&format!("/events?object={}", shmid(&rovers[0])));
            stream.write_all(&request.bytes(server.address())).expect("it is sent");
            stream
        })
        .collect();
    let mut fast = listen(&server, Some(shmid(&rovers[0])));
    fast.next();
    let since = Instant::now();
    let ticks = (0..40).map(|_| fast.next()).count();
    let taken = since.elapsed();
    assert!(taken < Duration::from_millis(250 * ticks as u64 + 2000), "{ticks} ticks took {taken:?}");
    drop(slow);
}

#[test]
fn seventeenth_listener_is_refused_until_one_leaves() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &[]);
    let mut listeners: Vec<_> = (0..16).map(|_| listen(&server, None)).collect();
    assert_eq!(status(&server), 503);
    server.get("/api/objects").with(200);
    server.get("/events?object=x").with(404);
    drop(listeners.pop());
    until("a free place", || (status(&server) == 200).then_some(()));
}

/// Returns the status with which the server answers a listener. An answer of events would not end.
fn status(server: &Server) -> u16 {
    let mut stream = connect(server.address());
    stream.write_all(&Request::get("/events").bytes(server.address())).expect("it is sent");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}
