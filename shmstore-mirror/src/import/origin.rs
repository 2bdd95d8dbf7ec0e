//! The copies of the objects of one other host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use shmstore::dynamic::{DynamicError, MirroredObject, Options};
use shmstore::schema::OwnedSchema;
use shmstore::{AttachError, Shared, Store};
use zenoh::pubsub::Subscriber;
use zenoh::query::ConsolidationMode;
use zenoh::sample::SampleKind;
use zenoh::{Session, Wait};

use super::copy::Copy;
use crate::error::MirrorError;
use crate::name::Name;
use crate::report::Report;
use crate::settings::{Import, permits};
use crate::status::{CopyKey, CopyState, CopyStatus, MirrorStatus, STATUS_NAME, cut};
use crate::wire::{self, Listed, Listing, ObjectKey, Reply, Request, SessionKey, Update};

/// The pause between two looks for a stop, and for what is missing.
const TICK: Duration = Duration::from_millis(100);

/// The pause between two writes of the counts in the status.
const STATUS: Duration = Duration::from_secs(1);

/// An object that was refused is tried again after this time: shared memory may be free again.
const RETRY: Duration = Duration::from_secs(5);

/// The longest wait for a reply.
const REPLY: Duration = Duration::from_secs(10);

/// The longest schema, in bytes of JSON.
const LONGEST_SCHEMA: usize = 4 << 20;

/// What the threads of zenoh tell the thread of an origin.
enum Event {
    /// An exporter of the host runs, or runs again after a partition.
    Up(SessionKey),
    /// An exporter has ended, or is out of reach.
    Down(SessionKey),
    List(SessionKey, Listing),
    /// Updates of a copy are missing.
    Missing(Arc<Copy>),
}

/// An object of the origin, as this host has it.
enum Local {
    Copy { copy: Arc<Copy>, _updates: Subscriber<()> },
    Refused { layout: u128, nonce: u64, at: Instant },
}

type ObjectName = (Name, u8);

/// The copies of the objects of one other host.
pub(super) struct Origin<'a> {
    session: &'a Session,
    import: &'a Import,
    report: &'a Report,
    store: Store,
    status: Shared<MirrorStatus>,
    events: Receiver<Event>,
    tell: Sender<Event>,
    _tokens: Subscriber<()>,
    /// The exporters that run, in the order in which they came. The first one is the origin.
    exporters: Vec<SessionKey>,
    list: Option<Subscriber<()>>,
    objects: BTreeMap<ObjectName, Local>,
    status_due: Instant,
}

impl<'a> Origin<'a> {
    pub(super) fn open(session: &'a Session, import: &'a Import, report: &'a Report) -> Result<Self, MirrorError> {
        let wrong = |why: String| MirrorError::Directory { path: import.directory.clone(), why };
        let store = Store::options().mode(import.mode).open_or_create(&import.directory);
        let store = store.map_err(|error| wrong(error.to_string()))?;
        let status = store.open_or_create_named(STATUS_NAME).map_err(|error| wrong(error.to_string()))?;
        let status = status.attach_or_create::<MirrorStatus>().map_err(|error| wrong(error.to_string()))?;
        status.origin.store(cut(import.from.as_str()));
        status.session.store(cut(""));
        let (tell, events) = channel();
        let token_tell = tell.clone();
        let tokens = session.liveliness().declare_subscriber(SessionKey::all_of(&import.from)).history(true);
        let tokens = tokens.callback(move |sample| {
            let Some(key) = SessionKey::parse(sample.key_expr().as_str()) else { return };
            let is_up = sample.kind() == SampleKind::Put;
            let _ = token_tell.send(if is_up { Event::Up(key) } else { Event::Down(key) });
        });
        let tokens = tokens.wait().map_err(MirrorError::network("look for exporters"))?;
        report.line(&format!("importing {} to {}", import.from, import.directory.display()));
        Ok(Self {
            session,
            import,
            report,
            store,
            status,
            events,
            tell,
            _tokens: tokens,
            exporters: Vec::new(),
            list: None,
            objects: BTreeMap::new(),
            status_due: Instant::now(),
        })
    }

