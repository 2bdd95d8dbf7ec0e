//! The copies of the objects of one other host.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shmstore::dynamic::{DynamicError, MirroredObject, Options};
use shmstore::schema::OwnedSchema;
use shmstore::{AttachError, Shared, Store};
use zenoh::pubsub::Subscriber;
use zenoh::query::ConsolidationMode;
use zenoh::sample::SampleKind;
use zenoh::{Session, Wait};

use super::copy::{Copy, Counts, Missing};
use super::layout::{self, Silent};
use super::pieces_of;
use crate::error::MirrorError;
use crate::lock::lock;
use crate::name::Name;
use crate::report::Report;
use crate::settings::Import;
use crate::status::{CopyState, MirrorStatus, STATUS_NAME, cut};
use crate::wire::{self, Listed, Listing, ObjectKey, Reply, Request, SessionKey};

/// The pause between two looks for a stop, and for what is missing.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// The pause between two writes of the counts in the status.
const STATUS: Duration = Duration::from_secs(1);

/// The time after which an exporter that does not answer is complained about.
pub(super) const SILENCE: Duration = Duration::from_secs(5);

/// An object that was refused is tried again after this time: shared memory may be free again.
const RETRY: Duration = Duration::from_secs(5);

/// The longest wait for a reply without values.
pub(super) const REPLY: Duration = Duration::from_secs(10);

/// The slowest network on which the values of an object arrive, in bytes a second.
const SLOWEST: u64 = 10_000;

/// The most layouts of one run.
const MOST_LAYOUTS: usize = 4096;

/// What the threads of zenoh tell the thread of an origin.
enum Event {
    /// An exporter of the host runs, or runs again after a partition.
    Up(SessionKey),
    /// An exporter has ended, or is out of reach.
    Down(SessionKey),
    /// There is a new list in [`Lists`].
    Listed,
    /// Updates of a copy are missing.
    Missing(Arc<Copy>),
}

/// The newest list that came, and of which exporter it is. Older ones are not kept.
type Lists = Arc<Mutex<Option<(SessionKey, Listing)>>>;

/// An object of the origin, as this host has it.
enum Local {
    Copy { copy: Arc<Copy>, _updates: Subscriber<()> },
    Refused { layout: u128, nonce: u64, at: Instant },
}

/// The name and the type-id-char of an object.
type ObjectName = (Name, u8);

/// The copies of the objects of one other host.
pub(super) struct Origin<'a> {
    session: &'a Session,
    import: &'a Import,
    /// The name of this host.
    host: &'a Name,
    report: &'a Report,
    store: Store,
    status: Shared<MirrorStatus>,
    events: Receiver<Event>,
    tell: Sender<Event>,
    lists: Lists,
    _tokens: Subscriber<()>,
    /// The exporters that run, in the order in which they came. The first one is the origin.
    exporters: Vec<SessionKey>,
    /// Since when there is none.
    silent_since: Instant,
    list: Option<Subscriber<()>>,
    objects: BTreeMap<ObjectName, Local>,
    /// The copies whose objects are not exported any more.
    gone: BTreeSet<ObjectName>,
    /// The layouts of this run. The runtime keeps each one for good.
    layouts: HashSet<u128>,
    status_due: Instant,
}

