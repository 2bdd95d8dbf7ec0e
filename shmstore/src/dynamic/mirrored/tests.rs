//! Copies in one process: who may attach them, and as what.

use std::time::Duration;

use super::*;
use crate::dynamic::{self, Limit};
use crate::inspect::{self, Value};
use crate::layout::ShmLayout;
use crate::{AttachError, CreateError, ReadOnly, Shared, ShmObject, Store, Versioned};

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(crate = "crate", id = 'D', room = 4096)]
struct Drive {
    speed: Versioned<u64>,
}

mod longer {
    use crate::{Event, ShmObject, Versioned};

    #[derive(Debug, ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate", id = 'D', room = 4096)]
    pub(super) struct Drive {
        pub(super) speed: Versioned<u64>,
        pub(super) stopped: Event,
    }
}

/// A store in a directory of its own, and the directory.
fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

fn copy(store: &Store) -> MirroredObject {
    let options = Options { id: 'D', room: Some(4096) };
    MirroredObject::create(store, &Drive::SCHEMA.into(), options, "rover7").unwrap()
}

fn set_speed(copy: &MirroredObject, speed: u64) {
    let part = copy.object().versioned(&"speed".parse().unwrap()).unwrap();
    part.store(&Value::Unsigned(speed), Limit::Forever).unwrap();
}

