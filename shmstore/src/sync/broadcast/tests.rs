//! Positions, lag, and what the words are.

mod skips;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::*;
use crate::Shared;
use crate::error::Holder;

const SOON: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(30);

#[test]
fn layout_is_that_of_the_table() {
    fn layout<V: ShmValue, const N: usize>() -> (usize, usize) {
        assert_eq!(Broadcast::<V, N>::SCHEMA.size(), size_of::<Broadcast<V, N>>());
        assert_eq!(size_of::<BroadcastView<V, N>>(), size_of::<Broadcast<V, N>>());
        (size_of::<Broadcast<V, N>>(), align_of::<Broadcast<V, N>>())
    }
    assert_eq!(layout::<u8, 2>(), (128 + 2 * 64, 64));
    assert_eq!(layout::<[u8; 48], 3>(), (128 + 3 * 64, 64));
    assert_eq!(layout::<[u8; 49], 3>(), (128 + 3 * 128, 64));
}

#[test]
fn subscriber_receives_every_item_or_the_exact_number_that_it_missed() {
    fn check<const N: usize>() {
        let ticks = Broadcast::<u64, N>::new();
        let mut subscriber = ticks.subscribe();
        let mut expected = 0;
        for round in 0..300 {
            for at in 0..round % (3 * N as u64) {
                assert_eq!(ticks.send(ticks.sent()), ticks.sent() - 1, "{at}");
            }
            for received in subscriber.try_iter() {
                match received {
                    Ok(item) => {
                        assert_eq!(item, expected);
                        expected += 1;
                    }
                    Err(RecvError::Lagged { missed }) => expected += missed,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!((expected, subscriber.position()), (ticks.sent(), ticks.sent()));
        }
    }
    check::<2>();
    check::<3>();
    check::<7>();
    check::<64>();
}

#[test]
fn subscriber_that_lags_keeps_up_with_a_sender_of_its_own_speed() {
    fn check<const N: usize>() {
        let ticks = Broadcast::<u64, N>::new();
        let mut subscriber = ticks.subscribe();
        ticks.send_many(&vec![0; 3 * N]);
        let received = (0..2 * N as u64).filter(|tick| {
            ticks.send(*tick);
            subscriber.try_recv().is_ok()
        });
        assert_eq!(received.count(), 2 * N - 1, "it lagged once");
    }
    check::<2>();
    check::<7>();
    check::<64>();
}

#[test]
fn subscriptions_begin_where_they_say() {
    let ticks = Broadcast::<u64, 4>::new();
    assert_eq!((ticks.newest().unwrap(), ticks.sent()), (None, 0));
    assert_eq!(ticks.subscribe_oldest().position(), 0);
    assert_eq!(ticks.send_many(&[0, 1, 2, 3, 4, 5]), 0..6);
    assert_eq!(ticks.newest().unwrap(), Some((5, 5)));
    assert_eq!(ticks.subscribe().position(), 6);
    let mut oldest = ticks.subscribe_oldest();
    assert_eq!((oldest.position(), oldest.recv().unwrap()), (3, 3));
    let mut later = ticks.subscribe_from(7);
    assert!(matches!(later.try_recv(), Err(RecvError::Empty { position: 7, .. })));
    ticks.send_many(&[6, 7]);
    assert_eq!(later.recv().unwrap(), 7);
    let mut first = ticks.subscribe_from(0);
    assert!(matches!(first.recv(), Err(RecvError::Lagged { missed: 6 })));
    assert_eq!(first.recv().unwrap(), 6);
    assert_eq!(ticks.send_many(&[]), 8..8);
}

#[test]
fn no_item_is_invented_for_a_position_that_no_item_reaches() {
    let ticks = Broadcast::<u64, 8>::new();
    for sent in 0..20 {
        for position in [1 << 61, 1 << 62, 1 << 63, (1 << 63) + 1, u64::MAX - 8, u64::MAX - 1, u64::MAX] {
            let mut subscriber = ticks.subscribe_from(position);
            assert!(matches!(subscriber.try_recv(), Err(RecvError::Empty { .. })), "{position} of {sent}");
        }
        ticks.send(sent);
    }
}

#[test]
fn exclusive_sender_keeps_others_out_and_names_its_holder() {
    let ticks = Broadcast::<u64, 4>::new();
    let mut sender = ticks.sender();
    assert_eq!((sender.send(1), sender.send_many(&[2, 3])), (0, 1..3));
    assert!(matches!(ticks.try_sender(), Err(busy) if busy.holder() == Holder::ThisThread));
    drop(sender);
    assert_eq!(ticks.sender_timeout(SOON).unwrap().send(4), 3);
}

#[test]
fn subscriber_is_woken_by_each_kind_of_send() {
    let ticks = Broadcast::<u64, 4>::new();
    let mut subscriber = ticks.subscribe();
    assert!(matches!(subscriber.recv_timeout(SOON), Err(RecvError::Empty { waited, .. }) if waited >= SOON));
    std::thread::scope(|scope| {
        let received = scope.spawn(move || [(); 4].map(|()| subscriber.recv_timeout(LONG).unwrap()));
        std::thread::sleep(SOON);
        ticks.send(1);
        let mut sender = ticks.sender();
        for tick in [2, 3, 4] {
            std::thread::sleep(SOON);
            sender.send(tick);
        }
        assert_eq!(received.join().unwrap(), [1, 2, 3, 4]);
    });
}

#[test]
fn no_item_is_torn_and_none_is_counted_twice_beside_fast_senders() {
    const EACH: u64 = 30_000;
    let ticks = Broadcast::<[u64; 8], 8>::new();
    std::thread::scope(|scope| {
        let subscribers = [(); 2].map(|()| {
            let mut subscriber = ticks.subscribe();
            scope.spawn(move || {
                let (mut received, mut missed) = (0, 0);
                while received + missed < 2 * EACH {
                    match subscriber.recv_timeout(LONG) {
                        Ok(item) => {
                            assert_eq!(item, [item[0]; 8]);
                            received += 1;
                        }
                        Err(RecvError::Lagged { missed: more }) => missed += more,
                        Err(error) => panic!("{error}"),
                    }
                }
                assert_eq!(subscriber.position(), 2 * EACH);
            })
        });
        for _ in 0..2 {
            scope.spawn(|| (0..EACH).for_each(|tick| _ = ticks.send([tick; 8])));
        }
        subscribers.into_iter().for_each(|subscriber| subscriber.join().unwrap());
    });
    assert_eq!(ticks.sent(), 2 * EACH);
}

#[test]
fn item_that_is_no_value_is_passed_over_and_reported() {
    let answers = Broadcast::<bool, 4>::new();
    let mut subscriber = answers.subscribe();
    answers.send_many(&[false, true]);
    let byte = std::ptr::from_ref(&answers).cast::<u8>().wrapping_add(128 + 16);
    // SAFETY: a byte of the first slot, which no other thread has.
    unsafe { byte.cast_mut().write_volatile(0xff) };
    assert!(matches!(subscriber.recv(), Err(RecvError::InvalidValue(_))));
    assert!(subscriber.recv().unwrap());
}

#[test]
fn hostile_words_end_in_an_answer() {
    let ticks = Broadcast::<u64, 4>::new();
    for at in [0, 16, 128, 192, 256, 320] {
        for value in [0, 1, 2, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
            // SAFETY: one word of the broadcast, which no other thread has.
            let word = unsafe { &*std::ptr::from_ref(&ticks).cast::<u8>().wrapping_add(at).cast::<AtomicU64>() };
            word.store(value, Relaxed);
            let mut subscribers = [ticks.subscribe(), ticks.subscribe_oldest(), ticks.subscribe_from(5)];
            for subscriber in &mut subscribers {
                let before = subscriber.position();
                let _ = (subscriber.try_recv(), subscriber.recv_timeout(Duration::from_millis(1)));
                assert!(subscriber.position() >= before, "a position never moves back");
            }
            let _ = (ticks.newest(), format!("{ticks:?}"), ticks.try_sender().map(|mut sender| sender.send(1)));
        }
    }
}

#[test]
fn private_object_holds_a_broadcast() {
    #[derive(crate::ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Market {
        ticks: Broadcast<[u64; 3], 64>,
    }
    let market = Shared::<Market>::new_private().unwrap();
    market.ticks.send([1, 2, 3]);
    let shown = format!("{:?}", market.ticks);
    assert_eq!(shown, "Broadcast { sent: 1, capacity: 64, newest: Some([1, 2, 3]) }");
    let error = market.ticks.subscribe().recv_timeout(SOON).unwrap_err();
    assert!(error.to_string().starts_with("item 1 of this `Broadcast<[u64; 3], 64>` was not sent after "), "{error}");
}