    /// Keeps the copies until `stop` is set.
    pub(super) fn run(mut self, stop: &AtomicBool) -> Result<(), MirrorError> {
        while !stop.load(Relaxed) {
            match self.events.recv_timeout(TICK) {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => self.tick(),
                Err(RecvTimeoutError::Disconnected) => unreachable!("this thread has a sender"),
            }
            if Instant::now() >= self.status_due {
                self.status_due = Instant::now() + STATUS;
                self.write_status();
            }
        }
        for local in self.objects.values() {
            if let Local::Copy { copy, .. } = local {
                copy.give_up();
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Up(key) => self.up(key),
            Event::Down(key) => self.down(&key),
            Event::List(key, listing) => {
                if self.exporters.first() == Some(&key) {
                    self.take_over(&key, listing);
                }
            }
            Event::Missing(copy) => self.ask_for_missing(&copy),
        }
    }

    /// An exporter has come, or its connection has come back.
    fn up(&mut self, key: SessionKey) {
        if !self.exporters.contains(&key) {
            self.exporters.push(key.clone());
        }
        if self.exporters.first() == Some(&key) {
            self.begin(&key);
        } else {
            self.report.line(&format!(
                "another exporter runs as {} (session {}): it waits until the first one has ended",
                key.host, key.session
            ));
        }
    }

    fn down(&mut self, key: &SessionKey) {
        let was_first = self.exporters.first() == Some(key);
        self.exporters.retain(|other| other != key);
        if !was_first {
            return;
        }
        self.report.line(&format!("{} is out of reach (session {}): its copies become stale", key.host, key.session));
        self.status.session.store(cut(""));
        self.list = None;
        self.set_all(CopyState::Disconnected);
        if let Some(next) = self.exporters.first().cloned() {
            self.begin(&next);
        }
    }

    /// Makes an exporter the origin.
    fn begin(&mut self, key: &SessionKey) {
        let is_another = self.status.session.load() != cut(&key.session);
        if is_another {
            self.report.line(&format!("{} exports (session {})", key.host, key.session));
        }
        self.status.session.store(cut(&key.session));
        let (tell, from) = (self.tell.clone(), key.clone());
        let listed = move |bytes: &[u8]| {
            if let Some(listing) = wire::decode::<Listing>(bytes) {
                let _ = tell.send(Event::List(from.clone(), listing));
            }
        };
        let by_list = listed.clone();
        let subscriber = self.session.declare_subscriber(key.list());
        match subscriber.callback(move |sample| by_list(&sample.payload().to_bytes())).wait() {
            Ok(subscriber) => self.list = Some(subscriber),
            Err(error) => self.report.again("list", &format!("cannot subscribe to the list of {}: {error}", key.host)),
        }
        let query = self.session.get(key.ask_list()).timeout(REPLY).callback(move |reply| {
            if let Ok(sample) = reply.result() {
                listed(&sample.payload().to_bytes());
            }
        });
        drop(query.wait());
    }

    /// Makes the copies that are listed.
    fn take_over(&mut self, session: &SessionKey, listing: Listing) {
        let mut listed_names = Vec::with_capacity(listing.objects.len());
        for listed in listing.objects {
            let name = (listed.key.name.clone(), listed.key.id);
            let is_wanted = self.import.names.iter().any(|pattern| pattern.matches(name.0.as_str()));
            if !is_wanted || !listed.key.is_valid() {
                continue;
            }
            self.take_over_one(session, &name, &listed);
            listed_names.push(name);
        }
        listed_names.sort_unstable();
        for (name, local) in &self.objects {
            if let (Local::Copy { copy, .. }, Err(_)) = (local, listed_names.binary_search(name)) {
                self.note(&copy.key, CopyState::Gone, &copy.counts());
            }
        }
    }

    fn take_over_one(&mut self, session: &SessionKey, name: &ObjectName, listed: &Listed) {
        match self.objects.get(name) {
            Some(Local::Copy { copy, .. }) if copy.key == listed.key && !copy.is_removed() => {
                let copy = copy.clone();
                if copy.session() != session.session {
                    // Another run of the exporter counts its own updates.
                    copy.begin_again(&session.session);
                    self.subscribe(session, copy.clone());
                }
                if copy.layout() != listed.layout {
                    self.grow(session, &copy);
                }
                copy.hear(listed.sequence);
                self.ask_for_missing(&copy);
            }
            Some(Local::Refused { layout, nonce, at, .. })
                if (*layout, *nonce) == (listed.layout, listed.key.nonce) && at.elapsed() < RETRY => {}
            _ => self.make(session, name, listed),
        }
    }

    /// Makes a copy, in place of an older one.
    fn make(&mut self, session: &SessionKey, name: &ObjectName, listed: &Listed) {
        if let Some(Local::Copy { copy, .. }) = self.objects.remove(name) {
            copy.give_up();
        }
        let copies = self.objects.values().filter(|local| matches!(local, Local::Copy { .. })).count();
        let made = if copies >= self.import.max_objects {
            Err(format!("there are {copies} copies, and `max_objects` is {}", self.import.max_objects))
        } else {
            self.made(session, listed)
        };
        match made {
            Ok((copy, what)) => {
                let copy = Arc::new(copy);
                copy.begin_again(&session.session);
                copy.hear(listed.sequence);
                self.report.line(&format!("{} ({}) of {} {what}", name.0, listed.key.id(), self.import.from));
                self.note(&copy.key, CopyState::Live, &copy.counts());
                self.subscribe(session, copy.clone());
                self.ask_for_missing(&copy);
            }
            Err(why) => {
                let text = format!("{} ({}) of {} is refused: {why}", name.0, listed.key.id(), self.import.from);
                self.report.again(&listed.key.to_string(), &text);
                let counts = super::copy::Counts { wrong: why, ..Default::default() };
                self.note(&listed.key, CopyState::Refused, &counts);
                let (layout, nonce) = (listed.layout, listed.key.nonce);
                let refused = Local::Refused { layout, nonce, at: Instant::now() };
                self.objects.insert(name.clone(), refused);
            }
        }
    }

    /// Makes a copy, or takes over the one that an earlier importer has left.
    fn made(&self, session: &SessionKey, listed: &Listed) -> Result<(Copy, &'static str), String> {
        let key = &listed.key;
        let (schema, room) = described(self.session, session, key)?;
        check(self.import, key, &schema, room)?;
        let text = |error: &dyn std::error::Error| error.to_string();
        let store = self.store.open_or_create_named(key.name.as_str()).map_err(|error| text(&error))?;
        let (origin, id) = (self.import.from.as_str(), key.id());
        let known = self.status.copies.get(&copy_key(key)).ok().flatten();
        let (mirrored, what) = match MirroredObject::attach(&store, id, origin) {
            Ok(mut left) => {
                let is_same = known.is_some_and(|known| known.nonce == key.nonce)
                    && (left.object().schema() == &schema || left.grow(&schema).is_ok());
                if is_same {
                    (left, "is copied on")
                } else {
                    drop(left);
                    store.remove_id(id).map_err(|error| text(&error))?;
                    (create(&store, &schema, Options { id, room }, origin)?, "is copied anew")
                }
            }
            Err(DynamicError::Attach(AttachError::NotFound { .. }) | DynamicError::Inspect(_)) => {
                (create(&store, &schema, Options { id, room }, origin)?, "is copied")
            }
            Err(error) => return Err(text(&error)),
        };
        let copy = Copy::new(key.clone(), mirrored, self.status.clone()).map_err(|error| text(&error))?;
        Ok((copy, what))
    }

    fn subscribe(&mut self, session: &SessionKey, copy: Arc<Copy>) {
        let (tell, follower, from) = (self.tell.clone(), copy.clone(), session.session.clone());
        let subscriber = self.session.declare_subscriber(session.updates_of(&copy.key)).callback(move |sample| {
            let bytes = sample.payload().to_bytes();
            let Some(update) = wire::decode::<Update<'_>>(&bytes) else { return };
            if follower.apply(&from, &update, false, bytes.len()) {
                let _ = tell.send(Event::Missing(follower.clone()));
            }
        });
        let name = (copy.key.name.clone(), copy.key.id);
        match subscriber.wait() {
            Ok(_updates) => _ = self.objects.insert(name, Local::Copy { copy, _updates }),
            Err(error) => self.report.again(&name.0.to_string(), &format!("cannot subscribe to {}: {error}", name.0)),
        }
    }

    /// The object has grown at its origin.
    fn grow(&mut self, session: &SessionKey, copy: &Arc<Copy>) {
        let grown = described(self.session, session, &copy.key).and_then(|(schema, room)| {
            check(self.import, &copy.key, &schema, room)?;
            copy.grow(&schema).map_err(|error| error.to_string())
        });
        let name = (copy.key.name.clone(), copy.key.id);
        match grown {
            Ok(true) => self.report.line(&format!("{} ({}) has grown", name.0, copy.key.id())),
            Ok(false) => {
                // It is made anew at the next listing.
                copy.give_up();
                self.objects.remove(&name);
            }
            Err(why) => self.report.again(&copy.key.to_string(), &format!("{} has not grown: {why}", name.0)),
        }
    }

    /// Asks the origin for the updates that a copy lacks.
    fn ask_for_missing(&self, copy: &Arc<Copy>) {
        let Some(session) = self.exporters.first().filter(|session| session.session == copy.session()) else { return };
        let Some((since, positions)) = copy.missing() else { return };
        let request = wire::encode(&Request::State { since, positions });
        let (asked, from) = (Asked { copy: copy.clone(), tell: self.tell.clone() }, session.session.clone());
        let query = self.session.get(session.ask_object(&copy.key)).payload(request).timeout(REPLY);
        let query = query.consolidation(ConsolidationMode::None).callback(move |reply| {
            let Ok(sample) = reply.result() else { return };
            let bytes = sample.payload().to_bytes();
            if let Some(Reply::State(state)) = wire::decode::<Reply<'_>>(&bytes) {
                asked.copy.apply(&from, &state, true, bytes.len());
            }
        });
        drop(query.wait());
    }

