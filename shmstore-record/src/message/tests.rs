use std::sync::atomic::AtomicU16;

use shmstore::{AtomicValue, Event, Frames, Lock, Map, ShmLayout, ShmValue, Timestamp, Versioned};

use super::*;
use crate::Definitions;

fn schema<T: ShmLayout>() -> OwnedSchema {
    OwnedSchema::from(T::SCHEMA)
}

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

#[derive(ShmValue, Clone, Copy)]
#[repr(C)]
struct Info {
    taken: Timestamp,
    data: u32,
    width: u32,
}

#[test]
fn frames_have_the_fields_of_their_metadata_and_as_many_elements_as_there_are() {
    let message = Message::of(&path("camera.images"), &schema::<Frames<u16, 8, 3, Info>>()).unwrap();
    let definition = Definitions::new("rig").define(message.schema()).unwrap();
    assert_eq!(definition.name, "rig/msg/CameraImagesFrame");
    let fields = "builtin_interfaces/Time taken\nuint32 data\nuint32 width\nuint16[<=8] data_2\n";
    assert!(definition.text.starts_with(fields), "{}", definition.text);
    assert_eq!(message.sizes().collect::<Vec<_>>(), [Some(16), None]);
    let meta = [&1_i64.to_le_bytes()[..], &2_u32.to_le_bytes(), &3_u32.to_le_bytes()].concat();
    for elements in [vec![], vec![7_u8, 0, 8, 0, 9, 0], vec![255; 16]] {
        let mut bytes = Vec::new();
        assert_eq!(message.encode([&meta[..], &elements], &mut bytes), Encoded::Exact);
        assert_eq!(bytes.len(), 4 + 16 + 4 + elements.len());
        assert_eq!(message.decode(&bytes).unwrap(), [&meta[..], &elements]);
    }
    let mut bytes = Vec::new();
    _ = message.encode([&meta[..], &[0; 18]], &mut bytes);
    assert_eq!(message.decode(&bytes), Err(DecodeError::TooLong { len: 9, capacity: 8 }));
}

#[test]
fn metadata_that_is_no_struct_is_a_field_and_nothing_is_none() {
    let text = |part: &OwnedSchema| {
        let message = Message::of(&FieldPath::default(), part).unwrap();
        let definition = Definitions::new("r").define(message.schema()).unwrap();
        assert_eq!(definition.name, "r/msg/Frame");
        definition.text
    };
    assert_eq!(text(&schema::<Frames<u8, 8, 3, u32>>()), "uint32 meta\nuint8[<=8] data\n");
    assert!(text(&schema::<Frames<u8, 8, 3, Timestamp>>()).starts_with("builtin_interfaces/Time meta\nuint8[<=8]"));
    assert_eq!(text(&schema::<Frames<u8, 8, 3>>()), "uint8[<=8] data\n");
}

#[test]
fn atomics_have_a_field_each_with_names_of_their_own() {
    let parts = [
        (path("hits[0]"), schema::<AtomicU16>()),
        (path("hits_0"), schema::<AtomicValue<bool>>()),
        (path("gate"), schema::<Lock>()),
        (path("bells.0"), schema::<Event>()),
    ];
    let message = Message::of_atomics(parts.iter().map(|(path, schema)| (path, schema))).unwrap();
    let definition = Definitions::new("r").define(message.schema()).unwrap();
    assert_eq!(definition.text, "uint16 hits_0\nbool hits_0_2\nuint8 gate\nuint64 bells_0\n");
    let pieces = [&[1, 2][..], &[1], &[Message::LOCKED | Message::INCONSISTENT], &9_u64.to_le_bytes()];
    let mut bytes = Vec::new();
    _ = message.encode(pieces, &mut bytes);
    assert_eq!(bytes.len(), 4 + 2 + 1 + 1 + 4 + 8);
    assert_eq!(message.decode(&bytes).unwrap(), pieces);
    bytes[6] = 2;
    assert!(matches!(message.decode(&bytes), Err(DecodeError::Invalid(_))));
    let wrong = schema::<Versioned<u8>>();
    let refused = Message::of_atomics([(&path("v"), &wrong)]).unwrap_err();
    assert_eq!(refused.to_string(), "`v` is Versioned<u8>, which has no such message");
}

#[test]
fn steps_of_a_map_that_do_not_exist_are_refused() {
    let message = Message::of(&path("m"), &schema::<Map<u8, u8, 4>>()).unwrap();
    assert!(message.decode(&[0, 1, 0, 0, Message::REMOVED, 5, 6]).is_ok());
    assert!(matches!(message.decode(&[0, 1, 0, 0, 3, 5, 6]), Err(DecodeError::Invalid(_))));
}

#[test]
fn kinds_are_read_as_they_are_written() {
    for (kind, text) in KINDS {
        assert_eq!((kind.to_string().as_str(), text.parse()), (text, Ok(kind)));
    }
    assert!("lock".parse::<Kind>().is_err());
}