impl<'a> Origin<'a> {
    pub(super) fn open(
        session: &'a Session,
        host: &'a Name,
        import: &'a Import,
        report: &'a Report,
    ) -> Result<Self, MirrorError> {
        let wrong = |why: String| MirrorError::Directory { path: import.directory.clone(), why };
        let store = Store::options().mode(import.mode).open_or_create(&import.directory);
        let store = store.map_err(|error| wrong(error.to_string()))?;
        let status = store.open_or_create_named(STATUS_NAME).map_err(|error| wrong(error.to_string()))?;
        let status = status.attach_or_create::<MirrorStatus>().map_err(|error| wrong(error.to_string()))?;
        let other = status.origin.load_checked().map_err(|error| wrong(error.to_string()))?;
        if !other.is_empty() && other != cut(import.from.as_str()) {
            return Err(wrong(format!("it has copies of {other}, not of {}. Give another `directory`", import.from)));
        }
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
            host,
            report,
            store,
            status,
            events,
            tell,
            lists: Lists::default(),
            _tokens: tokens,
            exporters: Vec::new(),
            silent_since: Instant::now(),
            list: None,
            objects: BTreeMap::new(),
            gone: BTreeSet::new(),
            layouts: HashSet::new(),
            status_due: Instant::now(),
        })
    }

    /// Keeps the copies until `stop` is set.
    pub(super) fn run(mut self, stop: &AtomicBool) -> Result<(), MirrorError> {
        let status = self.status.clone();
        // An importer that was killed leaves nothing to repair: the status is written anew.
        let Ok(importer) = status.importer.lock_to_repair_timeout(Duration::from_secs(1)) else {
            let why = "another importer uses it. End that one, or give another `directory`".into();
            return Err(MirrorError::Directory { path: self.import.directory.clone(), why });
        };
        importer.mark_consistent();
        status.origin.store(cut(self.import.from.as_str()));
        status.session.store(cut(""));
        while !stop.load(Relaxed) {
            match self.events.recv_timeout(TICK) {
                Ok(event) => self.handle(event, stop),
                Err(RecvTimeoutError::Timeout) => self.tick(),
                Err(RecvTimeoutError::Disconnected) => unreachable!("this thread has a sender"),
            }
            if self.exporters.is_empty() && self.silent_since.elapsed() >= SILENCE {
                let (from, host) = (&self.import.from, self.host);
                self.report.again(
                    "exporter",
                    &format!(
                        "no exporter of {from} has answered for {} s. Check that it runs, that the endpoints lead to \
                         it, that its `to` names {host}, that its `host` and the common name of its certificate are \
                         {from}, and that no certificate is out of date. With RUST_LOG=warn, this program prints what \
                         the network says",
                        SILENCE.as_secs()
                    ),
                );
            }
            if Instant::now() >= self.status_due {
                self.status_due = Instant::now() + STATUS;
                self.write_status();
            }
        }
        self.status.session.store(cut(""));
        for copy in self.copies() {
            copy.give_up();
        }
        Ok(())
    }

    fn handle(&mut self, event: Event, stop: &AtomicBool) {
        match event {
            Event::Up(key) => self.up(key),
            Event::Down(key) => self.down(&key),
            Event::Listed => {
                let newest = lock(&self.lists).take();
                if let Some((key, listing)) = newest.filter(|(key, _)| self.exporters.first() == Some(key)) {
                    self.take_over(&key, listing, stop);
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
        self.silent_since = Instant::now();
        self.list = None;
        self.set_all(CopyState::Disconnected);
        if let Some(next) = self.exporters.first().cloned() {
            self.begin(&next);
        }
    }

    /// Makes an exporter the origin.
    fn begin(&mut self, key: &SessionKey) {
        let is_another = self.status.session.load_checked().ok() != Some(cut(&key.session));
        if is_another {
            self.report.line(&format!("{} exports (session {})", key.host, key.session));
        }
        self.status.session.store(cut(&key.session));
        self.report.well("exporter");
        let (tell, lists, from) = (self.tell.clone(), self.lists.clone(), key.clone());
        let listed = move |bytes: &[u8]| {
            let Some(listing) = wire::decode_listing(bytes) else { return };
            let mut newest = lock(&lists);
            let is_waited_for = newest.replace((from.clone(), listing)).is_some();
            if !is_waited_for {
                let _ = tell.send(Event::Listed);
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
    fn take_over(&mut self, session: &SessionKey, listing: Listing, stop: &AtomicBool) {
        let mut listed_names = Vec::with_capacity(listing.objects.len());
        for listed in listing.objects {
            let name = name_of(&listed.key);
            let is_wanted = self.import.names.iter().any(|pattern| pattern.matches(name.0.as_str()));
            if !is_wanted || !listed.key.is_valid() {
                continue;
            }
            let taken = self.take_over_one(session, &name, &listed, stop);
            listed_names.push(name);
            if taken.is_err() {
                // The exporter does not answer. Its next list tries again.
                return;
            }
        }
        listed_names.sort_unstable();
        let is_listed = |name: &ObjectName| listed_names.binary_search(name).is_ok();
        // Objects that are refused and not listed any more are forgotten.
        let report = self.report;
        self.objects.retain(|name, local| {
            let stays = matches!(local, Local::Copy { .. }) || is_listed(name);
            if !stays {
                report.well(&subject(name, &self.import.from));
            }
            stays
        });
        self.gone = self.objects.keys().filter(|name| !is_listed(name)).cloned().collect();
        self.write_status();
    }

    fn take_over_one(
        &mut self,
        session: &SessionKey,
        name: &ObjectName,
        listed: &Listed,
        stop: &AtomicBool,
    ) -> Result<(), Silent> {
        match self.objects.get(name) {
            Some(Local::Copy { copy, .. }) if copy.key == listed.key && !copy.is_removed() => {
                let copy = copy.clone();
                if copy.session() != session.session {
                    // Another run of the exporter counts its own updates.
                    copy.begin_again(&session.session);
                    self.subscribe(session, copy.clone());
                }
                if copy.layout() != listed.layout {
                    self.grow(session, &copy, listed.layout, stop)?;
                }
                copy.hear(listed.sequence);
                self.ask_for_missing(&copy);
                Ok(())
            }
            Some(Local::Refused { layout, nonce, at, .. })
                if (*layout, *nonce) == (listed.layout, listed.key.nonce) && at.elapsed() < RETRY =>
            {
                Ok(())
            }
            _ => self.make(session, name, listed, stop),
        }
    }

    /// Makes a copy, in place of an older one.
    fn make(
        &mut self,
        session: &SessionKey,
        name: &ObjectName,
        listed: &Listed,
        stop: &AtomicBool,
    ) -> Result<(), Silent> {
        if let Some(Local::Copy { copy, .. }) = self.objects.remove(name) {
            copy.give_up();
        }
        let is_counted =
            |(name, local): &(&ObjectName, &Local)| matches!(local, Local::Copy { .. }) && !self.gone.contains(*name);
        let copies = self.objects.iter().filter(is_counted).count();
        let made = if copies >= self.import.max_objects {
            Err(format!("there are {copies} copies, and `max_objects` is {}", self.import.max_objects))
        } else {
            self.made(session, listed, stop)?
        };
        match made {
            Ok((copy, what)) => {
                let copy = Arc::new(copy);
                copy.begin_again(&session.session);
                copy.hear(listed.sequence);
                let subject = subject(name, &self.import.from);
                self.report.well(&subject);
                self.report.line(&format!("{subject} {what}"));
                self.status.note(&copy.key, CopyState::Waiting, &copy.counts());
                self.subscribe(session, copy.clone());
                self.ask_for_missing(&copy);
            }
            Err(why) => {
                let subject = subject(name, &self.import.from);
                self.report.again(&subject, &format!("{subject} is refused: {why}"));
                let counts = Counts { wrong: why, ..Default::default() };
                // A copy that an earlier importer has left is still that of the object whose number is noted.
                let known = self.status.known(&listed.key);
                let key = ObjectKey { nonce: known.map_or(0, |known| known.nonce), ..listed.key.clone() };
                self.status.note(&key, CopyState::Refused, &counts);
                let (layout, nonce) = (listed.layout, listed.key.nonce);
                let refused = Local::Refused { layout, nonce, at: Instant::now() };
                self.objects.insert(name.clone(), refused);
            }
        }
        Ok(())
    }

    /// Makes a copy, or takes over the one that an earlier importer has left.
    fn made(
        &mut self,
        session: &SessionKey,
        listed: &Listed,
        stop: &AtomicBool,
    ) -> Result<Result<(Copy, &'static str), String>, Silent> {
        Ok(match self.described(session, &listed.key, listed.layout, stop)? {
            Ok((schema, room)) => self.copy_of(&listed.key, &schema, room),
            Err(why) => Err(why),
        })
    }

    /// Asks for the layout of an object, and checks that it may be copied.
    fn described(
        &mut self,
        session: &SessionKey,
        key: &ObjectKey,
        layout: u128,
        stop: &AtomicBool,
    ) -> Result<Result<(OwnedSchema, Option<u64>), String>, Silent> {
        let (schema, room) = match layout::described(self.session, session, key, stop)? {
            Ok(described) => described,
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = layout::check(self.import, key, &schema, room) {
            return Ok(Err(why));
        }
        if schema.hash().to_u128() != layout {
            return Ok(Err("its layout is another one than its exporter lists".into()));
        }
        if self.layouts.len() >= MOST_LAYOUTS && !self.layouts.contains(&layout) {
            return Ok(Err(format!("this importer has copied objects of {MOST_LAYOUTS} layouts: start it again")));
        }
        self.layouts.insert(layout);
        Ok(Ok((schema, room)))
    }

    fn copy_of(
        &self,
        key: &ObjectKey,
        schema: &OwnedSchema,
        room: Option<u64>,
    ) -> Result<(Copy, &'static str), String> {
        let text = |error: &dyn std::error::Error| error.to_string();
        let store = self.store.open_or_create_named(key.name.as_str()).map_err(|error| text(&error))?;
        let (origin, id) = (self.import.from.as_str(), key.id());
        let known = self.status.known(key);
        let (mirrored, what) = match MirroredObject::attach(&store, id, origin) {
            Ok(mut left) => {
                let is_same = known.is_some_and(|known| known.nonce == key.nonce)
                    && (left.object().schema() == schema || left.grow(schema).is_ok());
                if is_same {
                    (left, "is copied on")
                } else {
                    drop(left);
                    store.remove_id(id).map_err(|error| text(&error))?;
                    (create(&store, schema, Options { id, room }, origin)?, "is copied anew")
                }
            }
            Err(DynamicError::Attach(AttachError::NotFound { .. }) | DynamicError::Inspect(_)) => {
                (create(&store, schema, Options { id, room }, origin)?, "is copied")
            }
            Err(DynamicError::Attach(AttachError::NotMirrored { .. })) => {
                let place = self.import.directory.join(key.name.as_str());
                return Err(format!(
                    "an ordinary object of this machine has this name. Remove it with `shmstore rm {}`",
                    place.display()
                ));
            }
            Err(DynamicError::Attach(AttachError::Mirrored { origin: other, .. })) if other != origin => {
                return Err(format!("its name has a copy of an object of {other}. Give another `directory`"));
            }
            Err(error) => return Err(text(&error)),
        };
        let copy = Copy::new(key.clone(), mirrored, self.status.clone()).map_err(|error| text(&error))?;
        Ok((copy, what))
    }

    fn subscribe(&mut self, session: &SessionKey, copy: Arc<Copy>) {
        let (tell, follower, from) = (self.tell.clone(), copy.clone(), session.session.clone());
        let subscriber = self.session.declare_subscriber(session.updates_of(&copy.key)).callback(move |sample| {
            let (head, bytes) = pieces_of(&sample);
            let Some(update) = wire::decode_update(&head, &bytes) else { return };
            if follower.apply(&from, &update, false, bytes.len()) {
                let _ = tell.send(Event::Missing(follower.clone()));
            }
        });
        let name = name_of(&copy.key);
        match subscriber.wait() {
            Ok(_updates) => _ = self.objects.insert(name, Local::Copy { copy, _updates }),
            Err(error) => self.report.again(&name.0.to_string(), &format!("cannot subscribe to {}: {error}", name.0)),
        }
    }

    /// The object has grown at its origin.
    fn grow(&mut self, session: &SessionKey, copy: &Arc<Copy>, layout: u128, stop: &AtomicBool) -> Result<(), Silent> {
        let described = self.described(session, &copy.key, layout, stop)?;
        let grown = described.and_then(|(schema, _)| copy.grow(&schema).map_err(|error| error.to_string()));
        let name = name_of(&copy.key);
        match grown {
            Ok(true) => self.report.line(&format!("{} ({}) has grown", name.0, copy.key.id())),
            Ok(false) => {
                // It is made anew at the next listing.
                copy.give_up();
                self.objects.remove(&name);
            }
            Err(why) => {
                let subject = subject(&name, &self.import.from);
                self.report.again(&subject, &format!("{subject} has not grown: {why}"));
            }
        }
        Ok(())
    }

    /// Asks the origin for the updates that a copy lacks.
    fn ask_for_missing(&self, copy: &Arc<Copy>) {
        let Some(session) = self.exporters.first().filter(|session| session.session == copy.session()) else { return };
        let Some(Missing { request: number, since, positions }) = copy.missing() else { return };
        let request = wire::encode(&Request::State { since, positions });
        let (asked, from) = (Asked { copy: copy.clone(), number, tell: self.tell.clone() }, session.session.clone());
        let time = REPLY + Duration::from_secs(copy.size() / SLOWEST);
        let query = self.session.get(session.ask_object(&copy.key)).payload(request).timeout(time);
        let query = query.consolidation(ConsolidationMode::None).callback(move |reply| {
            let Ok(sample) = reply.result() else { return };
            let (head, bytes) = pieces_of(sample);
            if let Some(Reply::State(state)) = wire::decode_reply(&head, &bytes) {
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
            let is_gone = self.gone.contains(&name_of(&copy.key));
            let state = match is_connected {
                _ if copy.is_waiting() => CopyState::Waiting,
                true if is_gone => CopyState::Gone,
                true => CopyState::Live,
                false => CopyState::Disconnected,
            };
            self.status.note(&copy.key, state, &copy.counts());
        }
    }

    fn set_all(&self, state: CopyState) {
        for copy in self.copies() {
            self.status.note(&copy.key, state, &copy.counts());
        }
    }
}

pub(super) fn name_of(key: &ObjectKey) -> ObjectName {
    (key.name.clone(), key.id)
}

/// An object, in lines for people.
pub(super) fn subject((name, id): &ObjectName, from: &Name) -> String {
    format!("{name} ({}) of {from}", char::from(*id))
}

/// A request. The last reply, or the end of its time, drops it.
struct Asked {
    copy: Arc<Copy>,
    number: u64,
    tell: Sender<Event>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.copy.answered(self.number);
        let _ = self.tell.send(Event::Missing(self.copy.clone()));
    }
}

fn create(store: &Store, schema: &OwnedSchema, options: Options, origin: &str) -> Result<MirroredObject, String> {
    MirroredObject::create(store, schema, options, origin).map_err(|error| error.to_string())
}
