//! `FixedVec` against `Vec`, step by step.

use proptest::prelude::*;
use shmstore::FixedVec;

use super::bytes::{bytes_of, from_bytes};

const N: usize = 6;
const ITEMS: usize = 8;

#[derive(Clone, Debug)]
enum Step {
    Push(u16),
    Extend(Vec<u16>),
    Insert(usize, u16),
    Remove(usize),
    SwapRemove(usize),
    Pop,
    Retain(u16),
    Truncate(usize),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let item = || 1..=u16::MAX;
    prop_oneof![
        4 => item().prop_map(Step::Push),
        3 => prop::collection::vec(item(), 0..5).prop_map(Step::Extend),
        3 => (0..=N, item()).prop_map(|(at, item)| Step::Insert(at, item)),
        2 => (0..N).prop_map(Step::Remove),
        2 => (0..N).prop_map(Step::SwapRemove),
        2 => Just(Step::Pop),
        2 => (0..3_u16).prop_map(Step::Retain),
        1 => (0..=N + 1).prop_map(Step::Truncate),
        1 => Just(Step::Clear),
    ]
}

/// Does `step` to both; positions that the vector does not have are left alone, since both panic there.
fn apply(step: &Step, vec: &mut FixedVec<u16, N>, model: &mut Vec<u16>) {
    let (len, room) = (model.len(), N - model.len());
    match step {
        Step::Push(item) => assert_eq!(vec.push(*item).is_ok(), push_model(model, room, len, &[*item])),
        Step::Extend(items) => assert_eq!(vec.extend_from_slice(items).is_ok(), push_model(model, room, len, items)),
        Step::Insert(at, item) if *at <= len => {
            assert_eq!(vec.insert(*at, *item).is_ok(), push_model(model, room, *at, &[*item]));
        }
        Step::Remove(at) if *at < len => assert_eq!(vec.remove(*at), model.remove(*at)),
        Step::SwapRemove(at) if *at < len => assert_eq!(vec.swap_remove(*at), model.swap_remove(*at)),
        Step::Insert(..) | Step::Remove(_) | Step::SwapRemove(_) => {}
        Step::Pop => assert_eq!(vec.pop(), model.pop()),
        Step::Retain(rest) => {
            vec.retain(|item| item % 3 != *rest);
            model.retain(|item| item % 3 != *rest);
        }
        Step::Truncate(len) => {
            vec.truncate(*len);
            model.truncate(*len);
        }
        Step::Clear => {
            vec.clear();
            model.clear();
        }
    }
}

/// Puts `items` into the model at `at` if there is room, and tells whether there was.
fn push_model(model: &mut Vec<u16>, room: usize, at: usize, items: &[u16]) -> bool {
    let fits = items.len() <= room;
    if fits {
        model.splice(at..at, items.iter().copied());
    }
    fits
}

proptest! {
    #[test]
    fn vec_does_what_vec_does(steps in prop::collection::vec(step(), 0..40)) {
        let (mut vec, mut model) = (FixedVec::<u16, N>::new(), Vec::new());
        for step in &steps {
            apply(step, &mut vec, &mut model);
            prop_assert_eq!(&vec, &model);
            prop_assert_eq!((vec.len(), vec.is_full()), (model.len(), model.len() == N));
            prop_assert!(bytes_of(&vec)[ITEMS + 2 * model.len()..].iter().all(|&byte| byte == 0));
        }
    }

    /// Lengths and elements as a broken or hostile writer may leave them.
    #[test]
    fn any_bytes_are_a_vec_that_works(
        len in prop_oneof![0..=N as u64 + 2, any::<u64>()],
        items in prop::array::uniform6(any::<u16>()),
        steps in prop::collection::vec(step(), 0..10),
    ) {
        let item_bytes: Vec<u8> = items.iter().flat_map(|item| item.to_ne_bytes()).collect();
        let mut vec: FixedVec<u16, N> = from_bytes(&[&len.to_le_bytes()[..], &item_bytes].concat());
        let mut model = items[..len.min(N as u64) as usize].to_vec();
        prop_assert_eq!(&vec, &model);
        for step in &steps {
            apply(step, &mut vec, &mut model);
            prop_assert_eq!(&vec, &model);
        }
    }
}
