//! The table, without a thread that sleeps. The loom models build the table, so the tests are not in its files.

mod random;

use std::cell::Cell;
use std::task::Waker;

use super::Kept;
use super::table::{Added, Table, Wait};
use super::waiter::{Bell, State, Subject, Waiter, Wake, Why};
use super::words::Word;

/// A part with a version. Its word is a bell, or the word of an event.
struct Part {
    address: usize,
    word: Cell<u32>,
    version: Cell<u32>,
    has_waiters: Cell<bool>,
    is_unsettled: Cell<bool>,
    is_event: bool,
    is_writable: bool,
}

impl Part {
    fn new(address: usize) -> Self {
        let (word, version, has_waiters, is_unsettled) = Default::default();
        Self { address, word, version, has_waiters, is_unsettled, is_event: false, is_writable: true }
    }

    fn newer(&self, seen: u32) -> Awaited<'_> {
        Awaited { part: self, seen }
    }

    /// Rings the bell if a waiter is announced.
    fn ring(&self) {
        self.word.set(self.word.get() + u32::from(self.has_waiters.take()));
    }

    fn change(&self) {
        self.version.set(self.version.get() + 1);
        self.ring();
    }
}

/// A version newer than `seen`.
#[derive(Clone, Copy)]
struct Awaited<'a> {
    part: &'a Part,
    seen: u32,
}

impl Bell for &Part {
    fn address(&self) -> usize {
        self.address
    }

    fn now(&self) -> u32 {
        self.word.get()
    }

    fn wakes_one(&self) -> bool {
        self.is_event
    }
}

impl<'a> Subject for Awaited<'a> {
    type Bell = &'a Part;

    fn bell(&self) -> &'a Part {
        self.part
    }

    fn can_announce(&self) -> bool {
        self.part.is_writable
    }

    fn announce(&self) -> Option<u32> {
        assert!(self.part.is_writable, "the memory may only be read");
        self.part.has_waiters.set(true);
        (!self.part.is_event || !self.holds()).then(|| self.part.now())
    }

    fn holds(&self) -> bool {
        self.part.version.get() > self.seen
    }

    fn is_unsettled(&self) -> bool {
        self.part.is_unsettled.get()
    }
}

/// The table of tasks that have a number each.
type Tasks<'a> = Table<Awaited<'a>, u32>;

/// Adds a task that announces itself just now.
fn add<'a>(table: &mut Tasks<'a>, awaited: Awaited<'a>, task: u32) -> Added {
    let expected = if awaited.can_announce() { awaited.announce().expect("it does not hold") } else { 0 };
    table.add(awaited, expected, task).expect("the word has not changed")
}

fn wakes(call: impl FnOnce(&mut Vec<Wake<u32>>)) -> Vec<String> {
    let mut wakes = Vec::new();
    call(&mut wakes);
    wakes.iter().map(describe).collect()
}

fn describe(wake: &Wake<u32>) -> String {
    match wake {
        Wake::Task(task) => format!("task {task}"),
        Wake::Word { address, only_one: true } => format!("one at {address}"),
        Wake::Word { address, only_one: false } => format!("all at {address}"),
    }
}

fn armed(table: &Tasks<'_>) -> Vec<usize> {
    table.armed().map(|(address, _)| address).collect()
}

fn parts<const N: usize>() -> [Part; N] {
    std::array::from_fn(Part::new)
}

#[test]
fn a_wait_takes_some_bytes() {
    assert!(size_of::<Wait<Kept, Waker>>() <= 112);
    assert!(size_of::<Word<<Kept as Subject>::Bell>>() <= 32);
}

#[test]
fn the_thread_is_kicked_for_new_words_only() {
    let parts = parts::<4>();
    let mut table = Tasks::new(2);
    let mut kicks = |part: usize, is_sleeper: bool, is_asleep: bool| {
        table.is_asleep = is_asleep;
        let awaited = parts[part].newer(0);
        let added = if is_sleeper { table.add_sleeper(awaited) } else { add(&mut table, awaited, 0) };
        assert_eq!(table.is_asleep, is_asleep && !added.must_kick);
        added.must_kick
    };
    assert!(kicks(0, true, true), "there are slices from now on");
    assert!(kicks(0, false, true), "the word was not armed");
    assert!(!kicks(0, false, true), "the word is armed");
    assert!(!kicks(1, false, false), "the thread is awake");
    assert!(!kicks(1, true, true), "a sleeper has a word of its own");
    assert!(kicks(2, false, true), "slices become shorter");
    assert!(!kicks(3, false, true), "slices are short");
    assert_eq!((armed(&table), table.has_polled()), (vec![0, 1], true));
}

