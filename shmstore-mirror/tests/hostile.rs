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
fn number(value: impl Into<u128>) -> Vec<u8> {
    let (mut value, mut bytes) = (value.into(), Vec::new());
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
    [text(name.as_bytes()), vec![id], number(nonce), number(layout), number(sequence)].concat()
}

fn list(objects: &[Vec<u8>]) -> Vec<u8> {
    [number(objects.len() as u64), objects.concat()].concat()
}

/// The reply to a request for a layout.
fn layout_reply(schema: &str, room: Option<u64>) -> Vec<u8> {
    let room = room.map_or(vec![0], |room| [vec![1], number(room)].concat());
    [vec![0], text(schema.as_bytes()), room].concat()
}

/// The head and the payload of a message.
type Pieces = (Vec<u8>, Vec<u8>);

/// An update with one part.
fn update(sequence: u64, part: u64, change: &Pieces) -> Pieces {
    let len = number(change.1.len() as u64);
    ([number(sequence), number(1_u64), number(part), change.0.clone(), len].concat(), change.1.clone())
}

fn value(version: u64, bytes: &[u8]) -> Pieces {
    ([vec![0], number(version)].concat(), bytes.to_vec())
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

    fn put_update(&self, key: &str, (head, payload): Pieces) {
        self.session.put(format!("{}/{key}", self.prefix), payload).attachment(head).wait().expect("a put");
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
        settings.network =
            Network { connect: vec![format!("tcp/127.0.0.1:{port}")], insecure: true, ..Network::default() };
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
        ("state", [vec![1], update(1, 0, &value(1, &[1])).0].concat()),
        ("gone", vec![2]),
        ("deep", layout_reply(&"[".repeat(1 << 20), None)),
        ("long", layout_reply(&" ".repeat(2 << 20), None)),
        ("mirror-status", layout_reply(&good, None)),
    ];
    let answers = replies.clone();
    let states = update(1, 0, &value(1, &[1]));
    let queryable = peer.session.declare_queryable(format!("{}/ask/**", peer.prefix)).callback(move |query| {
        let asked = query.key_expr().as_str();
        let is_state = query.payload().is_some_and(|payload| payload.to_bytes().first() == Some(&1));
        for (name, reply) in &answers {
            if asked.contains(&format!("/ask/{name}/")) {
                let (head, payload) = match is_state {
                    true => ([vec![1], states.0.clone()].concat(), states.1.clone()),
                    false => (reply.clone(), Vec::new()),
                };
                drop(query.reply(query.key_expr().clone(), payload).attachment(head).wait());
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
    importer.refuses("long", "2097152 bytes");
    importer.refuses("mirror-status", "the status of the mirror");
    assert_eq!(importer.state_of("badid"), None);

    let store = Store::open(importer.path()).and_then(|store| store.open_named("good")).expect("the copy is there");
    let copy = store.attach_view::<Good>().expect("the copy has its layout");
    until("the state", || copy.flag.load_checked().is_ok_and(|flag| flag.is_set));
    let updates = format!("new/{}", key("good", b'G', 7));
    // Bytes that are no value, of another size, for a part that does not exist, of another kind, and noise.
    let odd: [Pieces; 2] = [(vec![2, 5], vec![]), (vec![9; 40], vec![9; 40])];
    for change in [value(2, &[7]), value(2, &[0; 9]), value(2, &[])].into_iter().chain(odd) {
        peer.put_update(&updates, update(2, 0, &change));
    }
    // A payload of another length than the head says.
    let (head, _) = update(2, 0, &value(2, &[0]));
    peer.put_update(&updates, (head, vec![0; 3]));
    peer.put(&updates, vec![0; 3]);
    peer.put_update(&updates, update(3, 99, &value(2, &[0])));
    // Entries: half an entry, more keys than there is room for, a text that is longer than it can be.
    for entries in [vec![1; 7], vec![9; 20 * 64], [vec![1, 0, 0, 0], vec![0xff; 16]].concat()] {
        let change = ([vec![4], text(&[]), vec![0]].concat(), entries);
        peer.put_update(&updates, update(4, 1, &change));
    }
    importer.refuses("good", "");
    // Sequence numbers from the far end, and replays.
    peer.put_update(&updates, update(u64::MAX, 0, &value(9, &[0])));
    until("the value of the last number", || copy.flag.load_checked().is_ok_and(|flag| !flag.is_set));
    let version = copy.flag.version();
    for _ in 0..100 {
        peer.put_update(&updates, update(1, 0, &value(1, &[1])));
        // Another incarnation of the object, to which nobody subscribes.
        peer.put_update(&format!("new/{}", key("good", b'G', 6)), update(u64::MAX, 0, &value(1, &[1])));
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
        drop(query.reply(query.key_expr().clone(), "").attachment(reply.clone()).wait());
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
        let live = all.iter().filter(|(_, copy)| copy.state != CopyState::Refused).count();
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

/// A peer whose replies a test chooses, and an importer that has the object `good` of it.
fn with_replies(
    port: u16,
    reply: impl Fn(&str, bool) -> Option<Pieces> + Send + Sync + 'static,
) -> (Peer, impl Drop, impl Drop, Importer) {
    let peer = Peer::new(port);
    let kept = std::sync::Mutex::new(Vec::new());
    let queryable = peer.session.declare_queryable(format!("{}/ask/**", peer.prefix)).callback(move |query| {
        let is_state = query.payload().is_some_and(|payload| payload.to_bytes().first() == Some(&1));
        match reply(query.key_expr().as_str(), is_state) {
            Some((head, payload)) => {
                drop(query.reply(query.key_expr().clone(), payload).attachment(head).wait());
            }
            // A question that is kept gets no answer at all.
            None => kept.lock().expect("no panic").push(query),
        }
    });
    let queryable = queryable.wait().expect("a queryable");
    let token = peer.session.liveliness().declare_token(peer.prefix.clone()).wait().expect("a token");
    (peer, queryable, token, Importer::new(port))
}

fn of_good(is_set: u8, sequence: u64) -> Pieces {
    let (head, payload) = update(sequence, 0, &value(1, &[is_set]));
    ([vec![1], head].concat(), payload)
}

/// Sends a list until there is a copy in the directory of an importer.
fn copied(peer: &Peer, importer: &Importer, objects: &[Vec<u8>]) -> shmstore::ReadOnly<Good> {
    until("the copy", || {
        peer.put("list", list(objects));
        std::thread::sleep(Duration::from_millis(20));
        importer.state_of("good").is_some_and(|(state, _)| state != CopyState::Refused)
    });
    let store = Store::open(importer.path()).and_then(|store| store.open_named("good")).expect("the copy is there");
    store.attach_view_timeout(Duration::from_secs(5)).expect("the copy has its layout")
}

#[test]
fn last_numbers_are_numbers_like_others() {
    let (good, layout) = (Good::SCHEMA.to_json(), Good::SCHEMA.hash().to_u128());
    let reply = move |_: &str, is_state| match is_state {
        true => Some(of_good(1, u64::MAX)),
        false => Some((layout_reply(&good, None), Vec::new())),
    };
    let (peer, _queryable, _token, importer) = with_replies(18_603, reply);
    let copy = copied(&peer, &importer, &[listed("good", b'G', 7, layout, u64::MAX)]);
    until("the state", || copy.flag.load_checked().is_ok_and(|flag| flag.is_set));
    for sequence in [u64::MAX, 0, 1, u64::MAX - 1, u64::MAX] {
        peer.put_update(&format!("new/{}", key("good", b'G', 7)), update(sequence, 0, &value(1, &[0])));
    }
    peer.put("list", list(&[listed("good", b'G', 7, layout, u64::MAX)]));
    std::thread::sleep(Duration::from_millis(200));
    assert!(copy.flag.load_checked().expect("a value").is_set);
}

#[test]
fn exporter_that_never_answers_keeps_no_importer_from_ending() {
    let layout = Good::SCHEMA.hash().to_u128();
    let (peer, _queryable, _token, importer) = with_replies(18_604, |_, _| None);
    let objects: Vec<Vec<u8>> = (0..50).map(|at| listed(&format!("silent{at}"), b'G', at, layout, 1)).collect();
    for _ in 0..20 {
        peer.put("list", list(&objects));
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = Instant::now();
    drop(importer);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn object_that_was_replaced_while_its_exporter_was_silent_is_copied_anew() {
    let (good, layout) = (Good::SCHEMA.to_json(), Good::SCHEMA.hash().to_u128());
    let fails = Arc::new(AtomicBool::new(false));
    let failing = fails.clone();
    let reply = move |asked: &str, is_state| {
        let is_first = asked.ends_with("0000000000000001");
        match is_state {
            _ if failing.load(Relaxed) => Some((vec![2], Vec::new())),
            true => Some(of_good(u8::from(is_first), 1)),
            false => Some((layout_reply(&good, None), Vec::new())),
        }
    };
    let (peer, _queryable, _token, importer) = with_replies(18_605, reply);
    let first = copied(&peer, &importer, &[listed("good", b'G', 1, layout, 1)]);
    until("the first state", || first.flag.load_checked().is_ok_and(|flag| flag.is_set));
    fails.store(true, Relaxed);
    let second = [listed("good", b'G', 2, layout, 1)];
    until("the refusal of the second", || {
        peer.put("list", list(&second));
        std::thread::sleep(Duration::from_millis(20));
        importer.state_of("good").is_some_and(|(state, _)| state == CopyState::Refused)
    });
    fails.store(false, Relaxed);
    // It is tried again after 5 s.
    until("the removal of the copy of the first", || {
        peer.put("list", list(&second));
        std::thread::sleep(Duration::from_millis(50));
        shmstore::ReadOnly::is_removed(&first)
    });
    let copy = copied(&peer, &importer, &second);
    until("the second state", || copy.flag.version() > 0 && copy.flag.load_checked().is_ok_and(|flag| !flag.is_set));
}
