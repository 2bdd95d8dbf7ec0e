//! The models have two processes with hubs, and parts that others change. A hub's thread sleeps until it is woken, so a
//! lost wake-up is a deadlock, which loom finds. Loom also finds a thread that does not come to rest.

mod kernel;
mod part;
mod process;

use loom::thread;

use super::waiter::{Bell, Subject};
use super::{atomics, event_word, table, version_waiters, waiter};
use crate::harness::check;
use part::Awaited;
use process::{Hub, World, world};

/// A task waits for one version after another.
pub(crate) fn versions_are_waited_for() {
    check(3, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let task = thread::spawn(|| (0..=1).for_each(|seen| hub.wait(Awaited { part: &world.left, seen })));
        (1..=2).for_each(|version| world.left.store(version, &world.kernel));
        task.join().unwrap();
        hub.end(thread);
    });
}

/// Refuted: a task that looks before it announces itself.
pub(crate) fn a_task_looks_too_early() {
    a_version_is_waited_for(|awaited| if awaited.holds() { None } else { awaited.announce() });
}

/// Refuted: a task that takes the value of the bell after its look.
pub(crate) fn a_task_reads_the_bell_too_late() {
    a_version_is_waited_for(|awaited| {
        awaited.announce();
        if awaited.holds() { None } else { Some(awaited.part.now()) }
    });
}

fn a_version_is_waited_for(announce: fn(Awaited) -> Option<u32>) {
    check(2, move || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let writer = thread::spawn(|| world.left.store(1, &world.kernel));
        let awaited = Awaited { part: &world.left, seen: 0 };
        hub.complete(hub.poll_by(awaited, announce), awaited);
        hub.end(thread);
        writer.join().unwrap();
    });
}

/// The bell rings without news before it rings for the version.
pub(crate) fn a_bell_rings_without_news() {
    check(3, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let writer = thread::spawn(|| {
            world.left.ring(&world.kernel);
            world.left.store(1, &world.kernel);
        });
        hub.wait(Awaited { part: &world.left, seen: 0 });
        hub.end(thread);
        writer.join().unwrap();
    });
}

/// Two tasks wait for one value. The second comes while the bell rings for the first, and wants a later version.
pub(crate) fn two_tasks_wait_for_one_value() {
    check(3, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let writer = thread::spawn(|| world.left.store(1, &world.kernel));
        let (first, second) = (Awaited { part: &world.left, seen: 0 }, Awaited { part: &world.left, seen: 1 });
        let waits = [hub.poll(first), hub.poll(second)];
        hub.complete(waits[0], first);
        world.left.store(2, &world.kernel);
        hub.complete(waits[1], second);
        hub.end(thread);
        writer.join().unwrap();
    });
}

/// Two tasks wait for one event, each for a count of its own.
pub(crate) fn two_tasks_wait_for_one_event() {
    check(2, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let notifier = thread::spawn(|| (1..=2).for_each(|_| world.event.notify_one(&world.kernel)));
        let (first, second) = (Awaited { part: &world.event, seen: 0 }, Awaited { part: &world.event, seen: 1 });
        let waits = [hub.poll(first), hub.poll(second)];
        hub.complete(waits[0], first);
        hub.complete(waits[1], second);
        hub.end(thread);
        notifier.join().unwrap();
    });
}

/// A task is dropped, perhaps while the bell rings for it. Its word is armed still when the next one comes, or when the
/// next version does.
pub(crate) fn a_task_is_dropped() {
    check(2, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let writer = thread::spawn(|| (1..=2).for_each(|version| world.left.store(version, &world.kernel)));
        hub.cancel(hub.poll(Awaited { part: &world.left, seen: 0 }));
        hub.wait(Awaited { part: &world.left, seen: 1 });
        hub.end(thread);
        writer.join().unwrap();
    });
}

/// One of two tasks that wait for a version is dropped.
pub(crate) fn one_of_two_tasks_is_dropped() {
    check(3, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let writer = thread::spawn(|| world.left.store(1, &world.kernel));
        let awaited = Awaited { part: &world.left, seen: 0 };
        let waits = [hub.poll(awaited), hub.poll(awaited)];
        hub.cancel(waits[0]);
        hub.complete(waits[1], awaited);
        hub.end(thread);
        writer.join().unwrap();
    });
}

