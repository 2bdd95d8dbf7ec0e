//! An enum may be any integer of 8 to 64 bits, signed or not.
use shmstore::schema::{Kind, Primitive};
use shmstore::{ShmLayout, ShmValue};

macro_rules! enums {
    ($($name:ident $repr:ident $primitive:ident $least:expr;)*) => {
        $(
            #[derive(Clone, Copy, ShmValue)]
            #[repr($repr)]
            enum $name {
                Least = $least,
                Zero = 0,
            }
        )*

        #[test]
        fn an_enum_is_any_integer_of_8_to_64_bits() {
            $(
                let Kind::Enum { repr, variants, .. } = $name::SCHEMA.kind() else { panic!("not an enum") };
                assert_eq!(*repr, Primitive::$primitive);
                assert_eq!(variants[0].discriminant, $name::Least as i128);
                assert!($name::check_bits(&($name::Least as $repr).to_ne_bytes()).is_ok());
                assert!($name::check_bits(&($name::Zero as $repr).to_ne_bytes()).is_ok());
                assert!($name::check_bits(&(100 as $repr).to_ne_bytes()).is_err());
            )*
        }
    };
}

enums! {
    A u8 U8 255; B u16 U16 u16::MAX; C u32 U32 u32::MAX; D u64 U64 u64::MAX;
    E i8 I8 -128; F i16 I16 i16::MIN; G i32 I32 i32::MIN; H i64 I64 i64::MIN;
}