fn refused<T>(result: Result<T, DynamicError>) -> AttachError {
    match result {
        Err(DynamicError::Attach(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it is not refused"),
    }
}

#[test]
fn copy_is_read_and_not_written_while_its_owner_lives() {
    let (_dir, store) = store();
    let copy = copy(&store);
    set_speed(&copy, 7);
    let (view, read) = (store.attach_view::<Drive>().unwrap(), store.attach_read_only::<Drive>().unwrap());
    assert_eq!((view.speed.load(), read.speed.load()), (7, 7));
    let error = store.attach::<Drive>().unwrap_err();
    let own = std::process::id();
    assert!(matches!(&error, AttachError::Mirrored { origin, owner_pid: Some(pid), .. }
        if origin == "rover7" && *pid == own));
    let said = error.to_string();
    let rest = format!(
        " is a copy of an object on `rover7`, which process {own} keeps up to date. No other process may write to it \
         here. To read it, use `attach_view` or `attach_read_only`. To change it, change the object on `rover7`"
    );
    assert!(said.starts_with("`Drive`") && said.ends_with(&rest), "{said}");
    assert!(matches!(store.attach_timeout::<Drive>(Duration::from_secs(9)), Err(AttachError::Mirrored { .. })));
    assert!(matches!(store.follow::<Drive>(), Err(AttachError::Mirrored { .. })));
    let created = store.attach_or_create::<Drive>();
    assert!(matches!(created, Err(CreateError::Existing(AttachError::Mirrored { .. }))));
    assert!(matches!(store.create::<Drive>(), Err(CreateError::AlreadyExists { .. })));
    assert!(matches!(store.attach::<longer::Drive>(), Err(AttachError::Mirrored { .. })), "it does not grow");
    assert!(matches!(refused(Object::attach(&store, 'D')), AttachError::Mirrored { .. }));
    assert!(matches!(refused(MirroredObject::attach(&store, 'D', "rover7")), AttachError::Mirrored { .. }));
    let migrated = store.migrate::<longer::Drive>();
    assert!(matches!(migrated, Err(crate::migrate::MigrateError::InUse { .. })), "{migrated:?}");
    store.remove::<Drive>().unwrap();
    assert!(ReadOnly::is_removed(&view) && copy.object().is_removed());
}

#[test]
fn copy_without_an_owner_becomes_an_ordinary_object_when_it_is_attached() {
    let (_dir, store) = store();
    let copy = copy(&store);
    set_speed(&copy, 7);
    let view = store.attach_view::<Drive>().unwrap();
    let clone = copy.object().clone();
    drop(copy);
    assert!(matches!(store.attach::<Drive>(), Err(AttachError::Mirrored { .. })), "a handle still writes it");
    drop(clone);
    assert!(ReadOnly::info(&view).unwrap().mirrored.is_some(), "a reader changes nothing");
    let drive = store.attach::<Drive>().unwrap();
    assert_eq!((drive.speed.store(8), view.speed.load()), (2, 8));
    assert_eq!(Shared::info(&drive).unwrap().mirrored, None);
    let error = refused(MirroredObject::attach(&store, 'D', "rover7"));
    assert!(matches!(error, AttachError::NotMirrored { .. }));
    let rest = "is no copy of another machine's object: programs of this machine write it. It was not touched. Make \
                the copy at another path, or remove this object first with `shmstore rm`";
    assert!(error.to_string().ends_with(rest), "{error}");
    store.remove::<Drive>().unwrap();
}

#[test]
fn copy_without_an_owner_grows_by_the_fields_of_the_first_writer() {
    let (_dir, store) = store();
    drop(copy(&store));
    let careful = Store::options().grows(false).open(store.path()).unwrap();
    assert!(matches!(careful.attach::<longer::Drive>(), Err(AttachError::Shorter { .. })));
    assert!(store.list().unwrap()[0].mirrored.is_some(), "a refused attach changes nothing");
    store.attach::<longer::Drive>().unwrap().stopped.notify_all();
    assert_eq!(store.list().unwrap()[0].mirrored, None);
    careful.attach::<Drive>().unwrap();
    store.remove::<Drive>().unwrap();
}

#[test]
fn next_owner_takes_over_a_copy_of_the_same_origin() {
    let (_dir, store) = store();
    let first = copy(&store);
    set_speed(&first, 7);
    drop(first);
    let error = refused(MirroredObject::attach(&store, 'D', "rover8"));
    assert!(matches!(&error, AttachError::Mirrored { origin, owner_pid: None, .. } if origin == "rover7"));
    assert!(error.to_string().contains("is a copy of an object on `rover7`. No other process"), "{error}");
    let second = MirroredObject::attach(&store, 'D', "rover7").unwrap();
    assert_eq!(second.origin(), "rover7");
    set_speed(&second, 9);
    assert_eq!(store.attach_view::<Drive>().unwrap().speed.load_versioned(), (2, 9));
    assert!(matches!(store.attach::<Drive>(), Err(AttachError::Mirrored { .. })));
    store.remove::<Drive>().unwrap();
    assert!(matches!(MirroredObject::attach(&store, 'D', "rover7"), Err(DynamicError::Inspect(_))));
}

#[test]
fn owner_adds_fields() {
    let (_dir, store) = store();
    let mut copy = copy(&store);
    let stopped = "stopped".parse().unwrap();
    assert!(copy.object().event(&stopped).is_err());
    copy.grow(&longer::Drive::SCHEMA.into()).unwrap();
    assert_eq!(copy.object().event(&stopped).unwrap().advance_to(5), 5);
    set_speed(&copy, 1);
    let view = store.attach_view::<longer::Drive>().unwrap();
    assert_eq!((view.stopped.count(), view.speed.load()), (5, 1));
    copy.grow(&Drive::SCHEMA.into()).unwrap();
    assert_eq!(copy.object().event(&stopped).unwrap().count(), 5, "it keeps its newest layout");
    assert!(matches!(store.attach::<Drive>(), Err(AttachError::Mirrored { .. })), "it is still a copy");
    store.remove::<Drive>().unwrap();
    let again = self::copy(&store);
    let gone = copy.grow(&longer::Drive::SCHEMA.into()).unwrap_err();
    assert!(matches!(gone, DynamicError::Inspect(InspectError::Gone { .. })), "{gone}");
    drop(copy);
    assert!(matches!(store.attach::<Drive>(), Err(AttachError::Mirrored { .. })), "the other copy has its owner");
    drop(again);
    store.remove::<Drive>().unwrap();
}

#[test]
fn copy_is_described() {
    let (dir, store) = store();
    let copy = copy(&store);
    let own = Some(std::process::id());
    let described = || {
        let object = inspect::Object::find(dir.path(), Some('D')).unwrap();
        let of = object.segment().description.clone().unwrap();
        assert_eq!((object.nonce(), of.room), (of.nonce, Some(4096)));
        assert_eq!(
            object.mirrored().map(|of| (of.origin, of.owner_pid)),
            of.mirrored.clone().map(|of| (of.origin, of.owner_pid))
        );
        (of.mirrored.unwrap(), store.list().unwrap()[0].mirrored.clone().unwrap())
    };
    for mirrored in <[_; 2]>::from(described()) {
        assert_eq!((&*mirrored.origin, mirrored.heard, mirrored.owner_pid), ("rover7", None, own));
    }
    copy.set_heard();
    std::thread::sleep(Duration::from_millis(2));
    for mirrored in <[_; 2]>::from(described()) {
        let ago = mirrored.heard.unwrap();
        assert!((Duration::from_millis(2)..Duration::from_secs(9)).contains(&ago), "{ago:?}");
    }
    drop(copy);
    for mirrored in <[_; 2]>::from(described()) {
        assert_eq!((&*mirrored.origin, mirrored.owner_pid), ("rover7", None));
    }
    store.replace::<Drive>().unwrap();
    assert_eq!(store.list().unwrap()[0].mirrored, None, "a new object is no copy");
    assert!(!inspect::Object::find(dir.path(), None).unwrap().is_moving());
    store.remove::<Drive>().unwrap();
}

#[test]
fn migrated_copy_is_an_ordinary_object() {
    let (_dir, store) = store();
    let copy = copy(&store);
    set_speed(&copy, 7);
    drop(copy);
    store.migrate::<longer::Drive>().unwrap();
    assert_eq!(store.list().unwrap()[0].mirrored, None);
    assert_eq!(store.attach::<longer::Drive>().unwrap().speed.load(), 7);
    store.remove::<Drive>().unwrap();
}

#[test]
fn origin_has_a_name_of_64_bytes_at_most() {
    let (_dir, store) = store();
    let (options, schema) = (Options { id: 'D', room: None }, OwnedSchema::from(Drive::SCHEMA));
    for origin in ["", &"r".repeat(65)] {
        let error = MirroredObject::create(&store, &schema, options, origin).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the name of an origin has 1 to 64 bytes, and this one has {}: pass the host name of the origin",
                origin.len()
            )
        );
        assert!(matches!(MirroredObject::attach(&store, 'D', origin), Err(DynamicError::Origin { .. })));
    }
    let longest = "r\u{202e}\n".to_owned() + &"r".repeat(59);
    let copy = MirroredObject::create(&store, &schema, options, &longest).unwrap();
    let escaped = longest.replace('\u{202e}', "\\u{202e}").replace('\n', "\\n");
    assert_eq!(store.list().unwrap()[0].mirrored.as_ref().unwrap().origin, escaped);
    drop(copy);
    drop(MirroredObject::attach(&store, 'D', &longest).unwrap());
    store.remove_id('D').unwrap();
    let ordinary = dynamic::create(&store, &schema, options).unwrap();
    assert!(ordinary.mirrored().is_none());
    store.remove_id('D').unwrap();
}
