//! The copies of the objects of one other host.

mod exporters;
mod follow;
mod make;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};
use zenoh::pubsub::Subscriber;
use zenoh::sample::SampleKind;
use zenoh::{Session, Wait};

use super::copy::Copy;
use super::layout::Silent;
use crate::error::MirrorError;
use crate::lock::lock;
use crate::name::Name;
use crate::report::Report;
use crate::settings::Import;
use crate::status::{CopyState, MirrorStatus, STATUS_NAME, cut};
use crate::wire::{Listed, Listing, ObjectKey, SessionKey};

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
