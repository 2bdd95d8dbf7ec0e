//! The ways in which a relay waits: in a call, by `wait_any`, or in a future.

use std::fmt::Display;
use std::future::Future;
use std::hint::spin_loop;
use std::pin::Pin;
use std::task::Poll;

use shmstore::error::WaitAnyError;
use shmstore::{Awaitable, Shared, Store, wait_any};
use shmstore_tests::objects::Idle;
use shmstore_tests::random::Random;
use shmstore_tests::tasks::{block_within, poll_once};

use super::turns::{TIME, in_time};

/// How to wait. The environment variable `RELAY_WAITS` says it, as in `any 20`.
enum Way {
    Call,
    /// By `wait_any`, for so many changes.
    Any(usize),
    Future,
    /// In a future, after some that were polled and dropped.
    Dropped,
    /// In one of two futures for the same change. The other one is dropped.
    Selected,
}

pub(crate) struct Waits {
    way: Way,
    random: Random,
    /// What never changes.
    idle: Shared<Idle>,
}

impl Waits {
    pub(crate) fn new(store: &Store, seed: u64) -> Self {
        let named = std::env::var("RELAY_WAITS").unwrap_or_default();
        let way = match named.split_once(' ').unwrap_or((&named, "")) {
            ("", _) => Way::Call,
            ("any", number) => Way::Any(number.parse().expect("a number")),
            ("future", _) => Way::Future,
            ("dropped", _) => Way::Dropped,
            ("selected", _) => Way::Selected,
            _ => panic!("no way to wait is {named}"),
        };
        Self { way, random: Random::new(seed), idle: store.attach_or_create().expect("an object") }
    }

    /// Waits in a round: by `call`, for the change that `awaited` returns, or in the future that `future` returns.
    pub(crate) fn wait<T, E: Display, A: Awaitable, F: Future<Output = Result<T, E>>>(
        &mut self,
        round: u64,
        call: impl FnOnce() -> Result<T, E>,
        awaited: impl FnOnce() -> A,
        future: impl Fn() -> F,
    ) -> Result<T, String> {
        let run =
            |future: Pin<Box<F>>| block_within(future, TIME).ok_or_else(|| format!("round {round}: a task sleeps on"));
        let text = |result: Result<T, E>| result.map_err(|error| format!("round {round}: {error}"));
        match self.way {
            Way::Call => in_time(round, call),
            Way::Any(number) => {
                in_time(round, || self.wait_any(number, awaited()))?;
                text(run(Box::pin(future()))?)
            }
            Way::Future => text(run(Box::pin(future()))?),
            Way::Dropped => {
                for _ in 0..self.random.within(0..4) {
                    let mut dropped = Box::pin(future());
                    if let Poll::Ready(result) = poll_once(&mut dropped) {
                        return text(result);
                    }
                    self.dawdle();
                }
                text(run(Box::pin(future()))?)
            }
            Way::Selected => {
                let [mut first, mut second] = [Box::pin(future()), Box::pin(future())];
                if let Poll::Ready(result) = poll_once(&mut first) {
                    return text(result);
                }
                self.dawdle();
                if let Poll::Ready(result) = poll_once(&mut second) {
                    return text(result);
                }
                self.dawdle();
                let kept = if self.random.one_in(2) { (second, first).0 } else { (first, second).0 };
                text(run(kept)?)
            }
        }
    }

    /// Waits for one change among many that do not come.
    fn wait_any(&mut self, number: usize, awaited: impl Awaitable) -> Result<(), WaitAnyError> {
        let idle: Vec<_> = self.idle.parts.iter().take(number - 1).map(|part| part.newer(0)).collect();
        let mut all: Vec<&dyn Awaitable> = idle.iter().map(|newer| newer as _).collect();
        let at = self.random.within(0..number);
        all.insert(at, &awaited);
        let ready = wait_any(&all, TIME)?;
        assert_eq!(ready.collect::<Vec<_>>(), [at]);
        Ok(())
    }

    fn dawdle(&mut self) {
        (0..self.random.within(0..300)).for_each(|_| spin_loop());
    }
}
