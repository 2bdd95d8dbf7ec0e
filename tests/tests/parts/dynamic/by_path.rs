//! Stores and changes by the path of a field.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use shmstore::dynamic::{self, DynamicError, Limit, Object, Options};
use shmstore::inspect::{FieldError, Value};
use shmstore::schema::OwnedSchema;
use shmstore::{
    AtomicValue, CacheAligned, FixedString, Lock, Map, Queue, ShmId, ShmLayout, ShmObject, ShmValue, Versioned,
};
use shmstore_tests::scratch::Scratch;

use super::{both, path};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
struct Account {
    balance: i64,
    owner: FixedString<12>,
    open: bool,
    _pad: shmstore::Pad<7>,
}

#[derive(ShmObject)]
#[repr(C)]
struct Branch {
    accounts: [CacheAligned<Versioned<Account>>; 3],
    visits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Bank {
    branches: [Branch; 2],
    rate: AtomicValue<[u16; 2]>,
    customers: Map<u32, Account, 8>,
    lock: Lock,
    jobs: Queue<u64, 4>,
}

#[test]
fn path_into_a_value_changes_that_field_alone() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bank>(&scratch);
    let account = &typed.branches[1].accounts[2];
    object.store(&path("branches[1].accounts[2].balance"), &Value::Signed(-5)).unwrap();
    object.store(&path("branches[1].accounts[2].owner"), &Value::Text("Ada".into())).unwrap();
    object.store(&path("branches[1].accounts[2].open"), &Value::Bool(true)).unwrap();
    let (version, value) = account.load_versioned_checked().unwrap();
    assert_eq!((version, value.balance, value.owner.to_str(), value.open), (3, -5, Ok("Ada"), true));
    assert_eq!(object.fetch_add(&path("branches[1].accounts[2].balance"), 7).unwrap(), Value::Signed(-5));
    assert_eq!(account.load_checked().unwrap().balance, 2);
    assert_eq!(object.load(&path("branches[1].accounts[2].balance")).unwrap(), Value::Signed(2));

    typed.rate.store([1, 2], Relaxed);
    object.store(&path("rate[1]"), &Value::Unsigned(9)).unwrap();
    assert_eq!(typed.rate.load(Relaxed), [1, 9]);
    assert_eq!(object.fetch_add(&path("branches[0].visits"), 3).unwrap(), Value::Unsigned(0));
    let doubled = object.update(&path("branches[0].visits"), Limit::Forever, |value| {
        let Value::Unsigned(visits) = value else { panic!("a number") };
        *visits *= 2;
        *visits
    });
    assert_eq!((doubled.unwrap(), typed.branches[0].visits.load(Relaxed)), (6, 6));
}

#[test]
fn path_of_a_key_inserts_it_and_a_path_below_changes_its_value() {
    let scratch = Scratch::new();
    let (typed, object) = both::<Bank>(&scratch);
    let missing = object.store(&path("customers[17].open"), &Value::Bool(true));
    assert!(matches!(missing, Err(DynamicError::Field(FieldError::NoKey { .. }))), "{missing:?}");
    let account = Account { balance: 1, owner: FixedString::default(), open: false, _pad: Default::default() };
    typed.customers.insert(17, account).unwrap();
    object.store(&path("customers[17].open"), &Value::Bool(true)).unwrap();
    let value = object.load(&path("customers[17]")).unwrap();
    object.store(&path("customers[18]"), &value).unwrap();
    assert_eq!(typed.customers.get(&18), Ok(Some(Account { open: true, ..account })));
    let wrong = object.store(&path("customers[\"x\"]"), &value);
    assert!(matches!(wrong, Err(DynamicError::Field(FieldError::WrongKey { .. }))), "{wrong:?}");
}

