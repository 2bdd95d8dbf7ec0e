//! Stores.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use shmstore::Shared;

use crate::client::{Answer, Request};
use crate::objects::{Position, Rover, rover, shmid};
use crate::scratch::Scratch;
use crate::server::{Server, serve};

/// A request with everything that a write needs.
fn write(server: &Server, path: &str, value: &str) -> Request {
    Request::post(path, value)
        .header("Authorization", &format!("Bearer {}", server.token()))
        .header("Origin", &format!("http://{}", server.address()))
        .header("Content-Type", "application/json")
}

fn field(rover: &Shared<Rover>, path: &str) -> String {
    format!("/api/objects/{}/fields/{path}", shmid(rover))
}

#[test]
fn value_is_stored_and_answered() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &["--write"]);
    let store = |path: &str, value: &str| server.request(write(&server, &field(&rover, path), value));
    let answer = store("position", r#"{"x": 2.5, "y": 3}"#).with(200);
    assert_eq!(answer.json(), serde_json::json!({ "version": 2, "locked": false, "value": { "x": 2.5, "y": 3.0 } }));
    assert_eq!(rover.position.load(), Position { x: 2.5, y: 3.0 });
    assert_eq!(store("position.x", "-1.5").with(200).json(), -1.5);
    assert_eq!(rover.position.load(), Position { x: -1.5, y: 3.0 });
    store("frames", "7").with(200);
    assert_eq!(rover.frames.load(Relaxed), 7);
    store("limits%5B%22speed%22%5D", "9.5").with(200);
    store("mode", "\"Idle\"").with(200);
    for (path, value, status) in [
        ("position", r#"{"x": 2.5}"#, 422),
        ("frames", "-1", 422),
        ("mode", "\"Flying\"", 422),
        ("audit", "true", 422),
        ("none", "1", 404),
        ("frames", "7 8", 400),
        ("frames", "", 400),
    ] {
        let answer = store(path, value).with(status);
        assert!(answer.json()["error"].is_string(), "{path} {value}");
    }
    assert_eq!(rover.frames.load(Relaxed), 7);
    let large = format!("\"{}\"", "x".repeat(70_000));
    let status = store("name", &large).status;
    assert_eq!(status, 413);
    assert!(Shared::participants(&rover).len() <= 2, "each store leaves its slot");
}

#[test]
fn value_is_stored_only_over_the_version_that_was_seen() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &["--write"]);
    let path = field(&rover, "position.x");
    assert_eq!(server.get(&path).with(200).header("etag"), Some("\"1\""));
    let over = |version: &str, value: &str| server.request(write(&server, &path, value).header("If-Match", version));
    over("\"1\"", "5").with(200);
    let refused: Answer = over("\"1\"", "6").with(409);
    assert!(refused.text().contains("version 2"), "{}", refused.text());
    over("2", "6").with(200);
    over("*", "7").with(200);
    over("x", "8").with(400);
    assert_eq!(rover.position.load().x, 7.0);
    let atomic = write(&server, &field(&rover, "frames"), "1").header("If-Match", "1");
    server.request(atomic).with(422);
}

#[test]
fn write_without_all_that_it_needs_is_refused() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &["--write"]);
    let (path, own) = (field(&rover, "frames"), format!("http://{}", server.address()));
    let bearer = format!("Bearer {}", server.token());
    let [token, origin, json] = [("Authorization", &*bearer), ("Origin", &*own), ("Content-Type", "application/json")];
    for (headers, status) in [
        (vec![origin, json], 401),
        (vec![("Authorization", "Bearer 0"), origin, json], 401),
        (vec![token, json], 403),
        (vec![token, ("Origin", "http://evil.example"), json], 403),
        (vec![token, origin, json, ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![token, origin], 415),
        (vec![token, origin, ("Content-Type", "text/plain")], 415),
        (vec![token, origin, ("Content-Type", "application/json; charset=utf-8")], 200),
    ] {
        let request =
            headers.iter().fold(Request::post(&path, "9"), |request, (name, value)| request.header(name, value));
        server.request(request).with(status);
        assert_eq!(rover.frames.load(Relaxed) == 9, status == 200);
    }
    let reads = serve(scratch.path(), &[]);
    let request = Request::post(&path, "1").header("Content-Type", "application/json");
    assert!(reads.request(request).with(403).text().contains("--write"));
}

#[test]
fn locked_part_and_removed_object_are_conflicts() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &["--write"]);
    let path = field(&rover, "position");
    let transaction = rover.position.begin();
    let since = Instant::now();
    server.request(write(&server, &path, r#"{"x": 1, "y": 1}"#)).with(409);
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    drop(transaction);
    server.request(write(&server, &path, r#"{"x": 1, "y": 1}"#)).with(200);
    drop(rover);
    scratch.store().remove::<Rover>().unwrap();
    let status = server.request(write(&server, &path, r#"{"x": 1, "y": 1}"#)).status;
    assert!([404, 409].contains(&status), "{status}");
}
