//! Server-sent events: what has changed, at most four times a second.
//!
//! While somebody listens, one task looks every 250 ms. Each client takes the newest look. A client that is slow to
//! read misses looks, and keeps nobody else waiting.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::unfold;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::answers::{failed, of, said};
use super::routes::{Server, number};
use super::tick::{Entries, Field, Selected, Tick};
use super::worker::Worker;

/// The time between two looks.
const PERIOD: Duration = Duration::from_millis(250);
/// The most clients that listen.
const MOST: usize = 16;

/// The looks, and who listens to them.
#[derive(Clone)]
pub(super) struct Ticker(Arc<Shared>);

struct Shared {
    worker: Worker,
    newest: watch::Sender<Option<Arc<Tick>>>,
    listeners: Mutex<Listeners>,
    /// A permit for each client that may still come.
    places: Arc<Semaphore>,
}

#[derive(Default)]
struct Listeners {
    /// The objects that are selected, each with the number of clients that have selected it.
    selected: HashMap<i32, usize>,
    is_looked_for: bool,
}

impl Ticker {
    pub(super) fn of(worker: Worker) -> Self {
        let (newest, _) = watch::channel(None);
        Self(Arc::new(Shared { worker, newest, listeners: Mutex::default(), places: Arc::new(Semaphore::new(MOST)) }))
    }

    /// Begins to listen. Returns `None` if there are too many clients.
    fn listen(&self, selected: Option<i32>, write: bool) -> Option<Client> {
        let Self(shared) = self;
        let place = shared.places.clone().try_acquire_owned().ok()?;
        let ticks = shared.newest.subscribe();
        let mut listeners = shared.locked();
        if let Some(shmid) = selected {
            *listeners.selected.entry(shmid).or_default() += 1;
        }
        if !std::mem::replace(&mut listeners.is_looked_for, true) {
            tokio::spawn(look(shared.clone()));
        }
        drop(listeners);
        Some(Client { shared: shared.clone(), ticks, selected, last: None, has_told: false, write, _place: place })
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the objects to look at closely. Returns `None` if nobody listens any more.
    fn wanted(&self) -> Option<Vec<i32>> {
        let mut listeners = self.locked();
        listeners.is_looked_for = self.newest.receiver_count() > 0;
        listeners.is_looked_for.then(|| listeners.selected.keys().copied().collect())
    }
}

/// Looks until nobody listens.
async fn look(shared: Arc<Shared>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(selected) = shared.wanted() else { break };
        match shared.worker.ask(move |machine| machine.tick(&selected)).await {
            Some(Ok(tick)) => drop(shared.newest.send_replace(Some(Arc::new(tick)))),
            // The kernel refuses a list. The next one may succeed.
            Some(Err(_)) => {}
            None => return,
        }
    }
    shared.newest.send_replace(None);
}

/// A client that listens.
struct Client {
    shared: Arc<Shared>,
    ticks: watch::Receiver<Option<Arc<Tick>>>,
    selected: Option<i32>,
    /// The look that it has been told last.
    last: Option<Arc<Selected>>,
    has_told: bool,
    /// Whether the server stores values.
    write: bool,
    _place: OwnedSemaphorePermit,
}

impl Drop for Client {
    fn drop(&mut self) {
        let Some(shmid) = self.selected else { return };
        let mut listeners = self.shared.locked();
        if let Some(count) = listeners.selected.get_mut(&shmid) {
            *count -= 1;
            if *count == 0 {
                listeners.selected.remove(&shmid);
            }
        }
    }
}

/// A message. Keys without a value are left out.
#[derive(Serialize)]
struct Message<'a> {
    time: u64,
    /// Whether the server stores values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    write: bool,
    findings: &'a RawValue,
    objects: &'a RawValue,
    /// `null` if the object cannot be read any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Option<&'a RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<HashMap<&'a str, &'a Field>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<HashMap<&'a str, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<(u64, &'a BTreeMap<String, f64>)>>,
}

impl Client {
    /// Waits for the next look, and returns what has changed as an event. Returns `None` if no look comes any more.
    async fn next(&mut self) -> Option<String> {
        loop {
            self.ticks.changed().await.ok()?;
            let newest = self.ticks.borrow_and_update().clone();
            // The selection is newer than a look without it.
            let Some(tick) = newest else { continue };
            let seen = match self.selected {
                Some(shmid) => match tick.selected.get(&shmid) {
                    Some(seen) => Some(seen.clone()),
                    None => continue,
                },
                None => None,
            };
            return Some(self.tell(&tick, seen));
        }
    }

    fn tell(&mut self, tick: &Tick, seen: Option<Option<Arc<Selected>>>) -> String {
        let mut message = Message {
            time: tick.time,
            write: self.write,
            findings: &tick.findings,
            objects: &tick.objects,
            object: None,
            processes: None,
            fields: None,
            versions: None,
            history: None,
        };
        let (last, is_first) = (self.last.take(), !std::mem::replace(&mut self.has_told, true));
        match &seen {
            Some(Some(now)) => {
                let last = last.as_deref();
                let is_same = last.is_some_and(|last| last.value.get() == now.value.get());
                message.object = (!is_same).then_some(Some(&now.value));
                message.processes = Some(&now.processes);
                message.fields = Some(changed(last.map(|last| &last.fields), &now.fields).collect());
                let versions = changed(last.map(|last| &last.versions), &now.versions);
                message.versions = Some(versions.map(|(path, count)| (path, *count)).collect());
                let history = || now.history.iter().map(|(time, numbers)| (*time, &**numbers)).collect();
                message.history = is_first.then(history);
            }
            Some(None) if is_first || last.is_some() => message.object = Some(None),
            _ => {}
        }
        let event = event(&message);
        self.last = seen.flatten();
        event
    }
}

/// Returns the entries that were not there before, or had another value.
fn changed<'a, T: PartialEq>(
    before: Option<&'a Entries<T>>,
    now: &'a [(String, T)],
) -> impl Iterator<Item = (&'a str, &'a T)> {
    let before: HashMap<&str, &T> = before.into_iter().flatten().map(|(path, value)| (&**path, value)).collect();
    now.iter().map(|(path, value)| (&**path, value)).filter(move |(path, value)| before.get(path) != Some(value))
}

fn event(message: &impl Serialize) -> String {
    let json = serde_json::to_string(message).expect("text, numbers, and objects whose keys are text");
    format!("data: {json}\n\n")
}

/// Answers with events until the client leaves.
pub(super) async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let asked = pairs.filter_map(|pair| pair.strip_prefix("object=")).next_back().filter(|asked| !asked.is_empty());
    let selected = match asked.map(number).transpose() {
        Ok(selected) => selected,
        Err(failure) => return failed(&failure),
    };
    let Some(client) = server.ticker.listen(selected, server.guard.writes()) else {
        return said(StatusCode::SERVICE_UNAVAILABLE, "16 clients listen already: close a page, and try again");
    };
    let events = unfold(client, async |mut client| {
        let event = client.next().await?;
        Some((Ok::<_, Infallible>(event), client))
    });
    of("text/event-stream", Body::from_stream(events))
}