/// Two tasks wait for two values. The thread sleeps on both words, or on one of them and looks at the other.
pub(crate) fn two_values_are_waited_for() {
    for most in 1..=2 {
        check(2, move || {
            let world = world(most);
            let hub = &world.hubs[0];
            let thread = hub.start();
            let writer = thread::spawn(|| world.right.store(1, &world.kernel));
            let awaited = [&world.left, &world.right].map(|part| Awaited { part, seen: 0 });
            let waits = awaited.map(|awaited| hub.poll(awaited));
            hub.complete(waits[1], awaited[1]);
            world.left.store(1, &world.kernel);
            hub.complete(waits[0], awaited[0]);
            hub.end(thread);
            writer.join().unwrap();
        });
    }
}

/// A value is unmapped while the thread sleeps on its bell. A task waits for another value.
pub(crate) fn a_value_is_unmapped() {
    check(3, || {
        let world = world(2);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let writer = thread::spawn(|| [&world.left, &world.right].map(|part| part.store(1, &world.kernel)));
        hub.poll(Awaited { part: &world.left, seen: 0 });
        hub.detach(&world.left);
        hub.wait(Awaited { part: &world.right, seen: 0 });
        hub.end(thread);
        writer.join().unwrap();
    });
}

/// A notification of one chooses a task, which is dropped. A thread of another process waits, too.
pub(crate) fn a_chosen_task_is_dropped() {
    a_task_goes(|world, wait| {
        world.event.notify_one(&world.kernel);
        world.hubs[0].cancel(wait);
    });
}

/// A notification of one chooses a task that was dropped.
pub(crate) fn a_dropped_task_is_chosen() {
    a_task_goes(|world, wait| {
        world.hubs[0].cancel(wait);
        world.event.notify_one(&world.kernel);
    });
}

/// A notification of one chooses a task whose event was unmapped.
pub(crate) fn an_unmapped_event_is_chosen() {
    a_task_goes(|world, _| {
        world.hubs[0].detach(&world.event);
        world.event.notify_one(&world.kernel);
    });
}

fn a_task_goes(go: fn(&World, Option<u32>)) {
    check(2, move || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let waiter = thread::spawn(|| world.wait_elsewhere());
        let wait = hub.poll(Awaited { part: &world.event, seen: 0 });
        go(world, wait);
        waiter.join().unwrap();
        hub.end(thread);
    });
}

/// A notification of one chooses a task that finds the change itself, and waits for the next one. A thread of another
/// process waits, too.
pub(crate) fn a_chosen_task_finds_the_change() {
    check(2, || {
        let world = world(1);
        let hub = &world.hubs[0];
        let thread = hub.start();
        let waiter = thread::spawn(|| world.wait_elsewhere());
        let wait = hub.poll(Awaited { part: &world.event, seen: 0 });
        world.event.notify_one(&world.kernel);
        if hub.leave(wait) {
            // The notification was for the task. This one is for the thread.
            world.event.notify_one(&world.kernel);
        }
        let next = hub.poll(Awaited { part: &world.event, seen: 1 });
        waiter.join().unwrap();
        hub.cancel(next);
        hub.end(thread);
    });
}

/// A notification of one is of no use to the tasks of two processes. Each of them passes it on once.
pub(crate) fn a_notification_is_passed_on() {
    check(2, || {
        let world = world(1);
        let threads = world.hubs.each_ref().map(Hub::start);
        let awaited = Awaited { part: &world.event, seen: 1 };
        let waits = world.hubs.each_ref().map(|hub| hub.poll(awaited));
        world.event.notify_one(&world.kernel);
        for ((hub, wait), thread) in world.hubs.iter().zip(waits).zip(threads) {
            hub.cancel(wait);
            hub.end(thread);
        }
        assert!(world.kernel.passed() <= 2);
    });
}