#[test]
fn path_of_what_is_not_one_value_is_refused() {
    let scratch = Scratch::new();
    let (_typed, object) = both::<Bank>(&scratch);
    for text in [".", "branches", "branches[1]", "lock", "jobs", "customers", "jobs.len"] {
        let error = object.store(&path(text), &Value::Unsigned(1)).expect_err(text);
        assert!(matches!(error, DynamicError::NotAPart { .. }), "{text}: {error}");
    }
    for text in ["branches[2].visits", "branches.visits", "nothing", "rate[2]", "branches[0].accounts[0].name"] {
        let error = object.store(&path(text), &Value::Unsigned(1)).expect_err(text);
        assert!(matches!(error, DynamicError::Field(_)), "{text}: {error}");
    }
}

#[test]
fn no_change_of_two_processes_is_lost() {
    const ROUNDS: u64 = 5_000;
    let scratch = Scratch::new();
    let (typed, object) = both::<Bank>(&scratch);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                typed.branches[0].accounts[0].update_checked(|account| account.balance += 1).unwrap();
                typed.rate.fetch_update(Relaxed, Relaxed, |[a, b]| Some([a.wrapping_add(1), b])).unwrap();
            }
        });
        for _ in 0..ROUNDS {
            object.fetch_add(&path("branches[0].accounts[0].balance"), 1).unwrap();
            object.fetch_add(&path("rate[0]"), 1).unwrap();
            object.fetch_add(&path("rate[1]"), 1).unwrap();
        }
    });
    let balance = typed.branches[0].accounts[0].load_checked().unwrap().balance;
    assert_eq!((balance, typed.rate.load(Relaxed)), (2 * ROUNDS as i64, [2 * ROUNDS as u16, ROUNDS as u16]));
}

#[test]
fn object_of_a_schema_is_attached_by_the_type_with_this_layout_alone() {
    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'B', name = "Bank")]
    struct Other {
        visits: AtomicU64,
    }

    let scratch = Scratch::new();
    let schema = OwnedSchema::from_json(Bank::SCHEMA.to_json()).unwrap();
    let object = dynamic::create(&scratch.store(), &schema, Options { id: Bank::ID, room: None }).unwrap();
    object.store(&path("branches[1].visits"), &Value::Unsigned(7)).unwrap();
    assert_eq!(scratch.store().attach::<Bank>().unwrap().branches[1].visits.load(Relaxed), 7);
    assert!(scratch.store().attach::<Other>().is_err());
    let again = dynamic::create(&scratch.store(), &schema, Options { id: Bank::ID, room: None });
    assert!(matches!(again, Err(DynamicError::Create(_))));
    let value = OwnedSchema::from(<[f64; 2]>::SCHEMA);
    let no_object = dynamic::create(&scratch.store(), &value, Options { id: 'x', room: None });
    assert!(matches!(no_object, Err(DynamicError::Schema(_))), "{no_object:?}");
}

#[test]
fn object_with_room_is_attached_with_its_newest_layout() {
    mod v2 {
        #[derive(shmstore::ShmObject)]
        #[repr(C)]
        #[shm(id = 'R', name = "Rover", room = 4096)]
        pub(super) struct Rover {
            pub(super) frames: std::sync::atomic::AtomicU64,
            pub(super) limit: shmstore::Versioned<f64>,
        }
    }
    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'R', room = 4096)]
    struct Rover {
        frames: AtomicU64,
    }

    let scratch = Scratch::new();
    let store = scratch.store();
    let (typed, first) = both::<Rover>(&scratch);
    typed.frames.store(3, Relaxed);
    let grown = store.attach::<v2::Rover>().unwrap();
    assert!(matches!(first.store(&path("limit"), &Value::F64(1.5)), Err(DynamicError::Field(_))));
    let second = Object::attach(&store, 'R').unwrap();
    second.store(&path("limit"), &Value::F64(1.5)).unwrap();
    first.fetch_add(&path("frames"), 1).unwrap();
    assert_eq!((grown.limit.load(), grown.frames.load(Relaxed)), (1.5, 4));
}
