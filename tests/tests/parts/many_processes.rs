//! As many processes as there are places for, all at one lock and one value, some of them killed: nothing is counted twice,
//! nothing is lost.

use std::sync::atomic::Ordering::Relaxed;

use shmstore::Shared;
use shmstore::inspect::Participant;
use shmstore_tests::holder::{holder, wait_until_state};
use shmstore_tests::objects::{COUNTERS, Parts};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

/// Has all count, kills some, and returns what each has counted under the lock, and by updates.
fn count(killed: usize, times: u64) -> (Vec<u64>, Vec<u64>) {
    let scratch = Scratch::new();
    let mut peers: Vec<Peer> = (0..COUNTERS).map(|_| holder(scratch.path())).collect();
    for (index, peer) in peers.iter_mut().enumerate() {
        // Those who are to be killed go on until they are.
        peer.tell(&format!("count {index} {}", if index < killed { u64::MAX } else { times }));
    }
    let parts = scratch.store().attach::<Parts>().unwrap();
    for peer in &mut peers[..killed] {
        let before = parts.sum.load(Relaxed);
        wait::until_true("some to be counted", || parts.sum.load(Relaxed) > before + 20);
        kill_while_it_holds(peer, &parts);
    }
    let mut repairs = 0;
    for peer in &mut peers[killed..] {
        repairs += peer.answer().strip_prefix("ok ").unwrap().parse::<u64>().unwrap();
    }
    println!("{killed} killed with what they held, which was repaired {repairs} times");
    let guard = parts.lock.lock_or_repair(|| parts.repair());
    let counted: Vec<u64> = parts.counted.iter().map(|counted| counted.load(Relaxed)).collect();
    assert_eq!(parts.sum.load(Relaxed), counted.iter().sum::<u64>());
    drop(guard);
    let (version, tally) = parts.tally.load_versioned();
    let [each @ .., sum] = &tally;
    assert_eq!((version, *sum), (*sum, each.iter().sum()));
    (counted, each.to_vec())
}

/// Kills a process that holds the lock or the write side at that moment.
fn kill_while_it_holds(peer: &mut Peer, parts: &Shared<Parts>) {
    wait::until_true("a process to be met with what it holds", || {
        peer.signal("STOP");
        wait_until_state(peer.pid(), 'T');
        let holds = |who: &Participant| who.pid == peer.pid() && !who.holding.is_empty();
        let holds = Shared::participants(parts).iter().any(holds);
        if !holds {
            peer.signal("CONT");
        }
        holds
    });
    peer.kill();
}

#[test]
fn all_that_many_processes_count_is_there() {
    const TIMES: u64 = 2000;
    let all = vec![TIMES; COUNTERS];
    assert_eq!(count(0, TIMES), (all.clone(), all));
}

#[test]
fn what_the_killed_have_counted_is_there_and_the_others_count_on() {
    const KILLED: usize = 8;
    // Enough for the others to go on meanwhile.
    const TIMES: u64 = 12_000;
    let (locked, updated) = count(KILLED, TIMES);
    assert_eq!(
        (&locked[KILLED..], &updated[KILLED..]),
        (&[TIMES; COUNTERS - KILLED][..], &[TIMES; COUNTERS - KILLED][..])
    );
    for (locked, updated) in locked[..KILLED].iter().zip(&updated) {
        // Counted under the lock first, then by an update.
        assert!((0..=1).contains(&(locked - updated)), "{locked} and {updated}");
    }
}
