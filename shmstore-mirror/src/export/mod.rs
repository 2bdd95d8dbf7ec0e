//! The exporter: it sends the changes of objects of this host to the hosts that copy them.
//!
//! - One thread an object waits for changes that wake: new versions, notifications, items, frames, keys.
//! - The main thread looks for all others: atomics, and values of maps. It looks for new objects, too.
//! - Threads of zenoh answer requests.

mod object;
mod part;
mod scan;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use zenoh::bytes::ZBytes;
use zenoh::query::Query;
use zenoh::{Session, Wait};

use crate::error::MirrorError;
use crate::lock::lock;
use crate::report::Report;
use crate::session;
use crate::settings::{Role, Settings};
use crate::wire::{self, Listed, Listing, ObjectKey, Reply, Request, SessionKey};
use object::Exported;
use scan::Scan;

/// The pause between two looks at the flags of the objects, and for a stop.
const TICK: Duration = Duration::from_millis(100);

/// The pause between two listings without a change.
const LISTING: Duration = Duration::from_secs(1);

/// The share of the time that searches for new objects take at most: one in so many parts.
const SEARCH_SHARE: u32 = 50;

/// The objects that are exported at this moment.
type Objects = Arc<Mutex<HashMap<ObjectKey, Arc<Exported>>>>;

/// Exports until `stop` is set.
///
/// # Errors
///
/// [`MirrorError`] if the settings are not complete, or if the network cannot be used.
pub fn run(settings: &Settings, report: &Report, stop: &AtomicBool) -> Result<(), MirrorError> {
    settings.check(Role::Export)?;
    let session = session::open(settings, Role::Export)?;
    let key = SessionKey { host: settings.own_name().clone(), session: session.zid().to_string() };
    let objects = Objects::default();
    let answers = {
        let (objects, key) = (objects.clone(), key.clone());
        let queryable = session.declare_queryable(key.ask_all()).callback(move |query| answer(&objects, &key, &query));
        queryable.wait().map_err(MirrorError::network("answer requests"))?
    };
    let list = session.declare_publisher(key.list()).wait().map_err(MirrorError::network("publish the list"))?;
    let mut search = Scan::of(&settings.export);
    let mut exporter = Exporter { session: &session, key: &key, objects, last: 0, report };
    exporter.take_over(search.now(report));
    // The token comes last: a host that sees it finds all objects.
    let token = session.liveliness().declare_token(key.to_string()).wait();
    let token = token.map_err(MirrorError::network("declare this exporter"))?;
    let count = exporter.len();
    let plural = if count == 1 { "" } else { "s" };
    report.line(&format!("exporting {count} object{plural} as {} (session {})", key.host, key.session));
    let (mut listed, mut listed_at) = (Listing { objects: Vec::new() }, Instant::now());
    while !stop.load(Relaxed) {
        if search.is_due() {
            exporter.take_over(search.now(report));
        }
        exporter.let_go_of_moving();
        let listing = exporter.listing();
        let is_other = !is_of_same_objects(&listing, &listed);
        if is_other || listed_at.elapsed() >= LISTING {
            // A message that is lost comes again within a second.
            drop(list.put(wire::encode(&listing)).wait());
            (listed, listed_at) = (listing, Instant::now());
        }
        exporter.look_until(Instant::now() + TICK);
    }
    // In this order, so that a host does not ask an exporter that has ended.
    drop(token.undeclare().wait());
    drop(answers.undeclare().wait());
    exporter.take_over(Vec::new());
    session.close().wait().map_err(MirrorError::network("close the network"))
}

/// Prints what would be exported, and sends nothing.
///
/// # Errors
///
/// [`MirrorError::Incomplete`] if the settings are not complete.
pub fn dry_run(settings: &Settings, report: &Report) -> Result<(), MirrorError> {
    settings.check(Role::Export)?;
    for found in Scan::of(&settings.export).now(report) {
        report.line(&format!("would export {found}"));
    }
    Ok(())
}

