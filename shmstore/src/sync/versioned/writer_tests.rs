//! Transactions, exclusive writers, busy parts, and waits for versions, within one process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::tests::{view, words};
use super::*;
use crate::error::{BeginError, Busy, Holder};

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(30);

fn panics(call: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

fn busy<V: DebugValue>(begun: Result<Transaction<'_, V>, BeginError>) -> Busy {
    match begun.unwrap_err() {
        BeginError::Busy(busy) => busy,
        other => panic!("{other}"),
    }
}

/// Returns the error of each way to write that has a limit, while another thread has the part.
fn refusals(part: &Versioned<u64>) -> Vec<Busy> {
    let all = || {
        [
            part.try_writer().map(|mut writer| writer.store(7)).unwrap_err(),
            part.writer_timeout(SHORT).map(|mut writer| writer.update(|value| *value = 7)).unwrap_err(),
            busy(part.try_begin()),
            busy(part.begin_timeout(SHORT)),
        ]
    };
    std::thread::scope(|scope| scope.spawn(all).join().unwrap()).into()
}

#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    let part = Versioned::<[i64; 2]>::default();
    let mut transaction = part.begin();
    transaction[0] -= 5;
    assert_eq!((transaction.version(), part.load()), (0, [0, 0]));
    transaction[1] += 5;
    assert_eq!(format!("{transaction:?}"), "Transaction { version: 0, value: [-5, 5] }");
    assert_eq!(transaction.commit(), 1);
    assert_eq!(part.load_versioned(), (1, [-5, 5]));
    for end in [|it| it.rollback(), |it| drop(it), |_| panic!("half-way")] as [fn(Transaction<'_, [i64; 2]>); 3] {
        let mut transaction = part.begin();
        transaction[0] = 99;
        let _ = catch_unwind(AssertUnwindSafe(|| end(transaction)));
        assert_eq!(part.load_versioned(), (1, [-5, 5]));
        assert_eq!(part.try_begin().expect("the part is free again").version(), 1);
    }
}

#[test]
fn other_threads_are_refused_while_there_is_a_writer() {
    let part = Versioned::<u64>::default();
    let transaction = part.begin();
    let refused = refusals(&part);
    assert!(refused.iter().all(|busy| busy.holder() == Holder::ThisProcess));
    assert!(refused[1].waited() >= SHORT && refused[0].waited() < SHORT);
    assert!(refused[0].to_string().starts_with("this `Versioned<u64>` is busy: this process holds it."));
    drop(transaction);
    let writer = part.writer();
    assert_eq!(refusals(&part).len(), 4);
    drop(writer);
    assert_eq!(part.version(), 0);
    assert_eq!(part.try_writer().unwrap().store(1), 1);
}

#[test]
fn a_thread_that_would_wait_for_itself_learns_the_cure() {
    let part = Versioned::<u64>::default();
    let transaction = part.begin();
    let told = panics(|| assert!(part.store(1) > 0));
    assert!(told.contains("a `Transaction` or `Writer` of this `Versioned<u64>`"), "{told}");
    assert!(panics(|| drop(part.writer())).contains("would wait for itself"));
    let refused = part.try_writer().unwrap_err();
    assert_eq!(refused.holder(), Holder::ThisThread);
    assert_eq!(part.writer_timeout(LONG).unwrap_err().holder(), Holder::ThisThread);
    assert_eq!(busy(part.begin_timeout(LONG)).holder(), Holder::ThisThread);
    let cure = "this very thread holds it. Use the guard that the thread has, or drop it first";
    assert!(refused.to_string().ends_with(cure), "{refused}");
    drop(transaction);
    let writer = part.writer();
    assert!(panics(|| drop(part.begin())).contains("would wait for itself"));
    drop(writer);
    part.store(1);
}

#[test]
fn a_writer_stores_and_updates_without_locking() {
    let part = Versioned::<[u64; 9]>::default();
    let mut writer = part.writer();
    assert_eq!((writer.store([1; 9]), writer.store_from(&[2; 9])), (1, 2));
    assert_eq!(writer.update(|value| std::mem::replace(&mut value[0], 3)), 2);
    assert_eq!(writer.version(), 3);
    let _ = catch_unwind(AssertUnwindSafe(|| writer.update(|_| panic!("half-way"))));
    assert_eq!(part.load()[..2], [3, 2]);
    assert_eq!(format!("{writer:?}"), "Writer { version: 3, .. }");
    drop(writer);
    part.store([0; 9]);
}

#[test]
fn values_that_are_checked_can_be_used_in_all_ways() {
    let part = Versioned::<bool>::default();
    let mut writer = part.writer();
    assert_eq!(writer.update_checked(|value| std::mem::replace(value, true)), Ok(false));
    drop(writer);
    let mut transaction = part.begin_checked().unwrap();
    *transaction = !*transaction;
    assert_eq!(transaction.commit(), 2);
    assert_eq!(part.try_begin().map(|transaction| *transaction), Ok(false));
    assert_eq!(part.begin_timeout(SHORT).map(|transaction| *transaction), Ok(false));
    assert_eq!(part.wait_newer(1, LONG).unwrap(), (2, false));
    assert_eq!(part.load_timeout(LONG), Ok(false));
}

#[test]
fn waiting_ends_with_a_store_of_any_kind() {
    let part = Versioned::<u64>::default();
    let ways: [&(dyn Fn(u64) + Sync); 5] = [
        &|value| assert_eq!(part.store(value), value),
        &|value| part.update(|old| *old = value),
        &|value| {
            let mut transaction = part.begin();
            *transaction = value;
            transaction.commit();
        },
        &|value| assert!(part.writer().store(value) > 0),
        &|value| assert_eq!(part.writer_timeout(LONG).unwrap().store(value), value),
    ];
    for (version, store) in (1..).zip(ways) {
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| part.wait_newer(version - 1, LONG));
            let view = scope.spawn(|| view(&part).wait_newer(version - 1, LONG));
            store(version);
            for waiting in [waiter, view] {
                assert_eq!(waiting.join().unwrap(), Ok((version, version)));
            }
        });
    }
    assert_eq!(part.wait_newer(0, Duration::ZERO), Ok((5, 5)), "a version that is there is not waited for");
}

