//! Conversions compile without annotations, beside the implementations of `From` that never apply.

use std::borrow::Cow;
use std::error::Error;

use shmstore::error::CapacityError;
use shmstore::{FixedString, FixedVec, ShmValue};

fn same<T: Into<FixedString<3>>>(text: T) -> FixedString<3> {
    text.into()
}

fn failing<'a, T: TryFrom<&'a str, Error = CapacityError>>(text: &'a str) -> Result<T, CapacityError> {
    T::try_from(text)
}

fn one<V: ShmValue>(element: V) -> FixedVec<V, 2> {
    [element].into()
}

#[test]
fn conversions_are_inferred_beside_those_that_are_refused() -> Result<(), Box<dyn Error>> {
    let text: FixedString<3> = "x".try_into()?;
    assert_eq!(same(text), failing::<FixedString<3>>("x")?);
    let texts: [FixedString<4>; 3] = [String::new().try_into()?, Cow::from("x").try_into()?, "y".parse()?];
    let mut elements = FixedVec::from(texts);
    assert_eq!(FixedVec::<_, 3>::try_from(&elements[..])?, elements);
    elements = FixedVec::default();
    assert!(elements.is_empty());
    let numbers: FixedVec<f64, 4> = [1.0, 2.0].into();
    let numbers: FixedVec<_, 4> = FixedVec::try_from(Vec::from(numbers))?;
    let none: FixedVec<u8, 4> = [].into();
    assert_eq!((numbers.iter().sum::<f64>(), none.len(), one('x').len()), (3.0, 0, 1));
    Ok(())
}
