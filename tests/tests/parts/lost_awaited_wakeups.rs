//! A process that waits by `wait_any` or in a future is woken by each way to bring news: with sleeps that only a
//! wake-up ends in time. So is one that drops futures and makes others meanwhile.

use super::lost_wakeups::{ROUNDS, pass_turns_as};
use shmstore_tests::sandbox::SANDBOX;

const ANY_2: (&str, &str) = ("RELAY_WAITS", "any 2");
const ANY_20: (&str, &str) = ("RELAY_WAITS", "any 20");
const FUTURE: (&str, &str) = ("RELAY_WAITS", "future");
const DROPPED: (&str, &str) = ("RELAY_WAITS", "dropped");
const SELECTED: (&str, &str) = ("RELAY_WAITS", "selected");

/// Both processes wait in the same way.
fn pass_turns(role: &str, way: &str, waits: &[(&str, &str)], rounds: u64) {
    for waits in waits {
        pass_turns_as(role, way, rounds, &[&[*waits], &[*waits]]);
    }
}

#[test]
fn no_wait_for_any_of_some_stores_is_forgotten() {
    pass_turns("relay", "stores", &[ANY_2, ANY_20], ROUNDS);
    pass_turns("relay", "leased", &[ANY_2], ROUNDS / 4);
}

#[test]
fn no_task_that_waits_for_a_store_is_forgotten() {
    pass_turns("relay", "stores", &[FUTURE, DROPPED, SELECTED], ROUNDS);
    pass_turns("relay", "leased", &[FUTURE, DROPPED], ROUNDS / 20);
    pass_turns_as("relay", "stores", ROUNDS / 20, &[&[FUTURE], &[ANY_2]]);
}

#[test]
fn no_task_is_forgotten_where_the_kernel_refuses_membarrier_to_one_or_both() {
    let [refused, unknown] = ["EPERM membarrier", "ENOSYS membarrier"].map(|asked| (SANDBOX, asked));
    pass_turns_as("relay", "leased", ROUNDS / 20, &[&[FUTURE, refused], &[FUTURE]]);
    pass_turns_as("relay", "leased", ROUNDS / 20, &[&[DROPPED, unknown], &[ANY_2, refused]]);
}

#[test]
fn no_wait_for_a_notification_is_forgotten() {
    for way in ["all", "one"] {
        pass_turns("relay", way, &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 10);
    }
}

#[test]
fn a_notification_of_one_is_passed_on_by_futures_that_are_dropped() {
    pass_turns_as("relay", "one_of_two", ROUNDS / 4, &[&[], &[], &[]]);
}

#[test]
fn no_task_that_waits_for_an_item_or_room_is_forgotten() {
    pass_turns("stream_relay", "pushes", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 20);
    pass_turns("stream_relay", "jobs", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 20);
    pass_turns("stream_relay", "returns", &[FUTURE, DROPPED], ROUNDS / 40);
}

#[test]
fn no_task_of_a_subscriber_is_forgotten() {
    pass_turns("stream_relay", "sends", &[ANY_2, FUTURE, DROPPED], ROUNDS / 20);
    pass_turns("stream_relay", "feeds", &[FUTURE, DROPPED], ROUNDS / 20);
}

#[test]
fn no_task_that_waits_for_a_key_is_forgotten() {
    pass_turns("map_relay", "inserts", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 40);
    pass_turns("map_relay", "removes", &[FUTURE], ROUNDS / 40);
    pass_turns("map_relay", "changes", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 40);
    pass_turns("map_relay", "returns", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 40);
    pass_turns("map_relay", "stores", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 40);
}

#[test]
fn no_task_that_waits_for_a_frame_is_forgotten() {
    pass_turns("frame_relay", "frames", &[ANY_2, FUTURE, DROPPED, SELECTED], ROUNDS / 20);
    pass_turns("frame_relay", "slots", &[ANY_2, FUTURE, DROPPED], ROUNDS / 20);
}
