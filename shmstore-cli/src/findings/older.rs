//! Checks which objects have fields that no running program knows.

use shmstore::inspect::{Object, Participant};

use super::Finding;
use crate::about::{called, counted};
use crate::failure::Failure;
use crate::growth;
use crate::selection;

/// Names the objects that have grown, and are used only by programs with an older type.
pub(super) fn users() -> Result<Vec<Finding>, Failure> {
    let mut there = selection::all(false)?;
    there.retain(|segment| {
        segment.state.is_usable() && segment.description.as_ref().is_some_and(|of| of.room.is_some())
    });
    // An object may be removed meanwhile.
    let objects = there.iter().filter_map(|segment| Object::attach(segment).ok());
    Ok(objects.filter_map(|object| of_object(&object)).collect())
}

fn of_object(object: &Object) -> Option<Finding> {
    let mut users = object.processes();
    users.retain(|one| one.alive && !one.left);
    let known = most_known(&users, object)?;
    let (all, name) = (growth::fields(object.schema()).len(), called(object.segment()));
    let users = match users.len() {
        1 => "the process that uses it knows".to_owned(),
        count => format!("the {count} processes that use it know"),
    };
    let found = format!(
        "it has {}, and {users} the first {known} only: no program with the newer type runs",
        counted(all, "field")
    );
    let advice = "nothing to do: older programs use their fields, and the others keep their values; start a program \
                  with the newer type if it should run";
    Some(Finding::note(&name, found, advice))
}

/// Returns the largest number of fields that a user knows, if all know fewer than the object has.
fn most_known(users: &[Participant], object: &Object) -> Option<usize> {
    let known: Option<Vec<usize>> = users.iter().map(|one| growth::knows_only(one, object.schema())).collect();
    known?.into_iter().max()
}
