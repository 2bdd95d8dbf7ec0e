//! A peer on the network that says anything, on a connection without certificates. An importer refuses it with a reason,
//! keeps the copies that are right, and neither panics nor hangs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use shmstore::{FixedString, Map, ShmLayout, ShmObject, ShmValue, Store, Versioned};
use shmstore_mirror::status::{self, CopyState};
use shmstore_mirror::{Import, MirrorError, Network, Pattern, Report, Settings, import};
use zenoh::{Config, Session, Wait};

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G')]
struct Good {
    flag: Versioned<Flag>,
    names: Map<u32, FixedString<12>, 4>,
}

#[derive(ShmValue, Clone, Copy)]
#[repr(C)]
struct Flag {
    is_set: bool,
}

/// An exporter that is written here, byte by byte.
struct Peer {
    session: Session,
    prefix: String,
}

/// The numbers of postcard: seven bits a byte.
fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn text(text: &[u8]) -> Vec<u8> {
    [number(text.len() as u64), text.to_vec()].concat()
}

/// An object in a list: name, id, nonce, layout, sequence.
fn listed(name: &str, id: u8, nonce: u64, layout: u128, sequence: u64) -> Vec<u8> {
    let layout = {
        let mut bytes = Vec::new();
        let mut value = layout;
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                bytes.push(low);
                break bytes;
            }
            bytes.push(low | 0x80);
        }
    };
    [text(name.as_bytes()), vec![id], number(nonce), layout, number(sequence)].concat()
}

fn list(objects: &[Vec<u8>]) -> Vec<u8> {
    [number(objects.len() as u64), objects.concat()].concat()
}

/// The reply to a request for a layout.
fn layout_reply(schema: &str, room: Option<u64>) -> Vec<u8> {
    let room = room.map_or(vec![0], |room| [vec![1], number(room)].concat());
    [vec![0], text(schema.as_bytes()), room].concat()
}

/// An update with one part.
fn update(sequence: u64, part: u64, change: &[u8]) -> Vec<u8> {
    [number(sequence), number(1), number(part), change.to_vec()].concat()
}

fn value(version: u64, bytes: &[u8]) -> Vec<u8> {
    [vec![0], number(version), text(bytes)].concat()
}

fn key(name: &str, id: u8, nonce: u64) -> String {
    format!("{name}/{id:02x}/{nonce:016x}")
}

impl Peer {
    fn new(port: u16) -> Self {
        let mut config = Config::from_json5(&format!(r#"{{ listen: {{ endpoints: ["tcp/127.0.0.1:{port}"] }} }}"#));
        for setting in ["scouting/multicast/enabled", "scouting/gossip/enabled"] {
            config.as_mut().expect("a config").insert_json5(setting, "false").expect("a setting");
        }
        let session = zenoh::open(config.expect("a config")).wait().expect("a session");
        Self { prefix: "shm/1/evil/abc123".into(), session }
    }

    fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.session.put(format!("{}/{key}", self.prefix), bytes.into()).wait().expect("a put");
    }
}

/// An importer of host `evil` in a thread.
struct Importer {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<Result<(), MirrorError>>>,
    directory: tempfile::TempDir,
}

impl Importer {
    fn new(port: u16) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut settings = Settings::of_host("victim".parse().expect("a name"));
        settings.network = Network {
            connect: vec![format!("tcp/127.0.0.1:{port}")],
            insecure: true,
            ..Network::default()
        };
        settings.import.push(Import {
            from: "evil".parse().expect("a name"),
            directory: directory.path().to_owned(),
            names: vec![Pattern("*".into())],
            types: Vec::new(),
            max_bytes: 1 << 20,
            max_objects: 8,
            mode: 0o600,
        });
        let stop = Arc::new(AtomicBool::new(false));
        let flag = stop.clone();
        let thread = std::thread::spawn(move || import::run(&settings, &Report::default(), &flag));
        Self { stop, thread: Some(thread), directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// The state of an object, and the reason for it.
    fn state_of(&self, name: &str) -> Option<(CopyState, String)> {
        let status = status::attach(self.directory.path()).ok()?;
        let found = status.copies.iter().flatten().find(|(key, _)| key.name == *name);
        found.map(|(_, copy)| (copy.state, copy.reason.to_string()))
    }

    /// Waits until an object is refused for a reason.
    #[track_caller]
    fn refuses(&self, name: &str, why: &str) {
        let is_refused = || self.state_of(name).is_some_and(|(_, reason)| reason.contains(why));
        until(&format!("{name} to be refused because of {why:?}, not {:?}", self.state_of(name)), is_refused);
    }
}

impl Drop for Importer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        let ended = self.thread.take().expect("it runs").join();
        if let Ok(store) = Store::open(self.directory.path()) {
            for name in store.names().unwrap_or_default() {
                for id in [b'G', b'M', b'H'] {
                    drop(store.open_named(&name).map(|named| named.remove_id(char::from(id))));
                }
            }
        }
        if !std::thread::panicking() {
            ended.expect("no panic").expect("the importer ends without an error");
        }
    }
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "waited for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn lies_of_a_peer_are_refused_and_the_rest_goes_on() {
    let peer = Peer::new(18_601);
    let good = Good::SCHEMA.to_json();
    let layout = Good::SCHEMA.hash().to_u128();
    let big = r#"{"size": 9007199254740992, "align": 8}"#;
    let replies: Vec<(&str, Vec<u8>)> = vec![
        ("good", layout_reply(&good, None)),
        ("wide", layout_reply(&good, Some(1 << 40))),
        ("huge", layout_reply(big, None)),
        ("noise", vec![0xff; 1000]),
        ("nothing", Vec::new()),
        ("state", [vec![1], update(1, 0, &value(1, &[1]))].concat()),
        ("gone", vec![2]),
        ("deep", layout_reply(&"[".repeat(1 << 20), None)),
        ("long", layout_reply(&" ".repeat(5 << 20), None)),
        ("mirror-status", layout_reply(&good, None)),
    ];
    let answers = replies.clone();
    let states = update(1, 0, &value(1, &[1]));
    let queryable = peer.session.declare_queryable(format!("{}/ask/**", peer.prefix)).callback(move |query| {
        let asked = query.key_expr().as_str();
        let is_state = query.payload().is_some_and(|payload| payload.to_bytes().first() == Some(&1));
        for (name, reply) in &answers {
            if asked.contains(&format!("/ask/{name}/")) {
                let bytes = if is_state { [vec![1], states.clone()].concat() } else { reply.clone() };
                drop(query.reply(query.key_expr().clone(), bytes).wait());
            }
        }
    });
    let _queryable = queryable.wait().expect("a queryable");
    let _token = peer.session.liveliness().declare_token(peer.prefix.clone()).wait().expect("a token");
    let importer = Importer::new(18_601);
    let mut objects: Vec<Vec<u8>> = replies.iter().map(|(name, _)| listed(name, b'G', 7, layout, 1)).collect();
    objects.push(listed("badid", 0xff, 7, layout, 1));
    let names = |peer: &Peer, objects: &[Vec<u8>]| peer.put("list", list(objects));
    until("the good copy", || {
        // A list with a name that is none is refused as a whole.
        peer.put("list", list(&[listed("../../etc/passwd", b'G', 1, layout, 1)]));
        peer.put("list", vec![0xff; 64]);
        names(&peer, &objects);
        std::thread::sleep(Duration::from_millis(20));
        importer.state_of("good").is_some_and(|(state, _)| state == CopyState::Live)
    });
    importer.refuses("wide", "`max_bytes` is 1048576");
    importer.refuses("huge", "its schema");
    importer.refuses("noise", "something else than its layout");
    importer.refuses("nothing", "something else than its layout");
    importer.refuses("state", "something else than its layout");
    importer.refuses("gone", "it is gone");
    importer.refuses("deep", "its schema");
    importer.refuses("long", "5242880 bytes");
    importer.refuses("mirror-status", "the status of the mirror");
    assert_eq!(importer.state_of("badid"), None);