    fn tick(&mut self) {
        let copies: Vec<Arc<Copy>> = self.copies().cloned().collect();
        for copy in copies {
            self.ask_for_missing(&copy);
        }
    }

    fn copies(&self) -> impl Iterator<Item = &Arc<Copy>> {
        self.objects.values().filter_map(|local| match local {
            Local::Copy { copy, .. } => Some(copy),
            Local::Refused { .. } => None,
        })
    }

    fn write_status(&self) {
        let is_connected = !self.exporters.is_empty();
        for copy in self.copies() {
            let before = self.status.copies.get(&copy_key(&copy.key)).ok().flatten().map(|known| known.state);
            let state = match before {
                Some(CopyState::Gone) if is_connected => CopyState::Gone,
                _ if is_connected => CopyState::Live,
                _ => CopyState::Disconnected,
            };
            self.note(&copy.key, state, &copy.counts());
        }
    }

    fn set_all(&self, state: CopyState) {
        for copy in self.copies() {
            self.note(&copy.key, state, &copy.counts());
        }
    }

    /// Writes the state of a copy to the status, if it is another one.
    fn note(&self, key: &ObjectKey, state: CopyState, counts: &super::copy::Counts) {
        let status = CopyStatus {
            nonce: key.nonce,
            updates: counts.updates,
            bytes: counts.bytes,
            requests: counts.requests,
            state,
            pad: Default::default(),
            reason: cut(&counts.wrong),
        };
        if self.status.copies.get(&copy_key(key)).ok().flatten() != Some(status) {
            // Without room, this one is not listed.
            let _ = self.status.copies.insert(copy_key(key), status);
        }
    }
}