#[test]
fn a_task_is_refused_if_the_word_has_changed() {
    let part = Part::new(0);
    let mut table = Tasks::new(1);
    let expected = part.newer(0).announce().expect("a bell tells nothing");
    part.change();
    assert_eq!(table.add(part.newer(1), expected, 7), Err(7));
    assert!(table.is_idle());
}

#[test]
fn a_change_wakes_the_tasks_that_wait_for_it_and_announces_the_others() {
    let part = Part::new(0);
    let mut table = Tasks::new(1);
    let keys = [0, 1, 0].map(|seen| add(&mut table, part.newer(seen), seen).key);
    assert_eq!(wakes(|wakes| table.ring(None, wakes)), [""; 0]);
    part.change();
    assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)), ["task 0", "task 0"]);
    assert!(part.has_waiters.get(), "the second task is announced again");
    assert_eq!(
        keys.map(|key| table.state(key).0),
        [State::Woken(Why::Holds), State::Waiting, State::Woken(Why::Holds)]
    );
    assert_eq!(table.armed().collect::<Vec<_>>(), [(0, part.word.get())]);
    part.change();
    assert_eq!(wakes(|wakes| table.ring(None, wakes)), ["task 1"], "the kernel refused the old value");
}

#[test]
fn a_newcomer_does_not_hide_a_change_from_the_tasks_before() {
    let part = Part::new(0);
    let mut table = Tasks::new(1);
    add(&mut table, part.newer(0), 0);
    part.change();
    add(&mut table, part.newer(1), 1);
    assert_ne!(table.armed().next(), Some((0, part.word.get())), "the thread does not sleep");
    assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)), ["task 0"]);
    assert_eq!(table.armed().next(), Some((0, part.word.get())));
}

#[test]
fn the_thread_sleeps_on_after_the_last_task_of_a_word() {
    let part = Part::new(0);
    let mut table = Tasks::new(1);
    for is_dropped in [false, true] {
        let key = add(&mut table, part.newer(part.version.get()), 0).key;
        if is_dropped {
            table.remove(key);
        }
        part.change();
        assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)).len(), usize::from(!is_dropped));
        assert_eq!(table.armed().next(), Some((0, part.word.get())));
    }
    assert!(!table.is_idle(), "the next task may come soon");
    assert_eq!(wakes(|wakes| table.look(true, wakes)), [""; 0]);
    assert!(table.is_idle());
}

#[test]
fn a_noisy_word_is_looked_at_until_the_next_slice() {
    let part = Part::new(0);
    let mut table = Tasks::new(1);
    add(&mut table, part.newer(0), 0);
    for _ in 0..8 {
        assert_eq!((armed(&table), table.has_polled()), (vec![0], false));
        part.ring();
        assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)), [""; 0]);
    }
    assert_eq!((armed(&table), table.has_polled()), (vec![], true));
    part.change();
    assert_eq!(wakes(|wakes| table.ring(None, wakes)), [""; 0], "the thread does not sleep on it");
    assert_eq!(wakes(|wakes| table.look(false, wakes)), ["task 0"]);
    add(&mut table, part.newer(1), 1);
    assert_eq!((armed(&table), table.has_polled()), (vec![0], false));
}

#[test]
fn hot_words_take_the_places_of_cold_ones() {
    let parts = parts::<4>();
    let mut table = Tasks::new(2);
    for (task, part) in (0..).zip(&parts) {
        add(&mut table, part.newer(0), task);
    }
    for hot in [3, 2] {
        parts[hot].change();
        assert_eq!(wakes(|wakes| table.look(false, wakes)), [format!("task {hot}")]);
        add(&mut table, parts[hot].newer(1), hot as u32);
        assert_eq!(wakes(|wakes| table.look(false, wakes)), [""; 0]);
        assert!(armed(&table).contains(&hot), "armed since its task was woken: {:?}", armed(&table));
        assert_eq!((armed(&table).len(), table.has_polled()), (2, true));
    }
    assert!(armed(&table).contains(&3), "a hot word keeps its place");
}

#[test]
fn strays_are_woken_by_each_slice() {
    let mut table = Tasks::new(1);
    let keys = [1, 2].map(|task| table.add_stray(task).key);
    assert!(table.has_polled() && !table.is_idle());
    assert!(matches!(table.remove(keys[0]), (Some(Waiter::Task(1)), None)));
    assert_eq!(wakes(|wakes| table.ring(None, wakes)), [""; 0]);
    assert_eq!(wakes(|wakes| table.look(false, wakes)), ["task 2"]);
    assert_eq!(table.state(keys[1]), (State::Woken(Why::Holds), None));
    assert!(!table.has_polled() && table.is_idle());
    assert!(matches!(table.remove(keys[1]), (None, None)));
}

