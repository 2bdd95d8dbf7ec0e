//! A process that dies, or stops, at any step of moving an object to another layout, or of finishing or undoing the
//! move of a dead process.

mod finishers;
mod next;
mod stopped;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmstore_tests::moves::World;

/// More steps than any call has.
const MOST: usize = 60;

/// Runs a check for each step of `migrate2`, by its number, some at a time. `check` gets a world in which the migrator
/// has died there.
fn after_each_death(check: impl Fn(&World, usize) + Sync) {
    at_each_step(|world, n| {
        let is_over = world.die("migrate2", n).is_some();
        if !is_over {
            check(world, n);
        }
        is_over
    });
}

/// Runs a check for 1, 2, …, some at a time, until it says that there are no more steps.
fn at_each_step(check: impl Fn(&World, usize) -> bool + Sync) {
    const AT_A_TIME: usize = 6;
    let next = AtomicUsize::new(1);
    thread::scope(|scope| {
        let threads = [(); AT_A_TIME].map(|()| {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Relaxed);
                    assert!(n < MOST, "a call without end");
                    if check(&World::new(), n) {
                        return n;
                    }
                }
            })
        });
        let ends = threads.map(|thread| thread.join().map_err(|_| ()));
        let ends: Vec<usize> = ends.into_iter().collect::<Result<_, _>>().expect("see above");
        let steps = ends.into_iter().min().unwrap() - 1;
        assert!(steps > 15, "a move has more than {steps} steps");
    });
}
