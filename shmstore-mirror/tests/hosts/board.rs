//! The objects of the tests, and a program that uses them: an *actor*, which does what lines on its standard input say.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shmstore::broadcast::RecvError;
use shmstore::{Broadcast, Event, Frames, Lock, Map, Queue, ReadOnly, Shared, ShmObject, Store, Versioned};

/// The variable that makes the test program an actor. Its value is the directory of the objects.
pub(crate) const ACTOR: &str = "SHMSTORE_MIRROR_ACTOR";

/// A value whose numbers are all the same, unless it is torn.
pub(crate) type Whole = [u64; 64];

/// An object with each kind of part.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B', room = 65536)]
pub(crate) struct Board {
    pub(crate) position: Versioned<Whole>,
    pub(crate) count: AtomicU64,
    pub(crate) rang: Event,
    pub(crate) ticks: Broadcast<u64, 16>,
    pub(crate) quotes: Map<u64, Whole, 32>,
    pub(crate) images: Frames<u64, 512, 4, u64>,
    pub(crate) jobs: Queue<u32, 8>,
    pub(crate) lock: Lock,
}

/// A later version of the program.
mod later {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'B', room = 65536)]
    pub(crate) struct Board {
        pub(crate) position: Versioned<Whole>,
        pub(crate) count: AtomicU64,
        pub(crate) rang: Event,
        pub(crate) ticks: Broadcast<u64, 16>,
        pub(crate) quotes: Map<u64, Whole, 32>,
        pub(crate) images: Frames<u64, 512, 4, u64>,
        pub(crate) jobs: Queue<u32, 8>,
        pub(crate) lock: Lock,
        pub(crate) speed: Versioned<u64>,
    }
}

/// A type that no importer of the tests accepts by its name.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
pub(crate) struct Secret {
    code: Versioned<u64>,
}

/// Reads commands until the end of the input, and answers each by a line of JSON.
pub(crate) fn act(directory: PathBuf) {
    let mut actor = Actor { directory, board: None, view: None, later: None, sent: 0, round: 100 };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("commands are text");
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = actor.obey(&words).unwrap_or_else(|error| json!({ "error": error.to_string() }));
        println!("\nANSWER {answer}");
        std::io::stdout().flush().expect("the test reads");
    }
}

struct Actor {
    directory: PathBuf,
    board: Option<Shared<Board>>,
    view: Option<ReadOnly<Board>>,
    later: Option<Shared<later::Board>>,
    sent: u64,
    /// Values grow, so that an older one shows.
    round: u64,
}

type Answer = Result<Value, Box<dyn std::error::Error>>;

impl Actor {
    fn store(&self, name: &str) -> Result<Store, shmstore::OpenError> {
        Store::open_or_create(&self.directory)?.open_or_create_named(name)
    }