/// A request. The last reply, or the end of its time, drops it.
struct Asked {
    copy: Arc<Copy>,
    tell: Sender<Event>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.copy.answered();
        let _ = self.tell.send(Event::Missing(self.copy.clone()));
    }
}

fn copy_key(key: &ObjectKey) -> CopyKey {
    CopyKey { name: cut(key.name.as_str()), id: key.id(), pad: Default::default() }
}

fn create(store: &Store, schema: &OwnedSchema, options: Options, origin: &str) -> Result<MirroredObject, String> {
    MirroredObject::create(store, schema, options, origin).map_err(|error| error.to_string())
}

/// Asks for the layout of an object.
fn described(session: &Session, from: &SessionKey, key: &ObjectKey) -> Result<(OwnedSchema, Option<u64>), String> {
    let request = wire::encode(&Request::Describe);
    let replies = session.get(from.ask_object(key)).payload(request).timeout(REPLY).wait();
    let replies = replies.map_err(|error| error.to_string())?;
    let reply = replies.recv_timeout(REPLY).ok().flatten();
    let reply = reply.ok_or("its exporter did not say its layout in time")?;
    let sample = reply.into_result().map_err(|_| "its exporter did not say its layout")?;
    let bytes = sample.payload().to_bytes();
    match wire::decode(&bytes) {
        Some(Reply::Layout { schema, room }) if schema.len() <= LONGEST_SCHEMA => {
            let schema = OwnedSchema::from_json(schema).map_err(|error| format!("its schema: {error}"))?;
            Ok((schema, room))
        }
        Some(Reply::Layout { schema, .. }) => Err(format!("its schema has {} bytes", schema.len())),
        Some(Reply::Gone) => Err("it is gone".into()),
        _ => Err("its exporter said something else than its layout".into()),
    }
}

