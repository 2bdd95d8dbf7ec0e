//! The writing methods of parts, for their views. No program can call them. If a program tries to write through a view,
//! the compiler says why it cannot and what to do instead, and not only that there is no such method.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::error::{BeginError, Busy, InvalidValue, LoanError, LockError, PopError, PushError};
use crate::layout::ShmValue;
use crate::layout::view::AtomicView;
use crate::sync::{
    BroadcastView, Consumer, EventView, FrameMut, FramesView, Job, LockGuard, LockView, Producer, QueueView, Sender,
    Transaction, VersionedView, Writer,
};

/// Implemented for no type. The lifetime keeps the compiler from rejecting the bound where it is written.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can only be read",
    label = "a view has no way to write: `Store::attach` gives an object that can be written"
)]
pub trait Writable<'a> {
    fn refuse<R>() -> R;
}

macro_rules! unwritable_atomics {
    ($($exchange:ident)*) => {
        #[doc(hidden)]
        impl<A> AtomicView<A> {
            pub fn store<V>(&self, _: V, _: Ordering)
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            }

            $(pub fn $exchange<V>(&self, _: V, _: Ordering) -> V
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            })*

            pub fn swap_checked<V>(&self, _: V, _: Ordering) -> Result<V, InvalidValue>
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            }

            pub fn compare_exchange_checked<V>(
                &self,
                _: V,
                _: V,
                _: Ordering,
                _: Ordering,
            ) -> Result<Result<V, V>, InvalidValue>
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            }

            pub fn fetch_update_checked<V>(
                &self,
                _: Ordering,
                _: Ordering,
                _: impl FnMut(V) -> Option<V>,
            ) -> Result<Result<V, V>, InvalidValue>
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            }

            pub fn compare_exchange<V>(&self, _: V, _: V, _: Ordering, _: Ordering) -> Result<V, V>
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            }

            pub fn fetch_update<V>(&self, _: Ordering, _: Ordering, _: impl FnMut(V) -> Option<V>) -> Result<V, V>
            where
                Self: Writable<'static>,
            {
                Self::refuse()
            }
        }
    };
}

unwritable_atomics! { swap fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min }

macro_rules! unwritable {
    ($view:ident$(<$value:ident: $bound:ident$(, const $number:ident)*$(; $meta:ident: $of_meta:ident)?>)? {
        $(fn $name:ident$(<$result:ident>)?($($argument:ty),*) $(-> $returned:ty)?;)*
    }) => {
        #[doc(hidden)]
        impl$(<$value: $bound$(, const $number: usize)*$(, $meta: $of_meta)?>)?
            $view$(<$value$(, $number)*$(, $meta)?>)?
        {
            $(pub fn $name<'a, $($result)?>(&self, $(_: $argument),*) $(-> $returned)?
            where
                Self: Writable<'a>,
            {
                Self::refuse()
            })*
        }
    };
}

unwritable! {
    VersionedView<V: ShmValue> {
        fn store(V) -> u64;
        fn store_from(&V) -> u64;
        fn update<R>(impl FnOnce(&mut V) -> R) -> R;
        fn update_checked<R>(impl FnOnce(&mut V) -> R) -> Result<R, InvalidValue>;
        fn begin() -> Transaction<'_, V>;
        fn begin_checked() -> Result<Transaction<'_, V>, InvalidValue>;
        fn try_begin() -> Result<Transaction<'_, V>, BeginError>;
        fn begin_timeout(Duration) -> Result<Transaction<'_, V>, BeginError>;
        fn writer() -> Writer<'_, V>;
        fn try_writer() -> Result<Writer<'_, V>, Busy>;
        fn writer_timeout(Duration) -> Result<Writer<'_, V>, Busy>;
    }
}

unwritable! {
    LockView {
        fn lock() -> Result<LockGuard<'_>, LockError>;
        fn try_lock() -> Result<LockGuard<'_>, LockError>;
        fn lock_timeout(Duration) -> Result<LockGuard<'_>, LockError>;
        fn lock_or_repair(impl FnOnce()) -> LockGuard<'_>;
        fn lock_or_repair_timeout(Duration, impl FnOnce()) -> Result<LockGuard<'_>, LockError>;
        fn lock_to_repair() -> LockGuard<'_>;
        fn lock_to_repair_timeout(Duration) -> Result<LockGuard<'_>, LockError>;
    }
}

unwritable! {
    EventView {
        fn notify_one() -> u64;
        fn notify_all() -> u64;
    }
}

unwritable! {
    QueueView<V: ShmValue, const N> {
        fn push(V) -> Result<(), PushError>;
        fn try_push(V) -> Result<(), PushError>;
        fn push_timeout(V, Duration) -> Result<(), PushError>;
        fn push_many(&[V]) -> Result<(), PushError>;
        fn try_push_many(&[V]) -> Result<usize, PushError>;
        fn push_many_timeout(&[V], Duration) -> Result<usize, PushError>;
        fn pop() -> Result<V, PopError>;
        fn try_pop() -> Result<V, PopError>;
        fn pop_timeout(Duration) -> Result<V, PopError>;
        fn pop_many(&mut Vec<V>, usize) -> Result<usize, PopError>;
        fn try_pop_many(&mut Vec<V>, usize) -> Result<usize, PopError>;
        fn pop_many_timeout(&mut Vec<V>, usize, Duration) -> Result<usize, PopError>;
        fn take() -> Result<Job<'a, V, N>, PopError>;
        fn try_take() -> Result<Job<'a, V, N>, PopError>;
        fn take_timeout(Duration) -> Result<Job<'a, V, N>, PopError>;
        fn producer() -> Producer<'a, V, N>;
        fn try_producer() -> Result<Producer<'a, V, N>, Busy>;
        fn producer_timeout(Duration) -> Result<Producer<'a, V, N>, Busy>;
        fn consumer() -> Consumer<'a, V, N>;
        fn try_consumer() -> Result<Consumer<'a, V, N>, Busy>;
        fn consumer_timeout(Duration) -> Result<Consumer<'a, V, N>, Busy>;
        fn clear() -> Result<usize, Busy>;
    }
}

unwritable! {
    BroadcastView<V: ShmValue, const N> {
        fn send(V) -> u64;
        fn send_many(&[V]) -> Range<u64>;
        fn sender() -> Sender<'a, V, N>;
        fn try_sender() -> Result<Sender<'a, V, N>, Busy>;
        fn sender_timeout(Duration) -> Result<Sender<'a, V, N>, Busy>;
    }
}

unwritable! {
    FramesView<E: ShmValue, const N, const K; M: ShmValue> {
        fn try_loan() -> Result<FrameMut<'a, E, N, K, M>, LoanError>;
        fn loan_timeout(Duration) -> Result<FrameMut<'a, E, N, K, M>, LoanError>;
        fn loan_while(impl Fn() -> bool) -> Result<Option<FrameMut<'a, E, N, K, M>>, LoanError>;
    }
}
