//! Elements with invalid bits: none is seen that is not valid.

use super::*;

fn kept() -> Result<(), InvalidValue> {
    Ok(())
}

/// The path of the element that an error names.
fn path<T>(result: Result<T, InvalidValue>) -> String {
    result.map(drop).expect_err("an element is not valid").path().to_owned()
}

#[test]
fn valid_elements_are_all_seen() {
    fn check<const SIZE: usize>() {
        let values: Vec<[bool; SIZE]> =
            (0..1500).map(|at| std::array::from_fn(|after| (at * 7 + after) % 3 == 0)).collect();
        let mut memory = Memory::<[bool; SIZE]>::new(1500);
        memory.all().fill(1500, |at, block| block.copy_from_slice(&values[at..][..block.len()]));
        let mut seen = Vec::new();
        memory.all().blocks_checked(kept, |_, block| seen.extend_from_slice(block)).expect("valid");
        assert!(seen.drain(..).eq(values.iter().copied()));
        memory.all().rows_checked(100, 100, kept, |_, row| seen.extend_from_slice(row)).expect("valid");
        assert!(seen.drain(..).eq(values.iter().copied()));
        let end = memory.all().arrays_checked(kept, |_, array: [_; 64]| seen.extend(array)).expect("valid");
        assert!(end == 1472 && seen == values[..1472]);
        assert!(memory.all().to_vec_checked(kept).expect("valid") == values);
        let mut into = vec![[false; SIZE]; 1400];
        assert_eq!(memory.all().copy_at_checked(150, &mut into, kept), Ok(1350));
        assert!(into[..1350] == values[150..]);
    }
    check::<1>();
    check::<3>();
    check::<100>();
    check::<1000>();
}

#[test]
fn an_element_that_is_not_valid_is_named_and_never_seen() {
    for bad in [0, 1023, 1024, 1983] {
        let mut memory = Memory::<bool>::new(2000);
        memory.all().fill(2000, |_, block| block.fill(true));
        memory.bytes_of_elements()[bad] = 7;
        let (all, named) = (memory.all(), format!("[{bad}]"));
        let before = |at: usize, len: usize| assert!(at + len <= bad, "{at}");
        assert_eq!(path(all.blocks_checked(kept, |at, block| before(at, block.len()))), named);
        assert_eq!(path(all.rows_checked(100, 100, kept, |row, _| before(row * 100, 100))), named);
        assert_eq!(path(all.arrays_checked(kept, |at, _: [bool; 8]| before(at, 8))), named);
        assert_eq!(path(all.arrays_checked(kept, |at, _: [bool; 16]| before(at, 16))), named);
        assert_eq!(path(all.arrays_checked(kept, |at, _: [bool; 64]| before(at, 64))), named);
        assert_eq!(path(all.to_vec_checked(kept)), named);
        assert_eq!(path(all.copy_at_checked(0, &mut [false; 2000], kept)), named);
        assert_eq!(all.copy_at_checked(0, &mut [false; 2000][..bad], kept), Ok(bad));
    }
}

#[test]
fn a_field_of_an_element_is_named() {
    let mut memory = Memory::<[bool; 3]>::new(500);
    memory.all().fill(500, |_, block| block.fill([false; 3]));
    memory.bytes_of_elements()[3 * 400 + 2] = 2;
    assert_eq!(path(memory.all().blocks_checked(kept, |_, _| ())), "[400][2]");
}
