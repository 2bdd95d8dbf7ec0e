//! The ways to become the exclusive producer or consumer of a queue.

use std::time::Duration;

use super::core::Core;
use super::{Consumer, Producer, Queue};
use crate::error::Busy;
use crate::layout::ShmValue;
use crate::sync::backoff::Limit;
use crate::sync::describe::or_panic;
use crate::sync::side::{Exclusive, Side};

/// Exclusive producers and consumers.
impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Makes this thread the exclusive producer. Waits until no other thread of any process pushes or is the producer.
    ///
    /// # Panics
    ///
    /// Panics if this thread has a [`Producer`] of the queue. It would wait for itself.
    #[track_caller]
    pub fn producer(&self) -> Producer<'_, V, N> {
        or_panic(self.producer_within(Limit::Forever))
    }

    /// Makes this thread the exclusive producer, unless a thread pushes or is the producer. Never waits.
    ///
    /// # Errors
    ///
    /// [`Busy`] if the producers' side is not free.
    pub fn try_producer(&self) -> Result<Producer<'_, V, N>, Busy> {
        self.producer_within(Limit::Never)
    }

    /// Makes this thread the exclusive producer. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if this thread has a [`Producer`] of the queue.
    pub fn producer_timeout(&self, timeout: Duration) -> Result<Producer<'_, V, N>, Busy> {
        self.producer_within(Limit::Within(timeout))
    }

    /// Makes this thread the exclusive consumer. Waits until no other thread of any process pops, takes or is the
    /// consumer.
    ///
    /// # Panics
    ///
    /// Panics if this thread has a [`Consumer`] of the queue. It would wait for itself.
    #[track_caller]
    pub fn consumer(&self) -> Consumer<'_, V, N> {
        or_panic(self.consumer_within(Limit::Forever))
    }

    /// Makes this thread the exclusive consumer, unless a thread pops, takes or is the consumer. Never waits.
    ///
    /// # Errors
    ///
    /// [`Busy`] if the consumers' side is not free.
    pub fn try_consumer(&self) -> Result<Consumer<'_, V, N>, Busy> {
        self.consumer_within(Limit::Never)
    }

    /// Makes this thread the exclusive consumer. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if this thread has a [`Consumer`] of the queue.
    pub fn consumer_timeout(&self, timeout: Duration) -> Result<Consumer<'_, V, N>, Busy> {
        self.consumer_within(Limit::Within(timeout))
    }

    fn producer_within(&self, limit: Limit) -> Result<Producer<'_, V, N>, Busy> {
        let core = self.core();
        let side = exclusive(&core, &core.producers.side, limit)?;
        Ok(Producer { queue: self, place: core.place_of_producers(), side })
    }

    fn consumer_within(&self, limit: Limit) -> Result<Consumer<'_, V, N>, Busy> {
        let core = self.core();
        let side = exclusive(&core, &core.consumers.side, limit)?;
        Ok(Consumer { queue: self, place: core.place_of_consumers(), side })
    }
}

fn exclusive<'a>(core: &Core<'a>, side: &'a Side, limit: Limit) -> Result<Exclusive<'a>, Busy> {
    core.lock(side, limit).map(Exclusive::new)
}