#[test]
fn sleepers_are_woken_until_they_have_gone() {
    let parts = parts::<2>();
    let mut table = Tasks::new(1);
    let keys = [0, 0, 1].map(|part: usize| table.add_sleeper(parts[part].newer(0)).key);
    assert_eq!((armed(&table), table.has_polled()), (vec![], false), "their words wake them");
    assert_eq!(wakes(|wakes| table.look(true, wakes)), [""; 0]);
    parts[0].change();
    for _ in 0..2 {
        assert_eq!(wakes(|wakes| table.look(true, wakes)), ["all at 0"], "one wake-up for two");
    }
    for key in keys {
        assert_eq!(table.state(key), (State::Waiting, None));
        assert!(matches!(table.remove(key), (Some(Waiter::Sleeper), None)));
    }
    assert_eq!(wakes(|wakes| table.look(true, wakes)), [""; 0]);
    assert!(table.is_idle());
}

#[test]
fn a_part_that_may_only_be_read_is_looked_at() {
    let part = Part { is_writable: false, ..Part::new(0) };
    let mut table = Tasks::new(1);
    add(&mut table, part.newer(0), 0);
    assert_eq!((armed(&table), table.has_polled()), (vec![], true));
    part.change();
    assert_eq!(wakes(|wakes| table.look(false, wakes)), ["task 0"]);
    assert!(!table.has_polled());
}

#[test]
fn one_waiter_settles_what_a_dead_process_has_left() {
    for (is_writable, woken) in [(true, 1), (false, 2)] {
        let part = Part { is_writable, ..Part::new(0) };
        let mut table = Tasks::new(1);
        let keys = [0, 1].map(|task| add(&mut table, part.newer(0), task).key);
        part.is_unsettled.set(true);
        assert_eq!(wakes(|wakes| table.look(false, wakes)), [""; 0]);
        assert_eq!(wakes(|wakes| table.look(true, wakes)).len(), woken);
        let states = keys.map(|key| table.state(key).0);
        assert_eq!(states.iter().filter(|&&state| state == State::Woken(Why::Unsettled)).count(), woken);
    }
}

#[test]
fn a_notification_of_one_is_passed_on_if_its_task_has_gone() {
    let event = Part { is_event: true, ..Part::new(0) };
    let mut table = Tasks::new(1);
    let keys = [0, 0].map(|seen| add(&mut table, event.newer(seen), seen).key);
    event.change();
    assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)), ["task 0", "task 0"]);
    let (_, instead) = table.remove(keys[0]);
    assert_eq!(instead.as_ref().map(describe).as_deref(), Some("one at 0"), "the task was woken");
    let key = add(&mut table, event.newer(1), 1).key;
    event.change();
    assert!(matches!(table.remove(key), (Some(_), None)), "the task was not woken");
    assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)), ["one at 0"], "the thread was woken for it");
    assert_eq!(wakes(|wakes| table.ring(Some(0), wakes)), [""; 0], "once");
    assert_eq!(wakes(|wakes| table.ring(Some(99), wakes)), ["one at 99"], "the word was forgotten");
}

#[test]
fn what_is_unmapped_is_forgotten() {
    let parts = parts::<6>();
    let mut table = Tasks::new(2);
    for (task, part) in (0..).zip(&parts) {
        add(&mut table, part.newer(0), task);
        table.add_sleeper(part.newer(0));
    }
    let stray = table.add_stray(9).key;
    let forgotten = table.forget(1..5);
    assert_eq!(forgotten.iter().filter(|waiter| matches!(waiter, Waiter::Task(1..5))).count(), 4);
    assert_eq!(forgotten.iter().filter(|waiter| matches!(waiter, Waiter::Sleeper)).count(), 4);
    let addresses = [0, 1, 5, 6].map(|from| table.words.next_address(from));
    assert_eq!((armed(&table), addresses), (vec![0], [Some(0), Some(5), Some(5), None]));
    assert!(table.forget(0..6).len() == 4 && !table.is_idle());
    table.remove(stray);
    assert!(table.is_idle() && !table.has_polled());
}

#[test]
fn waiters_for_an_object_are_told_to_check_it() {
    let parts = parts::<3>();
    let mut table = Tasks::new(3);
    let keys = [0, 1, 2].map(|task: u32| add(&mut table, parts[task as usize].newer(0), task).key);
    table.add_sleeper(parts[1].newer(0));
    let mut woken = wakes(|wakes| table.check(1..3, wakes));
    woken.sort();
    assert_eq!(woken, ["all at 1", "task 1", "task 2"]);
    let object = State::Woken(Why::Object);
    assert_eq!(keys.map(|key| table.state(key).0), [State::Waiting, object, object]);
}