    let store = Store::open(importer.path()).and_then(|store| store.open_named("good")).expect("the copy is there");
    let copy = store.attach_view::<Good>().expect("the copy has its layout");
    until("the state", || copy.flag.load_checked().is_ok_and(|flag| flag.is_set));
    let updates = format!("new/{}", key("good", b'G', 7));
    // Bytes that are no value, of another size, for a part that does not exist, of another kind, and noise.
    for change in [value(2, &[7]), value(2, &[0; 9]), value(2, &[]), vec![2, 5], vec![9; 40]] {
        peer.put(&updates, update(2, 0, &change));
    }
    peer.put(&updates, update(3, 99, &value(2, &[0])));
    // Entries: half an entry, more keys than there is room for, a text that is longer than it can be.
    for entries in [vec![1; 7], vec![9; 20 * 64], [vec![1, 0, 0, 0], vec![0xff; 16]].concat()] {
        let change = [vec![4], text(&[]), text(&entries), vec![0]].concat();
        peer.put(&updates, update(4, 1, &change));
    }
    importer.refuses("good", "");
    // Sequence numbers from the far end, and replays.
    peer.put(&updates, update(u64::MAX, 0, &value(9, &[0])));
    until("the value of the last number", || copy.flag.load_checked().is_ok_and(|flag| !flag.is_set));
    let version = copy.flag.version();
    for _ in 0..100 {
        peer.put(&updates, update(1, 0, &value(1, &[1])));
        // Another incarnation of the object, to which nobody subscribes.
        peer.put(&format!("new/{}", key("good", b'G', 6)), update(u64::MAX, 0, &value(1, &[1])));
    }
    names(&peer, &objects);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!copy.flag.load_checked().expect("a value").is_set, "an old message changes nothing");
    assert_eq!(copy.flag.version(), version);
}

#[test]
fn many_objects_and_noise_are_bounded() {
    let peer = Peer::new(18_602);
    let good = Good::SCHEMA.to_json();
    let layout = Good::SCHEMA.hash().to_u128();
    let reply = layout_reply(&good, None);
    let queryable = peer.session.declare_queryable(format!("{}/ask/**", peer.prefix)).callback(move |query| {
        drop(query.reply(query.key_expr().clone(), reply.clone()).wait());
    });
    let _queryable = queryable.wait().expect("a queryable");
    let _token = peer.session.liveliness().declare_token(peer.prefix.clone()).wait().expect("a token");
    let importer = Importer::new(18_602);
    let objects: Vec<Vec<u8>> = (0..200).map(|at| listed(&format!("object{at}"), b'G', at, layout, 1)).collect();
    until("eight copies and refusals", || {
        peer.put("list", list(&objects));
        std::thread::sleep(Duration::from_millis(50));
        let status = status::attach(importer.directory.path()).ok();
        let all: Vec<_> = status.iter().flat_map(|status| status.copies.iter().flatten()).collect();
        let live = all.iter().filter(|(_, copy)| copy.state == CopyState::Live).count();
        assert!(live <= 8, "{live} copies");
        all.len() == 200 && live == 8
    });
    // Random bytes on every key.
    let mut state = 1_u64;
    for round in 0..5_000 {
        let mut bytes = vec![0; 1 + round % 64];
        for byte in &mut bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 56) as u8;
        }
        peer.put(if round % 2 == 0 { "list" } else { "new/object0/47/0000000000000000" }, bytes);
    }
    peer.put("list", list(&objects));
    assert!(importer.state_of("object0").is_some());
}