    fn obey(&mut self, words: &[&str]) -> Answer {
        let number = |at: usize| -> Result<u64, String> {
            words.get(at).and_then(|word| word.parse().ok()).ok_or_else(|| format!("no number in {words:?}"))
        };
        match words[0] {
            "create" => self.board = Some(self.store(words[1])?.create()?),
            "attach" => self.board = Some(self.store(words[1])?.attach()?),
            "secret" => std::mem::forget(self.store(words[1])?.create::<Secret>()?),
            "replace" => {
                (self.board, self.later) = (None, None);
                // The exporter lets go of it within a second.
                self.board = Some(self.store(words[1])?.replace()?);
            }
            "migrate" => {
                (self.board, self.later) = (None, None);
                let migration = self.store(words[1])?.migrate::<later::Board>()?;
                return Ok(json!({ "new": migration.new.len() }));
            }
            "grow" => {
                let grown = self.store(words[1])?.attach::<later::Board>()?;
                grown.speed.store(number(2)?);
                self.later = Some(grown);
            }
            "speed" => {
                let view = self.store(words[1])?.attach_view_timeout::<later::Board>(Duration::from_secs(10))?;
                return Ok(json!(wait_until(number(2)?, || view.speed.load())?));
            }
            "detach" => (self.board, self.view, self.later) = (None, None, None),
            "remove" => self.store(words[1])?.remove::<Board>()?,
            "limit" => std::fs::write("/proc/sys/kernel/shmmni", words[1])?,
            "view" => {
                let store = self.store(words[1])?;
                self.view = Some(store.attach_view_timeout(Duration::from_secs(10))?);
            }
            "is_removed" => return Ok(json!(ReadOnly::is_removed(self.view()?))),
            "owner" => return Ok(json!(format!("{:?}", self.store(words[1])?.list()?[0].mirrored))),
            "state" => return self.state(),
            "torn" => return self.look_for_torn_values(Duration::from_millis(number(1)?)),
            "follow" => return self.follow_ticks(number(1)?),
            "wait" => {
                return Ok(json!(wait_until(number(1)?, || self.view.as_ref().map_or(0, |v| v.position.load()[0]))?));
            }
            "newer" => {
                let started = Instant::now();
                let (_, value) = self.view()?.position.wait_newer(number(1)?, Duration::from_secs(10))?;
                return Ok(json!({ "value": value[0], "waited": started.elapsed().as_secs_f64() }));
            }
            _ => return self.change(words[0], &number),
        }
        Ok(json!("ok"))
    }

