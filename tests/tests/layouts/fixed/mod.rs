//! `FixedString`, `FixedVec` and `Pad`: any bytes another process may leave are harmless, nothing is cut off silently,
//! nothing that was removed lingers, and otherwise they are what `String` and `Vec` are.

pub(crate) mod bytes;
mod conversions;
mod pad;
mod string;
mod string_model;
mod vec;
mod vec_model;

/// Whether both say that they are equal; that they disagree is a failure.
fn equal<A: PartialEq<B>, B: PartialEq<A> + ?Sized>(a: &A, b: &B) -> bool {
    let (forth, back) = (a == b, b == a);
    assert_eq!(forth, back);
    forth
}