/// Answers one request.
fn answer(objects: &Objects, key: &SessionKey, query: &Query) {
    let reply = |head: Vec<u8>, payload: ZBytes| {
        drop(query.reply(query.key_expr().clone(), payload).attachment(head).wait());
    };
    let asked = query.key_expr().as_str();
    let prefix = format!("{key}/ask/");
    match asked.strip_prefix(&prefix) {
        Some("list") => reply(Vec::new(), wire::encode(&listing_of(objects)).into()),
        Some(object) => {
            let object = ObjectKey::parse(object).and_then(|key| lock(objects).get(&key).cloned());
            let request = query.payload().map(|payload| payload.to_bytes());
            let request = request.and_then(|bytes| wire::decode::<Request>(&bytes));
            match (object, request) {
                (Some(object), Some(request)) => object.answer(&request, reply),
                (None, _) => reply(wire::encode(&Reply::Gone), ZBytes::new()),
                // Not a request of this version.
                (_, None) => {}
            }
        }
        None => {}
    }
}

fn listing_of(objects: &Objects) -> Listing {
    let objects: Vec<Arc<Exported>> = lock(objects).values().cloned().collect();
    let listed =
        |object: Arc<Exported>| Listed { key: object.key.clone(), layout: object.layout, sequence: object.sequence() };
    Listing { objects: objects.into_iter().map(listed).collect() }
}

/// Returns `true` if two listings have the same objects with the same layouts.
fn is_of_same_objects(one: &Listing, other: &Listing) -> bool {
    let names = |listing: &Listing| {
        let mut names: Vec<_> = listing.objects.iter().map(|listed| (listed.key.clone(), listed.layout)).collect();
        names.sort_unstable();
        names
    };
    one.objects.len() == other.objects.len() && names(one) == names(other)
}

struct Exporter<'a> {
    session: &'a Session,
    key: &'a SessionKey,
    objects: Objects,
    /// The largest number of an update of this run. An object that is let go and found again begins after it, so that no
    /// copy takes a new number for one that it has.
    last: u64,
    report: &'a Report,
}

impl Exporter<'_> {
    fn len(&self) -> usize {
        lock(&self.objects).len()
    }

    fn listing(&self) -> Listing {
        listing_of(&self.objects)
    }

    /// Exports the objects that were found, and no others.
    fn take_over(&mut self, found: Vec<scan::Found>) {
        let known = lock(&self.objects).clone();
        for (key, object) in &known {
            if object.has_ended() || !found.iter().any(|found| found.key == *key) {
                self.let_go(key, object, "is not exported any more");
            }
        }
        for found in found {
            let before = known.get(&found.key).filter(|object| !object.has_ended());
            match before {
                Some(object) if object.layout == found.layout => {}
                Some(object) => {
                    self.last = self.last.max(object.end());
                    self.begin(found, "has grown");
                }
                None => self.begin(found, "is exported"),
            }
        }
    }

    fn begin(&self, found: scan::Found, why: &str) {
        let text = found.to_string();
        let updates = self.key.updates_of(&found.key);
        match Exported::begin(self.session, found, updates, self.last + 1) {
            Ok(object) => {
                self.report.line(&format!("{text} {why}"));
                lock(&self.objects).insert(object.key.clone(), object);
            }
            Err(error) => self.report.again(&text, &format!("cannot export {text}: {error}")),
        }
    }

    fn let_go(&mut self, key: &ObjectKey, object: &Exported, why: &str) {
        self.last = self.last.max(object.end());
        if lock(&self.objects).remove(key).is_some() {
            self.report.line(&format!("{} ({}) {why}", key.name, key.id()));
        }
    }

    /// A process that migrates, replaces or removes an object waits a second for others to detach it.
    fn let_go_of_moving(&mut self) {
        let known = lock(&self.objects).clone();
        for (key, object) in &known {
            if object.is_moving() {
                self.let_go(key, object, "is migrated or removed");
            }
        }
    }

    /// Looks for changes that wake no thread, until the time is over.
    fn look_until(&self, end: Instant) {
        let objects: Vec<Arc<Exported>> = lock(&self.objects).values().cloned().collect();
        loop {
            let now = Instant::now();
            let next = objects.iter().filter_map(|object| object.look_if_due(now)).min();
            let next = next.map_or(end, |next| next.min(end));
            if now >= end {
                return;
            }
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }
}
