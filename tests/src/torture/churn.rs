//! Objects and names that come and go: created, replaced, removed, forgotten, by many at a time.

use shmstore::{AttachError, CreateError, OpenError, RemoveError, Shared, Store};

use super::arena::Made;
use super::job::Job;
use super::op::Op;

/// The names that come and go.
pub(super) const NAMES: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

pub(super) fn one(job: &mut Job<'_>, store: &Store) {
    if job.random.one_in(4) {
        return on_object(job, store);
    }
    let name = NAMES[job.random.within(0..NAMES.len())];
    if job.random.one_in(4) {
        job.enter(Op::Forget);
        return match store.remove_name(name) {
            Ok(_) | Err(OpenError::InUse { .. }) => {}
            Err(error) => job.violation(&format!("forget: {error}")),
        };
    }
    job.enter(Op::Named);
    match if job.random.one_in(4) { store.open_named(name) } else { store.open_or_create_named(name) } {
        Ok(named) => on_object(job, &named),
        Err(OpenError::NotFound { .. }) => {}
        Err(error) => job.violation(&format!("named: {error}")),
    }
}

fn on_object(job: &mut Job<'_>, store: &Store) {
    let stamp = job.next_stamp();
    let fill = |made: &Made| made.fill(stamp);
    match job.random.within(0..8) {
        0..3 => {
            job.enter(Op::Create);
            created(job, store.attach_or_create_with(fill));
        }
        3 => {
            job.enter(Op::Create);
            created(job, store.create_with(fill));
        }
        4 => {
            job.enter(Op::Replace);
            created(job, store.replace_with(fill));
        }
        5 => {
            job.enter(Op::Remove);
            match store.remove::<Made>() {
                Ok(()) => {}
                Err(error) if is_gone(&error) => {}
                Err(error) => job.violation(&format!("remove: {error}")),
            }
        }
        6 => {
            job.enter(Op::AttachMade);
            match store.attach::<Made>() {
                Ok(made) => use_it(job, &made),
                Err(error) if is_missing(&error) => {}
                Err(error) => job.violation(&format!("attach: {error}")),
            }
        }
        _ => {
            job.enter(Op::AttachMade);
            match store.attach_read_only::<Made>() {
                Ok(made) => {
                    let (version, value) = made.value.load_versioned();
                    job.expect("load read-only", value.check(version));
                }
                Err(error) if is_missing(&error) => {}
                Err(error) => job.violation(&format!("attach read-only: {error}")),
            }
        }
    }
}

fn created(job: &mut Job<'_>, created: Result<Shared<Made>, CreateError>) {
    match created {
        Ok(made) => use_it(job, &made),
        Err(CreateError::AlreadyExists { .. }) => {}
        // Its name was forgotten by another, after we had opened it.
        Err(CreateError::Existing(error)) if is_missing(&error) => {}
        Err(CreateError::NotReplaceable(error)) if is_gone(&error) => {}
        Err(error) => job.violation(&format!("create: {error}")),
    }
}

fn use_it(job: &mut Job<'_>, made: &Shared<Made>) {
    job.expect("a made object", made.check());
    let stamp = job.next_stamp();
    made.fill(stamp);
}

fn is_missing(error: &AttachError) -> bool {
    matches!(error, AttachError::NotFound { .. } | AttachError::Anchor(OpenError::NotFound { .. }))
}

fn is_gone(error: &RemoveError) -> bool {
    match error {
        RemoveError::NotFound { .. } => true,
        RemoveError::Existing(error) => is_missing(error),
        _ => false,
    }
}
