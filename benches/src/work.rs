//! The rows of the comparison, and the other process's work in each.

/// The results of a generic function for each system, Boost only if it is part of the build.
macro_rules! of_each {
    ($function:ident $arguments:tt: $($system:ty),+ $(; boost $boost:ty)?) => {
        Vec::from([$($function::<$system> $arguments?,)+ $(#[cfg(boost)] $function::<$boost> $arguments?)?])
    };
    ($function:ident [$size:ident] $arguments:tt: $($system:ty),+ $(; boost $boost:ty)?) => {
        Vec::from([
            $($function::<$system, $size> $arguments?,)+
            $(#[cfg(boost)] $function::<$boost, $size> $arguments?)?
        ])
    };
}

/// The results of a function for queues of some kinds, and for all peers.
macro_rules! queues {
    ($function:ident $arguments:tt: $($first:ty),*) => {
        of_each!($function [WORDS] $arguments: $($first,)* Ring, MpmcQueue, Publishing, Cloudtoid, PosixMq;
            boost crate::systems::boost::MessageQueue)
    };
}

/// The same for broadcasts.
macro_rules! broadcasts {
    ($function:ident $arguments:tt) => {
        of_each!($function [WORDS] $arguments: BroadcastedExclusively, Broadcasted, Ring, Mpmc, Publishing)
    };
}

mod board;
mod channel;
mod derive;
mod frames;
mod killed;
mod lock;
mod map;
mod objects;
mod stream;
mod talk;

use self::frames::{exchange, latency};
use crate::Failure;
use crate::batch::{Contender, Plan, alternate};
use crate::partner::{Role, Stage};
use crate::place::Place;
use crate::row::{Other, Row, Target};

/// The means of measuring a row.
pub struct Ground<'a> {
    /// Files and segments.
    pub place: &'a Place,
    /// The amount of measurement.
    pub plan: Plan,
    /// `true`: the run only shows that everything works.
    pub is_quick: bool,
    /// The processor of the other process.
    pub partner_cpu: usize,
}

impl Ground<'_> {
    /// Creates a directory for one contender of one row.
    pub fn directory(&self, row: &str, system: &str) -> std::io::Result<std::path::PathBuf> {
        self.place.make(&format!("{row}-{system}").replace([' ', ','], "-"))
    }
}

/// One row.
#[derive(Debug)]
pub struct Work {
    /// The name for `--only`.
    pub name: &'static str,
    /// The topic on the page.
    topic: &'static str,
    /// Measures it.
    pub measure: fn(&Ground<'_>, &'static str) -> Result<Row, Failure>,
    /// The approximate duration, in seconds: of a quick run, and of a full one.
    pub seconds: (u32, u32),
}

impl Work {
    /// Returns `true` for a row of frames.
    pub fn is_of_frames(&self) -> bool {
        self.topic == FRAMES
    }
}

const LOAD: &str = "Load a value";
const LOAD_BESIDE: &str = "Load a value while another process stores";
const STORE: &str = "Store a value";
const LOCK: &str = "Locks and transactions";
const TALK: &str = "From process to process";
const ANY: &str = "Waiting for many things";
const QUEUE: &str = "Queues: each value goes to one receiver";
const BROADCAST: &str = "Broadcasts: each receiver gets every value";
const MAP: &str = "Maps: values of 64 bytes by keys of 8";
const MAP_TWO: &str = "Maps: two processes";
const MAP_WHOLE: &str = "Maps as a whole";
const FRAMES: &str = "Frames: values of 4 MiB";
const ELEMENTS: &str = "Frames: computing with the elements";
const KILLED: &str = "A producer is killed";
const OBJECT: &str = "Whole objects";
const DERIVE: &str = "Compile time of the derives";

/// All rows, in the order of measurement. Rows of one topic are neighbors.
pub const ALL: &[Work] = &[
    Work { name: "load-64", topic: LOAD, measure: board::load::<8>, seconds: (1, 6) },
    Work { name: "load-4k", topic: LOAD, measure: board::load::<512>, seconds: (1, 6) },
    Work { name: "load-64k", topic: LOAD, measure: board::load::<8192>, seconds: (1, 6) },
    Work { name: "load-64-busy", topic: LOAD_BESIDE, measure: board::load_busy::<8>, seconds: (2, 9) },
    Work { name: "load-4k-busy", topic: LOAD_BESIDE, measure: board::load_busy::<512>, seconds: (4, 12) },
    Work { name: "load-64k-busy", topic: LOAD_BESIDE, measure: board::load_busy::<8192>, seconds: (5, 14) },
    Work { name: "load-64-paced", topic: LOAD_BESIDE, measure: board::load_paced::<8>, seconds: (2, 9) },
    Work { name: "store-64", topic: STORE, measure: board::store::<8>, seconds: (1, 6) },
    Work { name: "store-4k", topic: STORE, measure: board::store::<512>, seconds: (1, 6) },
    Work { name: "store-64k", topic: STORE, measure: board::store::<8192>, seconds: (1, 6) },
    Work { name: "lock", topic: LOCK, measure: lock::idle, seconds: (1, 3) },
    Work { name: "lock-contended", topic: LOCK, measure: lock::contended, seconds: (1, 3) },
    Work { name: "transaction", topic: LOCK, measure: lock::transaction, seconds: (1, 3) },
    Work { name: "wake", topic: TALK, measure: talk::wake, seconds: (2, 20) },
    Work { name: "round-trip", topic: TALK, measure: talk::round_trip, seconds: (1, 3) },
    Work { name: "wake-any-1", topic: ANY, measure: talk::wake_any::<1>, seconds: (1, 14) },
    Work { name: "wake-any-32", topic: ANY, measure: talk::wake_any::<32>, seconds: (1, 14) },
    Work { name: "push-48", topic: QUEUE, measure: channel::push::<6>, seconds: (1, 6) },
    Work { name: "push-4k", topic: QUEUE, measure: channel::push::<512>, seconds: (1, 6) },
    Work { name: "pop-48", topic: QUEUE, measure: channel::pop::<6>, seconds: (1, 7) },
    Work { name: "pop-4k", topic: QUEUE, measure: channel::pop::<512>, seconds: (1, 7) },
    Work { name: "push-pop-8", topic: QUEUE, measure: channel::push_pop::<1>, seconds: (1, 6) },
    Work { name: "queue-48", topic: QUEUE, measure: stream::one_to_one::<6>, seconds: (1, 6) },
    Work { name: "queue-4k", topic: QUEUE, measure: stream::one_to_one::<512>, seconds: (1, 6) },
    Work { name: "queue-shared-8", topic: QUEUE, measure: stream::two_to_two::<1>, seconds: (1, 6) },
    Work { name: "queue-shared-256", topic: QUEUE, measure: stream::two_to_two::<32>, seconds: (1, 6) },
    Work { name: "queue-round-trip-8", topic: QUEUE, measure: talk::queue_round_trip::<1>, seconds: (1, 6) },
    Work { name: "queue-round-trip-48", topic: QUEUE, measure: talk::queue_round_trip::<6>, seconds: (1, 6) },
    Work { name: "queue-wake", topic: QUEUE, measure: talk::queue_wake, seconds: (4, 40) },
    Work { name: "send-48", topic: BROADCAST, measure: channel::send::<6>, seconds: (1, 5) },
    Work { name: "send-4k", topic: BROADCAST, measure: channel::send::<512>, seconds: (1, 5) },
    Work { name: "recv-48", topic: BROADCAST, measure: channel::recv::<6>, seconds: (1, 5) },
    Work { name: "recv-4k", topic: BROADCAST, measure: channel::recv::<512>, seconds: (1, 5) },
    Work { name: "broadcast-48", topic: BROADCAST, measure: stream::one_to_three::<6>, seconds: (1, 5) },
    Work { name: "broadcast-256", topic: BROADCAST, measure: stream::one_to_three::<32>, seconds: (1, 5) },
    Work {
        name: "broadcast-round-trip-48",
        topic: BROADCAST,
        measure: talk::broadcast_round_trip::<6>,
        seconds: (1, 4),
    },
    Work { name: "broadcast-wake", topic: BROADCAST, measure: talk::broadcast_wake, seconds: (2, 20) },
    Work { name: "map-get-10k", topic: MAP, measure: map::get::<{ map::FEW }>, seconds: (1, 5) },
    Work { name: "map-get-1m", topic: MAP, measure: map::get::<{ map::MANY }>, seconds: (3, 8) },
    Work { name: "map-get-10k-latency", topic: MAP, measure: map::get_in_turn::<{ map::FEW }>, seconds: (1, 6) },
    Work { name: "map-get-1m-latency", topic: MAP, measure: map::get_in_turn::<{ map::MANY }>, seconds: (1, 6) },
    Work { name: "map-miss-10k", topic: MAP, measure: map::miss::<{ map::FEW }>, seconds: (1, 5) },
    Work { name: "map-miss-1m", topic: MAP, measure: map::miss::<{ map::MANY }>, seconds: (1, 5) },
    Work { name: "map-miss-10k-latency", topic: MAP, measure: map::miss_in_turn::<{ map::FEW }>, seconds: (1, 5) },
    Work { name: "map-miss-1m-latency", topic: MAP, measure: map::miss_in_turn::<{ map::MANY }>, seconds: (1, 6) },
    Work { name: "map-growth", topic: MAP, measure: map::growth, seconds: (1, 6) },
    Work { name: "map-insert-10k", topic: MAP, measure: map::insert::<{ map::FEW }>, seconds: (1, 5) },
    Work { name: "map-insert-1m", topic: MAP, measure: map::insert::<{ map::MANY }>, seconds: (3, 9) },
    Work { name: "map-remove-10k", topic: MAP, measure: map::remove::<{ map::FEW }>, seconds: (1, 5) },
    Work { name: "map-remove-1m", topic: MAP, measure: map::remove::<{ map::MANY }>, seconds: (3, 9) },
    Work { name: "map-update-10k", topic: MAP, measure: map::update::<{ map::FEW }>, seconds: (1, 4) },
    Work { name: "map-update-1m", topic: MAP, measure: map::update::<{ map::MANY }>, seconds: (3, 6) },
    Work { name: "map-readers-10k", topic: MAP_TWO, measure: map::readers::<{ map::FEW }>, seconds: (1, 13) },
    Work { name: "map-readers-1m", topic: MAP_TWO, measure: map::readers::<{ map::MANY }>, seconds: (1, 14) },
    Work {
        name: "map-beside-updates-10k-p50",
        topic: MAP_TWO,
        measure: map::beside::<{ map::FEW }, true, { map::P50 }>,
        seconds: (1, 11),
    },
    Work {
        name: "map-beside-updates-10k-p99",
        topic: MAP_TWO,
        measure: map::beside::<{ map::FEW }, true, { map::P99 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-updates-10k-p999",
        topic: MAP_TWO,
        measure: map::beside::<{ map::FEW }, true, { map::P999 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-inserts-10k-p50",
        topic: MAP_TWO,
        measure: map::beside::<{ map::FEW }, false, { map::P50 }>,
        seconds: (1, 11),
    },
    Work {
        name: "map-beside-inserts-10k-p99",
        topic: MAP_TWO,
        measure: map::beside::<{ map::FEW }, false, { map::P99 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-inserts-10k-p999",
        topic: MAP_TWO,
        measure: map::beside::<{ map::FEW }, false, { map::P999 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-updates-1m-p50",
        topic: MAP_TWO,
        measure: map::beside::<{ map::MANY }, true, { map::P50 }>,
        seconds: (3, 15),
    },
    Work {
        name: "map-beside-updates-1m-p99",
        topic: MAP_TWO,
        measure: map::beside::<{ map::MANY }, true, { map::P99 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-updates-1m-p999",
        topic: MAP_TWO,
        measure: map::beside::<{ map::MANY }, true, { map::P999 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-inserts-1m-p50",
        topic: MAP_TWO,
        measure: map::beside::<{ map::MANY }, false, { map::P50 }>,
        seconds: (3, 15),
    },
    Work {
        name: "map-beside-inserts-1m-p99",
        topic: MAP_TWO,
        measure: map::beside::<{ map::MANY }, false, { map::P99 }>,
        seconds: (0, 0),
    },
    Work {
        name: "map-beside-inserts-1m-p999",
        topic: MAP_TWO,
        measure: map::beside::<{ map::MANY }, false, { map::P999 }>,
        seconds: (0, 0),
    },
    Work { name: "map-iterate-10k", topic: MAP_WHOLE, measure: map::iterate::<{ map::FEW }>, seconds: (1, 4) },
    Work { name: "map-iterate-1m", topic: MAP_WHOLE, measure: map::iterate::<{ map::MANY }>, seconds: (1, 6) },
    Work { name: "map-memory-1m", topic: MAP_WHOLE, measure: map::memory, seconds: (1, 1) },
    Work { name: "map-create", topic: MAP_WHOLE, measure: map::create, seconds: (1, 3) },
    Work { name: "map-attach", topic: MAP_WHOLE, measure: map::attach, seconds: (1, 3) },
    Work { name: "frame-publish", topic: FRAMES, measure: latency::publish, seconds: (1, 3) },
    Work { name: "frame-pin", topic: FRAMES, measure: latency::pin, seconds: (1, 3) },
    Work { name: "frame-one-way", topic: FRAMES, measure: latency::one_way, seconds: (1, 5) },
    Work { name: "frame-round-trip", topic: FRAMES, measure: latency::round_trip, seconds: (1, 4) },
    Work { name: "frame-wake", topic: FRAMES, measure: latency::wake, seconds: (2, 20) },
    Work { name: "frame-exchange", topic: FRAMES, measure: exchange::exchange, seconds: (1, 6) },
    Work { name: "killed-queue", topic: KILLED, measure: killed::queue, seconds: (5, 60) },
    Work { name: "killed-broadcast", topic: KILLED, measure: killed::broadcast, seconds: (2, 10) },
    Work { name: "attach", topic: OBJECT, measure: objects::attach, seconds: (1, 5) },
    Work { name: "create", topic: OBJECT, measure: objects::create, seconds: (1, 6) },
    Work { name: "many-attach", topic: OBJECT, measure: objects::attach_of_many, seconds: (1, 2) },
    Work { name: "many-list", topic: OBJECT, measure: objects::list_of_many, seconds: (1, 3) },
    Work { name: "memory", topic: OBJECT, measure: objects::resident_memory, seconds: (1, 1) },
    Work { name: "derive", topic: DERIVE, measure: derive::rebuild, seconds: (40, 90) },
    Work { name: "derive-whole", topic: DERIVE, measure: derive::whole, seconds: (50, 150) },
];

/// The topic of a row.
pub fn topic(name: &str) -> &'static str {
    let is_of_elements = name.starts_with("sum-") || name.starts_with("fill-");
    let other = if is_of_elements { ELEMENTS } else { "Other rows" };
    ALL.iter().find(|work| work.name == name).map_or(other, |work| work.topic)
}

/// The other process's work.
pub fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.work.as_str() {
        "lock" => lock::partner(role, stage),
        "wake" => talk::partner_of_wake(role, stage),
        "wake-any-1" => talk::partner_of_wake_any::<1>(role, stage),
        "wake-any-32" => talk::partner_of_wake_any::<32>(role, stage),
        "round-trip" => talk::partner_of_round_trip(role, stage),
        "push-until-killed" | "send-until-killed" => killed::partner(role, stage),
        "queue-wake" => talk::partner_of_queue_wake(role, stage),
        "broadcast-wake" => talk::partner_of_broadcast_wake(role, stage),
        "queue-round-trip-8" => talk::partner_of_queue_round_trip::<1>(role, stage),
        "queue-round-trip-48" => talk::partner_of_queue_round_trip::<6>(role, stage),
        "broadcast-round-trip-48" => talk::partner_of_broadcast_round_trip::<6>(role, stage),
        "receive" | "receive-all" | "exchange" => stream::partner(role, stage),
        "frame-one-way" => latency::partner_of_one_way(role, stage),
        "frame-round-trip" => latency::partner_of_round_trip(role, stage),
        "frame-wake" => latency::partner_of_wake(role, stage),
        "frame-exchange" => exchange::partner(role, stage),
        "map-read" | "map-updates" | "map-inserts" => map::partner(role, stage),
        _ => board::partner(role, stage),
    }
}

/// The other process's work with one system: its name, and the function.
type Player = (&'static str, fn(&Role, &Stage<'_>) -> Result<(), Failure>);

fn play(role: &Role, stage: &Stage<'_>, players: Vec<Player>) -> Result<(), Failure> {
    let player = players.into_iter().find(|(system, _)| *system == role.system);
    let (_, act) = player.ok_or_else(|| format!("no work `{}` with `{}`", role.work, role.system))?;
    act(role, stage)
}

/// Measures a row.
fn row(ground: &Ground<'_>, name: &str, work: &str, mut contenders: Vec<Contender<'_>>, targets: Vec<Target>) -> Row {
    let series = alternate(ground.plan, &mut contenders);
    Row { name: name.into(), work: work.into(), unit: "ns", series, targets }
}

fn target(ours: &'static str, other: &'static str, at_most: f64) -> Target {
    Target::new(ours, Other::Named(other), at_most)
}
