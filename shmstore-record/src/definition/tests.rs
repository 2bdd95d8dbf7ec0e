use shmstore::{FixedString, FixedVec, Pad, ShmLayout, ShmValue, Timestamp};

use super::*;

#[derive(ShmValue, Clone, Copy)]
#[repr(u8)]
enum State {
    Idle = 0,
    DrivingFast = 5,
}

#[derive(ShmValue, Clone, Copy)]
#[repr(C)]
struct Wheel {
    speed: f32,
    state: State,
    _pad: Pad<3>,
}

#[derive(ShmValue, Clone, Copy)]
#[repr(C)]
struct Rover {
    taken: Timestamp,
    wheels: [Wheel; 4],
    grid: [[u16; 3]; 2],
    name: FixedString<16>,
    points: FixedVec<[f64; 2], 8>,
}

fn schema<T: ShmLayout>() -> OwnedSchema {
    OwnedSchema::from_json(T::SCHEMA.to_json()).unwrap()
}

#[test]
fn definitions_have_all_messages_in_one_text() {
    let definition = Definitions::new("RoverObject").define(&schema::<Rover>()).unwrap();
    assert_eq!(definition.name, "rover_object/msg/Rover");
    let list = &schema::<[f64; 2]>().hash().to_string()[..8];
    let expected = format!(
        "builtin_interfaces/Time taken\nrover_object/Wheel[4] wheels\nuint16[6] grid  # dimensions [2, 3]\n\
         string<=16 name\nrover_object/List{list}[<=8] points\n{LINE}\nMSG: builtin_interfaces/Time\n{TIME}{LINE}\n\
         MSG: rover_object/Wheel\nfloat32 speed\nuint8 STATE_IDLE=0\nuint8 STATE_DRIVING_FAST=5\nuint8 state\n\
         {LINE}\nMSG: rover_object/List{list}\nfloat64[2] values\n"
    );
    assert_eq!(definition.text, expected);
}

#[test]
fn types_of_one_name_get_two_and_objects_get_none() {
    mod other {
        use super::*;
        #[derive(ShmValue, Clone, Copy)]
        #[repr(C)]
        pub(super) struct Wheel {
            pub(super) turns: u64,
        }
    }
    let mut definitions = Definitions::new("r");
    let first = definitions.define(&schema::<Wheel>()).unwrap();
    let second = definitions.define(&schema::<other::Wheel>()).unwrap();
    assert_eq!(first.name, "r/msg/Wheel");
    assert!(second.name.starts_with("r/msg/Wheel") && second.name.len() == first.name.len() + 8, "{second:?}");
    assert_eq!(definitions.define(&schema::<Wheel>()).unwrap(), first);
    assert_eq!(definitions.define(&schema::<u32>()).unwrap().text, "uint32 value\n");
    assert!(definitions.define(&schema::<shmstore::Versioned<u32>>()).is_err());
}

fn text(name: &str, fields: &[(&str, OwnedSchema)]) -> String {
    let fields = fields.iter().map(|(name, of)| ((*name).to_owned(), of.clone())).collect();
    let of = OwnedSchema::structure(name, fields, 1, vec![]).unwrap();
    Definitions::new("r").define(&of).unwrap().text
}

#[test]
fn names_are_unique_and_none_is_that_of_the_field_of_empty_messages() {
    let byte = schema::<u8>();
    let fields = ["aB", "a_b", "a_b_2", "A_b", NOTHING].map(|name| (name, byte.clone()));
    let expected = format!("uint8 a_b\nuint8 a_b_2\nuint8 a_b_2_2\nuint8 a_b_3\nuint8 {NOTHING}_2\n");
    assert_eq!(text("Names", &fields), expected);
    let nothing = [("gap", OwnedSchema::pad(3).unwrap()), ("inner", schema::<[(); 4]>())];
    assert_eq!(text("Nothing", &nothing), format!("uint8 {NOTHING}\n"));
    let list = OwnedSchema::fixed_vec(OwnedSchema::phantom(), 3).unwrap();
    assert_eq!(text("List", &[("a", list)]), "uint32 a  # the length of a list of nothing\n");
}

#[test]
fn arrays_and_lists_of_an_enum_name_its_variants() {
    let constants = "uint8 STATES_IDLE=0\nuint8 STATES_DRIVING_FAST=5\n";
    assert_eq!(
        text("A", &[("states", schema::<[[State; 2]; 2]>())]),
        format!("{constants}uint8[4] states  # dimensions [2, 2]\n")
    );
    assert_eq!(text("A", &[("states", schema::<FixedVec<State, 2>>())]), format!("{constants}uint8[<=2] states\n"));
}

#[test]
fn many_fields_of_one_name_take_no_long_time() {
    let names: Vec<String> = ('\u{4e00}'..).take(20_000).map(String::from).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), schema::<u8>())).collect();
    assert!(text("Many", &fields).ends_with("uint8 field_20000\n"));
}