    fn view(&self) -> Result<&ReadOnly<Board>, &'static str> {
        self.view.as_ref().ok_or("no view")
    }

    /// Changes the object.
    fn change(&mut self, what: &str, number: &dyn Fn(usize) -> Result<u64, String>) -> Answer {
        let board = self.board.as_ref().ok_or("no board")?;
        match what {
            "store" => _ = board.position.store([number(1)?; 64]),
            "add" => _ = board.count.fetch_add(number(1)?, Relaxed),
            "ring" => _ = board.rang.notify_all(),
            "send" => {
                for _ in 0..number(1)? {
                    board.ticks.send(self.sent);
                    self.sent += 1;
                }
            }
            // Changes that end as they began.
            "flip" => {
                let (before, end) = (board.count.load(Relaxed), Instant::now() + Duration::from_millis(number(1)?));
                while Instant::now() < end {
                    board.count.store(777, Relaxed);
                    board.quotes.insert(31, [777; 64])?;
                    std::thread::sleep(Duration::from_millis(2));
                    board.count.store(before, Relaxed);
                    board.quotes.remove(&31)?;
                    std::thread::sleep(Duration::from_millis(3));
                }
            }
            "later" => {
                let last = number(1)?;
                while self.sent <= last {
                    board.ticks.send(self.sent);
                    self.sent += 1;
                }
            }
            "put" => _ = board.quotes.insert(number(1)?, [number(2)?; 64])?,
            "del" => _ = board.quotes.remove(&number(1)?)?,
            "frame" => {
                let mut loan = board.images.try_loan()?;
                loan.copy_from(&vec![number(1)?; 512])?;
                loan.set_meta(number(1)?);
                loan.publish()?;
            }
            "push" => board.jobs.push(7)?,
            // Changes of all parts, without a pause.
            "burst" => {
                let end = Instant::now() + Duration::from_millis(number(1)?);
                while Instant::now() < end {
                    self.round += 1;
                    let round = self.round;
                    board.position.store([round; 64]);
                    board.count.store(round, Relaxed);
                    board.rang.notify_all();
                    board.ticks.send(self.sent);
                    self.sent += 1;
                    match round % 3 {
                        0 => drop(board.quotes.remove(&(round % 40))),
                        _ => drop(board.quotes.insert(round % 40, [round; 64])),
                    }
                    if round % 16 == 0 {
                        if let Ok(mut loan) = board.images.try_loan() {
                            loan.copy_from(&vec![round; 512])?;
                            loan.set_meta(round);
                            loan.publish()?;
                        }
                    }
                    if round % 8 == 0 {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                }
                return Ok(json!(self.round));
            }
            other => return Err(format!("no command {other}").into()),
        }
        Ok(json!("ok"))
    }

    /// All that is in the object, but versions, which each host counts for itself.
    fn state(&self) -> Answer {
        fn state_of(
            position: Whole,
            count: u64,
            rang: u64,
            sent: u64,
            newest: Option<u64>,
            mut quotes: Vec<(u64, u64)>,
            frame: Option<(u64, Vec<u64>)>,
        ) -> Value {
            quotes.sort_unstable();
            json!({
                "position": position[0], "count": count, "rang": rang, "sent": sent, "newest": newest,
                "quotes": quotes, "frame": frame.map(|(meta, elements)| [meta, elements[0], elements.len() as u64]),
            })
        }
        if let Some(view) = &self.view {
            let quotes = view.quotes.iter().map(|entry| entry.map(|(key, value)| (key, value[0])));
            let frame = view.images.pin_newest()?.map(|pinned| (*pinned.meta(), pinned.to_vec()));
            return Ok(state_of(
                view.position.load(),
                view.count.load(Relaxed),
                view.rang.count(),
                view.ticks.sent(),
                view.ticks.newest()?.map(|(number, _)| number),
                quotes.collect::<Result<_, _>>()?,
                frame,
            ));
        }
        let board = self.board.as_ref().ok_or("no board")?;
        let quotes = board.quotes.iter().map(|entry| entry.map(|(key, value)| (key, value[0])));
        let frame = board.images.pin_newest()?.map(|pinned| (*pinned.meta(), pinned.to_vec()));
        Ok(state_of(
            board.position.load(),
            board.count.load(Relaxed),
            board.rang.count(),
            board.ticks.sent(),
            board.ticks.newest()?.map(|(number, _)| number),
            quotes.collect::<Result<_, _>>()?,
            frame,
        ))
    }

    /// Reads all the time, and counts torn values, and values older than the last one.
    fn look_for_torn_values(&self, time: Duration) -> Answer {
        let view = self.view()?;
        let is_torn = |value: &[u64]| value.iter().any(|number| *number != value[0]);
        let (mut torn, mut older, mut reads, mut last, end) = (0, 0, 0_u64, 0, Instant::now() + time);
        while Instant::now() < end {
            let position = view.position.load();
            torn += u64::from(is_torn(&position));
            older += u64::from(position[0] < last);
            last = position[0];
            for entry in &view.quotes {
                torn += u64::from(is_torn(&entry?.1));
            }
            if let Some(pinned) = view.images.pin_newest()? {
                torn += u64::from(is_torn(&pinned.to_vec()));
            }
            reads += 1;
        }
        Ok(json!({ "torn": torn, "older": older, "reads": reads }))
    }

    /// Receives ticks, from now on, until one has the value or a later one. Each tick has its own number as its value.
    fn follow_ticks(&self, last: u64) -> Answer {
        let mut subscriber = self.view()?.ticks.subscribe();
        let first = subscriber.position();
        let (mut received, mut missed, mut wrong) = (0, 0, 0);
        loop {
            let position = subscriber.position();
            match subscriber.recv_timeout(Duration::from_secs(20)) {
                Ok(tick) => {
                    received += 1;
                    wrong += u64::from(tick != position);
                    if tick >= last {
                        break;
                    }
                }
                Err(RecvError::Lagged { missed: more }) => missed += more,
                Err(error) => return Err(error.into()),
            }
        }
        let is_exact = first + received + missed == subscriber.position();
        Ok(json!({ "received": received, "missed": missed, "wrong": wrong, "exact": is_exact }))
    }
}

fn wait_until(value: u64, mut get: impl FnMut() -> u64) -> Result<u64, String> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let now = get();
        if now >= value {
            return Ok(now);
        }
        if Instant::now() > end {
            return Err(format!("waited for {value}, found {now}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
