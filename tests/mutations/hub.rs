//! The mutations of the table of the hub.

use super::Mutation;

/// Not here:
/// - The value that a newcomer expects of a word, and that of a second announcement. An older value ends the next sleep
///   at once.
/// - The value that is expected after the last task. Without it the thread goes round some times in vain.
/// - The note that the thread was kicked already, which saves kicks.
/// - The kick for the first wait of all, after which there are slices. The models have none.
/// - Counts, noisy and hot words, and sleepers. The tests of the table have them.
pub(crate) const HUB: &[Mutation] = mutations! {
    version_waiters the_flag_of_a_task fails versions_are_waited_for: "fetch_or(VERSION_WAITERS" => "fetch_or(0";
    version_waiters the_bell_before_the_flag fails versions_are_waited_for:
        "let bell = bell.load(Relaxed);\n    let before = lock.fetch_or(VERSION_WAITERS, AcqRel);"
        => "let before = lock.fetch_or(VERSION_WAITERS, AcqRel);\n    let bell = bell.load(Relaxed);";
    version_waiters the_fence_of_a_task fails versions_are_waited_for:
        "AcqRel);\n    fence(SeqCst);\n" => "AcqRel);\n";
    version_waiters the_bell_of_a_store fails versions_are_waited_for: "        ring(bell);\n" => "";
    event_word the_flag_of_an_event fails two_tasks_wait_for_one_event:
        "(now, now | WAITING, AcqRel, Acquire)" => "(now, now, AcqRel, Acquire)";
    table the_comparison_of_a_newcomer fails versions_are_waited_for:
        "subject.bell().now() != expected {\n            return" => "expected == u32::MAX {\n            return";
    table the_older_value fails two_tasks_wait_for_one_value:
        "if word.tasks == 1 {" => "if subject.can_announce() {";
    table the_kick_for_a_word fails two_values_are_waited_for: "(has_armed || was_idle || " => "(was_idle || ";
    table the_kick_for_a_look fails two_values_are_waited_for: " || self.has_polled() && !had_polled)" => ")";
    table the_change_before_the_sleep fails versions_are_waited_for:
        "if now != expected {" => "if now != expected && woken.is_some() {";
    table the_end_of_a_notification fails a_notification_is_passed_on:
        "if now != expected {" => "if now != expected || woken == Some(bell.address()) {";
    table the_second_announcement fails a_bell_rings_without_news:
        "let announced = subject.announce();" => "let announced = Some(subject.bell().now());";
    table the_look_after_the_second_announcement fails a_bell_rings_without_news:
        "has_woken |= self.wake_where(word, holds, wakes);" => "";
    table the_words_that_are_unmapped fails a_value_is_unmapped:
        "self.words.in_range(range).into_iter().for_each(|word| self.words.remove(word));" => "";
    table the_waits_that_are_unmapped fails a_value_is_unmapped:
        "for key in keys {" => "for key in keys.into_iter().skip(1) {";
    table the_wake_up_of_a_dropped_task fails a_chosen_task_is_dropped:
        "let passes_on = wait.waiter.is_none()" => "let passes_on = wait.waiter.is_some()";
    table the_wake_up_in_vain fails a_dropped_task_is_chosen: "if by_kernel && " => "if !by_kernel && ";
    table the_wake_up_of_a_task_that_looked fails a_chosen_task_finds_the_change:
        "word.was_changed |= !has_armed && word.expected != expected;" => "";
    table the_wake_up_of_an_unmapped_word fails an_unmapped_event_is_chosen:
        "wakes.push(Wake::Word { address, only_one: true });" => "";
    look the_slice fails two_values_are_waited_for:
        "wait.list.is_some() && wait.subject" => "wait.list.is_none() && wait.subject";
};