/// Checks that an object may be copied.
fn check(import: &Import, key: &ObjectKey, schema: &OwnedSchema, room: Option<u64>) -> Result<(), String> {
    let size = schema.size().max(room.unwrap_or(0));
    if key.name.as_str() == STATUS_NAME {
        return Err("the status of the mirror has this name".into());
    }
    if !permits(&import.types, &schema.to_string(), &schema.hash()) {
        return Err(format!("its type `{schema}` (layout {}) is not among `types`", schema.hash()));
    }
    if size > import.max_bytes {
        return Err(format!("it has {size} bytes, and `max_bytes` is {}", import.max_bytes));
    }
    Ok(())
}

/// Prints what would be copied of a host, and what would be refused.
pub(super) fn dry_run(session: &Session, import: &Import, report: &Report) -> Result<(), MirrorError> {
    let tokens = session.liveliness().declare_subscriber(SessionKey::all_of(&import.from)).history(true).wait();
    let tokens = tokens.map_err(MirrorError::network("look for exporters"))?;
    let token = tokens.recv_timeout(REPLY).ok().flatten();
    let Some(from) = token.and_then(|token| SessionKey::parse(token.key_expr().as_str())) else {
        report.line(&format!("no exporter of {} answers", import.from));
        return Ok(());
    };
    let replies =
        session.get(from.ask_list()).timeout(REPLY).wait().map_err(MirrorError::network("ask for the list"))?;
    let sample = replies.recv_timeout(REPLY).ok().flatten().and_then(|reply| reply.into_result().ok());
    let listing = sample.and_then(|sample| wire::decode::<Listing>(&sample.payload().to_bytes()));
    for Listed { key, .. } in listing.map_or(Vec::new(), |listing| listing.objects) {
        let what = format!("{} ({}) of {}", key.name, key.id(), import.from);
        if !import.names.iter().any(|pattern| pattern.matches(key.name.as_str())) {
            report.line(&format!("would ignore {what}: `names` do not match"));
            continue;
        }
        match described(session, &from, &key).and_then(|(schema, room)| check(import, &key, &schema, room)) {
            Ok(()) => report.line(&format!("would copy {what}")),
            Err(why) => report.line(&format!("would refuse {what}: {why}")),
        }
    }
    Ok(())
}
