//! The paths, and that their bytes are those of the commands.

use std::path::Path;

use shmstore::{Shared, ShmObject};
use std::sync::atomic::AtomicU64;

use crate::client::{Answer, Request};
use crate::objects::{rover, rover_at, shmid};
use crate::scratch::{Scratch, until};
use crate::server::{program, serve};

/// What the command prints.
fn printed(args: &[&str]) -> String {
    let output = program().args(args).output().expect("the program runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn bytes_are_those_of_the_commands() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let (server, path, shmid) = (serve(scratch.path(), &[]), scratch.text("rover"), shmid(&rover));
    let below = scratch.path().to_str().unwrap();
    let of_object = format!("/api/objects/{shmid}");
    for (asked, args) in [
        ("/api/objects".to_owned(), vec!["ls", "--json", below]),
        (of_object.clone(), vec!["show", "--json", &path]),
        (format!("{of_object}/schema"), vec!["schema", "--json", &path]),
        (format!("{of_object}/fields/position"), vec!["get", "--json", &path, "position"]),
        (format!("{of_object}/fields/position.x"), vec!["get", "--json", &path, "position.x"]),
        (format!("{of_object}/fields/samples%5B1%5D"), vec!["get", "--json", &path, "samples[1]"]),
        (format!("{of_object}/fields/limits%5B%22speed%22%5D"), vec!["get", "--json", &path, "limits[\"speed\"]"]),
        ("/api/doctor".to_owned(), vec!["doctor", "--json", below]),
    ] {
        // The age of an object and the number of segments change with time.
        until(&asked, || {
            let (answer, expected) = (server.get(&asked).with(200), printed(&args));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            (answer.text() == expected).then_some(())
        });
    }
    let full = printed(&["get", "--json", &path, "samples"]);
    assert_eq!(server.get(&format!("{of_object}/fields/samples")).with(200).text(), full);
    assert_eq!(Shared::participants(&rover).len(), 1, "the server takes no slot");
}

#[test]
fn layout_is_a_picture_without_style_sheet_and_script() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let svg = server.get(&format!("/api/objects/{}/layout.svg", shmid(&rover))).with(200);
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    let text = svg.text();
    assert!(text.contains("position: Versioned&lt;Position&gt;") && text.ends_with("</svg>\n"), "{text}");
    assert!(!text.contains("style") && !text.contains("<script"), "{text}");
}

#[test]
fn page_is_served_plain_and_compressed_with_the_headers_of_each_answer() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &[]);
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/app.css", "text/css; charset=utf-8"),
        ("/uplot.js", "text/javascript; charset=utf-8"),
        ("/uplot.css", "text/css; charset=utf-8"),
    ] {
        let plain = server.get(path).with(200);
        assert_eq!(plain.header("content-type"), Some(content_type));
        has_headers(&plain);
        let asked = Request::get(path).header("Accept-Encoding", "br, gzip;q=0.5");
        let compressed = server.request(asked).with(200);
        assert_eq!(compressed.header("content-encoding"), Some("gzip"));
        assert_eq!(unzipped(&compressed.body), plain.body, "{path}");
        let refused = server.request(Request::get(path).header("Accept-Encoding", "gzip;q=0")).with(200);
        assert_eq!(refused.body, plain.body);
    }
    assert_eq!(server.get("/healthz").with(200).text(), "ok\n");
    has_headers(&server.get("/none").with(404));
}

#[track_caller]
pub(crate) fn has_headers(answer: &Answer) {
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("it is ours");
    let output = std::process::Command::new("gzip").arg("-dc").stdin(file.reopen().expect("a file")).output();
    output.expect("gzip runs").stdout
}

#[test]
fn what_is_not_there_is_said() {
    let scratch = Scratch::new();
    let rover = rover(&scratch);
    let server = serve(scratch.path(), &[]);
    let of_object = format!("/api/objects/{}", shmid(&rover));
    for (path, says) in [
        ("/api/objects/x".to_owned(), "number"),
        ("/api/objects/2147483647".to_owned(), "2147483647"),
        (format!("{of_object}/fields/none"), "no field `none`"),
        (format!("{of_object}/fields/%5B%5B"), "["),
        ("/api".to_owned(), "no such path"),
    ] {
        let answer = server.get(&path).with(404);
        let error = answer.json()["error"].as_str().expect("a text").to_owned();
        assert!(error.contains(says), "{path}: {error}");
    }
    for method in ["OPTIONS", "PUT", "DELETE", "TRACE"] {
        let answer = server.request(Request::get("/api/objects").method(method));
        assert!([401, 403, 405].contains(&answer.status), "{method}: {}", answer.head);
        has_headers(&answer);
    }
    let head = server.request(Request::get("/api/objects").method("HEAD")).with(200);
    assert!(head.body.is_empty());
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'N')]
struct Named {
    count: AtomicU64,
}

#[test]
fn only_objects_below_the_paths_are_served() {
    let scratch = Scratch::new();
    let (inside, outside) = (rover_at(&scratch, "a/inside"), rover_at(&scratch, "b/outside"));
    let named = scratch.store_at("c").open_or_create_named("n").unwrap().create::<Named>().unwrap();
    let mut program = program();
    program.args(["serve", "--listen", "127.0.0.1:0"]).args([scratch.join("a"), scratch.join("c")]);
    let server = crate::server::started(program);
    let listed = server.get("/api/objects").with(200).json();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|object| object["segment"].as_i64().unwrap()).collect();
    let expected = [shmid(&inside), Shared::info(&named).unwrap().shmid].map(i64::from);
    assert_eq!(names, expected);
    server.get(&format!("/api/objects/{}", shmid(&inside))).with(200);
    server.get(&format!("/api/objects/{}", shmid(&outside))).with(404);
    assert!(!server.get("/metrics").with(200).text().contains("outside"));
}

#[test]
fn object_that_comes_later_is_served_and_a_removed_one_is_not() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.join("later")).unwrap();
    let server = serve(scratch.path(), &[]);
    assert_eq!(server.get("/api/objects").with(200).text(), "[]\n");
    let rover = rover(&scratch);
    let path = format!("/api/objects/{}", shmid(&rover));
    until("the new object", || (server.get(&path).status == 200).then_some(()));
    scratch.store().remove::<crate::objects::Rover>().unwrap();
    until("its end", || (server.get(&path).status == 404).then_some(()));
    until("the end of its series", || (!server.get("/metrics").text().contains("shmstore_value")).then_some(()));
    assert!(Path::new(scratch.path()).exists());
    drop(rover);
}
