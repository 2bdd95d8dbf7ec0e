//! Two processes, each with a hub whose thread wakes its tasks.

use loom::sync::{Condvar, Mutex, MutexGuard};
use loom::thread::{self, JoinHandle};

use super::atomics::AtomicU32;
use super::atomics::Ordering::{Acquire, Relaxed};
use super::event_word;
use super::kernel::{Kernel, WokenBy};
use super::part::{Awaited, Part};
use super::table::Table;
use super::waiter::{State, Subject, Wake};

loom::lazy_static! {
    static ref WORLD: World = World::new();
}

/// Loom makes it anew for each order of events.
pub(super) struct World {
    pub(super) left: Part,
    pub(super) right: Part,
    pub(super) event: Part,
    pub(super) hubs: [Hub; 2],
    pub(super) kernel: Kernel,
}

/// The address of the first hub's own word.
const HUBS: usize = 3;

/// Returns the world, in which each thread of a hub sleeps on `most` words at most, beside its own.
pub(super) fn world(most: usize) -> &'static World {
    let world: &'static World = &WORLD;
    world.hubs.iter().for_each(|hub| hub.lock().table = Table::new(most));
    world
}

impl World {
    fn new() -> Self {
        Self {
            left: Part::new(0, false),
            right: Part::new(1, false),
            event: Part::new(2, true),
            hubs: [HUBS, HUBS + 1].map(Hub::new),
            kernel: Kernel::new(),
        }
    }

    /// The thread of a hub sleeps.
    fn sleep(&self, hub: usize, expected: &[(usize, u32)]) -> WokenBy {
        self.kernel.wait(hub, expected, |address| {
            match address {
                0 => self.left.compared(),
                1 => self.right.compared(),
                2 => self.event.compared(),
                hub => self.hubs[hub - HUBS].kicks.load(Relaxed),
            }
        })
    }

    /// A thread of another process waits for the first notification.
    pub(super) fn wait_elsewhere(&self) {
        const THREAD: usize = usize::MAX;
        while let Ok(word) = event_word::announce(&self.event.word, 0) {
            let expected = [(self.event.addresses().start, word as u32)];
            self.kernel.wait(THREAD, &expected, |_| self.event.compared());
        }
    }
}

/// The hub of a process.
pub(super) struct Hub {
    /// The word on which the thread sleeps, beside those in the table.
    kicks: AtomicU32,
    address: usize,
    shared: Mutex<Shared>,
    /// Wakes the tasks. They look for the one that is meant.
    woken: Condvar,
}

/// What the thread and the tasks use under the lock.
struct Shared {
    table: Table<Awaited, ()>,
    is_over: bool,
}

impl Hub {
    fn new(address: usize) -> Self {
        Self {
            kicks: AtomicU32::new(0),
            address,
            shared: Mutex::new(Shared { table: Table::new(0), is_over: false }),
            woken: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    /// Starts the thread.
    pub(super) fn start(&'static self) -> JoinHandle<()> {
        thread::spawn(|| self.run())
    }

    /// Ends the thread. The last slice leaves nothing in the table.
    pub(super) fn end(&self, thread: JoinHandle<()>) {
        self.lock().is_over = true;
        self.kick();
        thread.join().unwrap();
        let table = &mut self.lock().table;
        table.look(true, &mut Vec::new());
        assert!(table.is_idle() && !table.has_polled(), "a wait or a word is left");
    }

    /// What the thread does. Without words that are not armed, no slice ends its sleep.
    fn run(&self) {
        let mut wakes = Vec::new();
        loop {
            let (words, polls) = {
                let Shared { table, is_over } = &mut *self.lock();
                if *is_over {
                    return;
                }
                let mut words = vec![(self.address, self.kicks.load(Acquire))];
                words.extend(table.armed());
                table.is_asleep = true;
                (words, table.has_polled())
            };
            let woken = if polls { WokenBy::Nothing } else { WORLD.sleep(self.address, &words) };
            let woken = match woken {
                WokenBy::Word(address) => Some(address).filter(|&address| address != self.address),
                WokenBy::NotAsleep => None,
                WokenBy::Nothing | WokenBy::Unmapped => {
                    thread::yield_now();
                    None
                }
            };
            {
                let table = &mut self.lock().table;
                table.is_asleep = false;
                table.ring(woken, &mut wakes);
            }
            wakes.drain(..).for_each(|wake| self.wake(wake));
            if polls {
                self.lock().table.look(true, &mut wakes);
                wakes.drain(..).for_each(|wake| self.wake(wake));
            }
        }
    }

    fn wake(&self, wake: Wake<()>) {
        match wake {
            Wake::Task(()) => self.woken.notify_all(),
            Wake::Word { address, only_one } => {
                assert!(only_one, "no thread sleeps beside its hub");
                WORLD.kernel.pass_on(address);
            }
        }
    }

    fn kick(&self) {
        self.kicks.fetch_add(1, Relaxed);
        WORLD.kernel.wake(self.address, 1);
    }

    /// The first poll of a task. Returns the key of its wait. `None` if the change is there.
    pub(super) fn poll(&self, awaited: Awaited) -> Option<u32> {
        self.poll_by(awaited, |awaited| {
            let announced = awaited.announce();
            if awaited.holds() { None } else { announced }
        })
    }

    /// A poll by a task that announces itself in a way of its own.
    pub(super) fn poll_by(&self, awaited: Awaited, announce: fn(Awaited) -> Option<u32>) -> Option<u32> {
        loop {
            let expected = announce(awaited)?;
            let added = self.lock().table.add(awaited, expected, ());
            if let Ok(added) = added {
                if added.must_kick {
                    self.kick();
                }
                return Some(added.key);
            }
        }
    }

    /// Waits until a task is woken, and ends its wait. It finds the change.
    pub(super) fn complete(&self, wait: Option<u32>, awaited: Awaited) {
        if let Some(key) = wait {
            let mut shared = self.lock();
            while shared.table.state(key).0 == State::Waiting {
                shared = self.woken.wait(shared).unwrap();
            }
            shared.table.remove(key);
        }
        assert!(awaited.holds());
    }

    pub(super) fn wait(&self, awaited: Awaited) {
        self.complete(self.poll(awaited), awaited);
    }

    /// Detaches the segment of a part.
    pub(super) fn detach(&self, part: &Part) {
        self.lock().table.forget(part.addresses());
        part.unmap(self.address, &WORLD.kernel);
    }

    /// Ends the wait of a task that has found the change itself. Returns `true` if it was woken, too.
    pub(super) fn leave(&self, wait: Option<u32>) -> bool {
        wait.is_some_and(|key| self.lock().table.remove(key).0.is_none())
    }

    /// Drops a task.
    pub(super) fn cancel(&self, wait: Option<u32>) {
        if let Some(key) = wait {
            let (_, instead) = self.lock().table.remove(key);
            instead.into_iter().for_each(|wake| self.wake(wake));
        }
    }
}
