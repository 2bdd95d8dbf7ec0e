//! Numbers as numbers of another type, if nothing of their value is lost.

use crate::layout::schema::Primitive;

/// Returns `true` if values of one type may be values of the other.
pub(super) fn are_alike(from: Primitive, to: Primitive) -> bool {
    let is_number = |of: Primitive| !matches!(of, Primitive::Bool | Primitive::Char);
    from == to || is_number(from) && is_number(to)
}

/// Returns the bits of a number that has the size of a type.
pub(super) fn low_bits(of: Primitive, number: i128) -> u64 {
    number as u64 & (u64::MAX >> (64 - 8 * of.size()))
}

/// Returns the bits of the same value in another type, or the reason why there is none. The types are alike.
pub(super) fn convert(from: Primitive, to: Primitive, bits: u64) -> Result<u64, String> {
    match from {
        Primitive::Bool if bits > 1 => Err(format!("{bits} is no `bool`")),
        Primitive::Char if u32::try_from(bits).ok().and_then(char::from_u32).is_none() => {
            Err(format!("{bits:#x} is no `char`"))
        }
        Primitive::Bool | Primitive::Char => Ok(bits),
        Primitive::F32 => of_float(f32::from_bits(bits as u32).into(), to),
        Primitive::F64 => of_float(f64::from_bits(bits), to),
        _ => of_integer(integer(from, bits), to),
    }
}

/// Returns the integer with these bits.
pub(super) fn integer(of: Primitive, bits: u64) -> i128 {
    let unused = 64 - 8 * of.size() as u32;
    match of.range() {
        Some((least, _)) if least < 0 => i128::from(((bits << unused) as i64) >> unused),
        _ => i128::from(bits),
    }
}

fn of_integer(number: i128, to: Primitive) -> Result<u64, String> {
    // A float as large as this has no digits after the point, and an `i128` holds it.
    let (bits, near) = match to {
        Primitive::F32 => (u64::from((number as f32).to_bits()), (number as f32) as i128),
        Primitive::F64 => ((number as f64).to_bits(), (number as f64) as i128),
        _ => return in_range(number, to),
    };
    if near == number { Ok(bits) } else { Err(format!("{number} would be rounded to {near}")) }
}

fn in_range(number: i128, to: Primitive) -> Result<u64, String> {
    let (least, most) = to.range().unwrap_or_default();
    if (least..=most).contains(&number) {
        return Ok(low_bits(to, number));
    }
    Err(format!("{number} is not from {least} to {most}"))
}

fn of_float(number: f64, to: Primitive) -> Result<u64, String> {
    match to {
        Primitive::F64 => Ok(number.to_bits()),
        Primitive::F32 => {
            let near = number as f32;
            if f64::from(near) == number || number.is_nan() {
                return Ok(near.to_bits().into());
            }
            Err(format!("{number:?} would be rounded to {:?}", f64::from(near)))
        }
        _ if number == 0.0 && number.is_sign_negative() => Err("-0.0 would lose its sign".into()),
        _ if number.is_finite() && number.fract() == 0.0 => in_range(number as i128, to),
        _ => Err(format!("{number:?} is no integer")),
    }
}

#[cfg(test)]
mod tests {
    use super::Primitive::{self, *};
    use super::*;

    #[track_caller]
    fn kept(from: Primitive, bits: u64, to: Primitive, as_bits: u64) {
        assert_eq!(convert(from, to, bits), Ok(as_bits), "{from} to {to}");
    }

    #[track_caller]
    fn refused(from: Primitive, bits: u64, to: Primitive, says: &str) {
        assert_eq!(convert(from, to, bits), Err(says.into()), "{from} to {to}");
    }

