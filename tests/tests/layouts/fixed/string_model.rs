//! `FixedString` against `String`, step by step.

use proptest::prelude::*;
use shmstore::FixedString;

use super::bytes::{bytes_of, from_bytes};

const N: usize = 12;
const TEXT: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Push(char),
    PushStr(String),
    Pop,
    Truncate(usize),
    Clear,
}

/// Characters of each length in UTF-8.
fn character() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['a', 'z', 'ä', 'ß', '€', '語', '🦀', '\0'])
}

fn text(max_chars: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(character(), 0..=max_chars).prop_map(String::from_iter)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => character().prop_map(Step::Push),
        4 => text(5).prop_map(Step::PushStr),
        3 => Just(Step::Pop),
        2 => (0..=N + 2).prop_map(Step::Truncate),
        1 => Just(Step::Clear),
    ]
}

/// The longest start of `text` of at most `max` bytes that splits no character.
fn cut(text: &str, max: usize) -> &str {
    (0..=max.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap()
}

/// Appends to the model if it fits, and tells whether it did.
fn push_model(model: &mut String, text: &str) -> bool {
    let fits = model.len() + text.len() <= N;
    if fits {
        model.push_str(text);
    }
    fits
}

fn apply(step: &Step, string: &mut FixedString<N>, model: &mut String) {
    match step {
        Step::Push(c) => assert_eq!(string.push(*c).is_ok(), push_model(model, &c.to_string())),
        Step::PushStr(text) => assert_eq!(string.push_str(text).is_ok(), push_model(model, text)),
        Step::Pop => assert_eq!(string.pop(), model.pop()),
        Step::Truncate(at) => {
            string.truncate(*at);
            model.truncate(cut(model, *at).len());
        }
        Step::Clear => {
            string.clear();
            model.clear();
        }
    }
}

proptest! {
    #[test]
    fn string_does_what_string_does(steps in prop::collection::vec(step(), 0..40)) {
        let (mut string, mut model) = (FixedString::<N>::new(), String::new());
        for step in &steps {
            apply(step, &mut string, &mut model);
            prop_assert_eq!(string.to_str(), Ok(&*model));
            prop_assert_eq!(string.len(), model.len());
            prop_assert_eq!(&string, &FixedString::try_from(&model).unwrap());
            prop_assert!(bytes_of(&string)[TEXT + model.len()..].iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn truncated_text_is_the_longest_start_that_fits(text in text(8)) {
        let string = FixedString::<N>::from_truncated(&text);
        prop_assert_eq!(string.to_str(), Ok(cut(&text, N)));
        prop_assert!(bytes_of(&string)[TEXT + string.len()..].iter().all(|&byte| byte == 0));
    }

    /// Lengths and texts as a broken or hostile writer may leave them, half-finished characters above all.
    #[test]
    fn any_bytes_are_a_string_that_works(
        len in prop_oneof![0..=N as u32 + 2, any::<u32>()],
        bytes in prop::array::uniform12(prop_oneof![any::<u8>(), 0x80..=0xbf_u8, 0xe0..=0xf4_u8]),
        steps in prop::collection::vec(step(), 0..10),
    ) {
        let mut string: FixedString<N> = from_bytes(&[&len.to_le_bytes()[..], &bytes].concat());
        prop_assert_eq!(string.as_bytes(), &bytes[..(len as usize).min(N)]);

        let mut popped = string;
        let characters: String = std::iter::from_fn(|| popped.pop()).collect();
        prop_assert_eq!(characters.chars().rev().collect::<String>(), string.to_string_lossy());
        prop_assert!(popped.is_empty());

        for step in &steps {
            let before = string.len();
            match step {
                Step::Push(c) => drop(string.push(*c)),
                Step::PushStr(text) => drop(string.push_str(text)),
                Step::Pop => drop(string.pop()),
                Step::Truncate(at) => {
                    string.truncate(*at);
                    prop_assert!(string.len() <= before.min(*at) && string.len() + 3 >= before.min(*at));
                }
                Step::Clear => string.clear(),
            }
            prop_assert!(string.len() <= N);
        }
    }
}
