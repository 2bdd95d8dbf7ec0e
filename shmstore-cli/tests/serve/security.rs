//! The users, hosts, origins and tokens that may read.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::api::has_headers;
use crate::client::Request;
use crate::objects::rover;
use crate::scratch::Scratch;
use crate::server::{program, serve, started};

#[test]
fn request_for_another_host_is_misdirected() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &["--host", "plant7.example"]);
    let port = server.address().rsplit_once(':').unwrap().1.to_owned();
    let with_host = |host: &str| server.request(Request::get("/api/objects").without_host().header("Host", host));
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "plant7.example"] {
        with_host(&format!("{host}:{port}")).with(200);
    }
    with_host("plant7.example").with(200);
    for host in ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example", "", "localhost:80@evil.example"]
    {
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:{port}x") };
        has_headers(&with_host(&host).with(421));
    }
    with_host(&format!("evil.example:{port}")).with(421);
    server.request(Request::get("/").without_host()).with(421);
    let twice = Request::get("/").header("Host", server.address());
    let status = server.request(twice).status;
    assert!([400, 421].contains(&status), "{status}");
    let absolute = Request::get(&format!("http://evil.example:{port}/api/objects"));
    server.request(absolute).with(421);
}

#[test]
fn request_of_a_page_of_another_site_is_refused() {
    let scratch = Scratch::new();
    let server = serve(scratch.path(), &[]);
    let own = format!("http://{}", server.address());
    let with = |name: &str, value: &str| server.request(Request::get("/api/objects").header(name, value));
    with("Origin", &own).with(200);
    with("Sec-Fetch-Site", "same-origin").with(200);
    with("Sec-Fetch-Site", "none").with(200);
    for origin in ["http://evil.example", "null", "http://localhost:1", "file://", "http://127.0.0.1"] {
        has_headers(&with("Origin", origin).with(403));
    }
    with("Sec-Fetch-Site", "cross-site").with(403);
    with("Sec-Fetch-Site", "same-site").with(403);
    let preflight = Request::get("/api/objects").method("OPTIONS").header("Origin", "http://evil.example");
    let preflight = preflight.header("Access-Control-Request-Method", "POST");
    server.request(preflight).with(403);
}

#[test]
fn another_user_needs_the_token_or_a_permission() {
    if !nix::unistd::Uid::effective().is_root() {
        println!("skipped: only root can be another user");
        return;
    }
    let scratch = Scratch::new();
    let _rover = rover(&scratch);
    let token = scratch.join("token");
    std::fs::write(&token, "a token of this test\n".replace(' ', "-")).unwrap();
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).unwrap();
    let status_for = |server: &crate::server::Server, header: &str| {
        let mut curl = Command::new("setpriv");
        curl.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "curl", "-s", "-o", "/dev/null"]);
        curl.args(["-w", "%{http_code}", "-H", header, &format!("http://{}/api/objects", server.address())]);
        String::from_utf8(curl.output().expect("it runs").stdout).expect("digits")
    };
    let server = serve(scratch.path(), &["--token-file", token.to_str().unwrap()]);
    assert_eq!(status_for(&server, "X: y"), "401");
    assert_eq!(status_for(&server, "Authorization: Bearer wrong"), "401");
    assert_eq!(status_for(&server, "Authorization: Bearer a-token-of-this-test"), "200");
    // Our own user needs none, but a wrong one is refused.
    server.get("/api/objects").with(200);
    let wrong = Request::get("/api/objects").header("Authorization", "Bearer a-token-of-this-tesT");
    let refused = server.request(wrong).with(401);
    assert_eq!(refused.header("www-authenticate"), Some("bearer"));
    let allowed = serve(scratch.path(), &["--allow-user", "65534"]);
    assert_eq!(status_for(&allowed, "X: y"), "200");
    let named = serve(scratch.path(), &["--allow-user", "daemon"]);
    assert_eq!(status_for(&named, "X: y"), "401");
}

#[test]
fn listener_for_other_machines_needs_the_token_of_everybody() {
    let scratch = Scratch::new();
    let mut program = program();
    program.args(["serve", "--listen", "0.0.0.0:0"]).arg(scratch.path());
    let server = started(program);
    let address = server.address().replace("0.0.0.0", "127.0.0.1");
    assert_eq!(server.token().len(), 32);
    for path in ["/api/objects", "/metrics", "/events", "/api/doctor"] {
        let refused = Request::get(path).to(&address).with(401);
        has_headers(&refused);
        assert!(refused.text().contains("token"), "{}", refused.text());
    }
    // The page has no data, and a browser cannot send the token for it.
    Request::get("/").to(&address).with(200);
    let bearer = format!("Bearer {}", server.token());
    Request::get("/metrics").header("Authorization", &bearer).to(&address).with(200);
    Request::get("/metrics").header("Authorization", &format!("{bearer}0")).to(&address).with(401);
    Request::get("/metrics").header("Authorization", "Basic abc").to(&address).with(401);
}