    #[test]
    fn integer_becomes_the_same_number_or_is_refused() {
        kept(I64, 5, U8, 5);
        kept(U64, 255, U8, 255);
        refused(U64, 300, U8, "300 is not from 0 to 255");
        kept(I8, 0xff, I64, u64::MAX);
        kept(I64, (-129_i64) as u64, I16, 0xff7f);
        refused(I64, (-129_i64) as u64, I8, "-129 is not from -128 to 127");
        refused(I8, 0xff, U64, "-1 is not from 0 to 18446744073709551615");
        refused(U64, 1 << 63, I64, "9223372036854775808 is not from -9223372036854775808 to 9223372036854775807");
    }

    #[test]
    fn integer_becomes_a_float_if_it_is_not_rounded() {
        kept(U64, 1 << 53, F64, ((1_u64 << 53) as f64).to_bits());
        refused(U64, (1 << 53) + 1, F64, "9007199254740993 would be rounded to 9007199254740992");
        refused(U64, u64::MAX, F64, "18446744073709551615 would be rounded to 18446744073709551616");
        kept(U64, 1 << 63, F32, u64::from((2_f32.powi(63)).to_bits()));
        refused(U32, (1 << 24) + 1, F32, "16777217 would be rounded to 16777216");
        kept(I32, (-7_i32) as u32 as u64, F32, u64::from((-7.0_f32).to_bits()));
        kept(I64, i64::MIN as u64, F64, (-(2_f64.powi(63))).to_bits());
    }

    #[test]
    fn float_becomes_an_integer_if_it_is_one() {
        kept(F64, 5_f64.to_bits(), U8, 5);
        kept(F32, u64::from((-5_f32).to_bits()), I8, 0xfb);
        kept(F64, 0_f64.to_bits(), U64, 0);
        refused(F64, 1.5_f64.to_bits(), I32, "1.5 is no integer");
        refused(F64, (-0.0_f64).to_bits(), I32, "-0.0 would lose its sign");
        refused(F64, f64::NAN.to_bits(), U64, "NaN is no integer");
        refused(F64, f64::INFINITY.to_bits(), U64, "inf is no integer");
        refused(F64, 2_f64.powi(64).to_bits(), U64, "18446744073709551616 is not from 0 to 18446744073709551615");
        refused(F64, 256_f64.to_bits(), U8, "256 is not from 0 to 255");
        let vast = convert(F64, U64, f64::MAX.to_bits()).unwrap_err();
        assert!(vast.ends_with("is not from 0 to 18446744073709551615"), "{vast}");
    }

    #[test]
    fn float_becomes_a_float_if_it_is_not_rounded_and_nan_stays_nan() {
        kept(F32, u64::from(0.1_f32.to_bits()), F64, f64::from(0.1_f32).to_bits());
        kept(F64, f64::from(0.1_f32).to_bits(), F32, u64::from(0.1_f32.to_bits()));
        refused(F64, 0.1_f64.to_bits(), F32, "0.1 would be rounded to 0.10000000149011612");
        refused(F64, 1e300_f64.to_bits(), F32, "1e300 would be rounded to inf");
        kept(F64, (-0.0_f64).to_bits(), F32, u64::from((-0.0_f32).to_bits()));
        kept(F64, f64::NEG_INFINITY.to_bits(), F32, u64::from(f32::NEG_INFINITY.to_bits()));
        assert!(f32::from_bits(convert(F64, F32, f64::NAN.to_bits()).unwrap() as u32).is_nan());
        assert!(f64::from_bits(convert(F32, F64, f32::NAN.to_bits().into()).unwrap()).is_nan());
    }

    #[test]
    fn only_numbers_are_alike() {
        for (from, to) in [(Bool, U8), (U32, Char), (Char, Bool), (Bool, F32)] {
            assert!(!are_alike(from, to), "{from} to {to}");
        }
        assert!(are_alike(Bool, Bool) && are_alike(U8, F64) && are_alike(F32, I64));
        refused(Bool, 7, Bool, "7 is no `bool`");
        refused(Char, 0xd800, Char, "0xd800 is no `char`");
        kept(Char, 0xdf, Char, 0xdf);
    }
}