#[test]
fn waiting_in_vain_ends_in_time_and_says_what_did_not_come() {
    let part = Versioned::<u64>::default();
    part.store(1);
    let started = Instant::now();
    let error = part.wait_newer(1, SHORT).unwrap_err();
    assert!(started.elapsed() >= SHORT);
    let text = "waited 10ms for a version of this `Versioned<u64>` newer than 1 (the newest is 1), and it did not \
                come. Check that the process that stores is running";
    assert_eq!(error.to_string(), text);
    part.store(2);
    assert_eq!(part.wait_newer(1, SHORT), Ok((2, 2)));
}

#[test]
fn a_load_that_is_never_whole_ends_in_time() {
    let part = Versioned::<u64>::default();
    assert_eq!(part.load_timeout(Duration::ZERO), Ok(0));
    let (sequence, stop) = (words(&part).0, AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                sequence.fetch_add(4, Relaxed);
            }
        });
        // The machine decides whether a copy is ever disturbed. The call ends on any machine.
        let started = Instant::now();
        let outcomes: Vec<_> = (0..1_000).map(|_| part.load_timeout(Duration::ZERO)).collect();
        assert!(started.elapsed() < LONG);
        stop.store(true, Relaxed);
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert!(matches!(error, WaitError::NeverWhole { .. }), "{error}");
        }
    });
    let error = WaitError::NeverWhole { part: describe::part(&part), waited: SHORT };
    assert!(
        error.to_string().starts_with("this `Versioned<u64>` was not read whole in 10ms, because processes change it"),
        "{error}"
    );
}
