//! The mutations of the runtime's protocols, each of which a loom model must notice.

/// One line of the protocol, weakened.
pub(crate) struct Mutation {
    /// What it leaves out, as the end of a test's name.
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    /// What stands there: exactly once.
    pub(crate) pattern: &'static str,
    /// What is put in its place.
    pub(crate) replacement: &'static str,
    pub(crate) model: &'static str,
}

macro_rules! mutations {
    ($($source:ident $name:ident fails $model:ident: $pattern:literal => $replacement:literal;)*) => {
        &[$(Mutation {
            name: stringify!($name),
            source: stringify!($source),
            pattern: $pattern,
            replacement: $replacement,
            model: stringify!($model),
        }),*]
    };
}

mod frames;
mod hub;
mod map;

pub(crate) use frames::{FRAMES, FRAMES_CRASHES, FRAMES_DEATHS};
pub(crate) use hub::HUB;
pub(crate) use map::{MAP, MAP_CRASHES};

/// Not here: the Acquire of the two loads of the sequence number under the lock, which the lock has ordered already.
/// And the models go round the writer's load: loom remembers one last access of a word, so a load by the writer just
/// before its store hides the reader's load from it, and with that most of the orders there are.
pub(crate) const VERSIONED: &[Mutation] = mutations! {
    seqlock the_readers_first_fence fails one_writer_reuses_slots: "fence(Acquire);\n    copy(" => "copy(";
    seqlock the_readers_second_fence fails one_writer_reuses_slots: "fence(Acquire);\n    let after" => "let after";
    seqlock the_writers_fence fails one_writer_reuses_slots: "    fence(Release);\n" => "";
    seqlock the_odd_release fails two_writers_take_turns: "wrapping_add(1), Release" => "wrapping_add(1), Relaxed";
    seqlock the_even_release fails one_writer_reuses_slots: "wrapping_add(2), Release" => "wrapping_add(2), Relaxed";
    seqlock one_step_of_the_limit fails one_writer_reuses_slots: "<= 2" => "<= 3";
    seqlock the_rounding_of_an_odd_start fails one_writer_reuses_slots: "before & !1" => "before";
    seqlock the_change_of_slots fails one_writer_reuses_slots: "valid_slot(sequence) ^ 1" => "valid_slot(sequence)";
    seqlock the_rounding_of_a_take_over fails a_writer_dies_and_another_takes_over: "now & !1" => "now";
    lock_word the_acquire_of_a_later_transaction fails a_lease_dies_and_two_transactions_follow:
        "(now, taken, AcqRel, Relaxed) {\n            Ok(_) => return Attempt::Taken"
        => "(now, taken, Relaxed, Relaxed) {\n            Ok(_) => return Attempt::Taken";
    lock_word the_release_of_a_transaction fails a_lease_dies_and_two_transactions_follow:
        "(now, now & (HAND_OFF | kept), AcqRel, Relaxed)"
        => "(now, now & (HAND_OFF | kept), Relaxed, Relaxed)";
    lock_word the_acquire_of_the_lock fails two_writers_take_turns:
        "(0, token, AcqRel, Relaxed)" => "(0, token, Relaxed, Relaxed)";
    lock_word the_release_of_the_lock fails two_writers_take_turns:
        "(token, 0, AcqRel, Relaxed)" => "(token, 0, Relaxed, Relaxed)";
};

/// Not here: that newcomers stand back, which is fairness and no model's matter; the orderings of a take-over, which
/// the kernel's word of the death has ordered already.
pub(crate) const WAITING: &[Mutation] = mutations! {
    lock_word the_announcement_of_a_sleeper fails two_take_turns: "now | flags;" => "now;";
    lock_word the_acquire_of_a_slow_lock fails two_take_turns:
        "(now, taken, AcqRel, Relaxed) {\n            Ok(_) => return Attempt::Taken"
        => "(now, taken, Relaxed, Relaxed) {\n            Ok(_) => return Attempt::Taken";
    lock_word the_release_of_a_slow_lock fails two_take_turns:
        "(now, now & (HAND_OFF | kept), AcqRel, Relaxed)"
        => "(now, now & (HAND_OFF | kept), Relaxed, Relaxed)";
    lock_word the_flag_of_a_release_without_a_store fails a_release_brings_no_news: "(HAND_OFF | kept)" => "HAND_OFF";
    lock_word those_who_may_still_sleep fails two_sleep_for_one:
        "now & !HAND_OFF | WAITERS | token" => "now & !HAND_OFF | token";
    lock_word the_sleepers_of_the_dead fails an_owner_dies_and_two_want_its_lock:
        "now & TOKEN == dead {" => "now & TOKEN != 0 {";
    version_waiters the_acquire_of_a_waiter fails stores_are_waited_for:
        "fetch_or(VERSION_WAITERS, AcqRel);\n    fence(SeqCst);" => "fetch_or(VERSION_WAITERS, Relaxed);";
    version_waiters the_flag_of_a_waiter fails stores_are_waited_for: "fetch_or(VERSION_WAITERS" => "fetch_or(0";
    version_waiters the_fence_of_a_waiter fails leased_stores_are_waited_for:
        "AcqRel);\n    fence(SeqCst);\n" => "AcqRel);\n";
    version_waiters the_fence_of_a_lease fails leased_stores_are_waited_for:
        "        fence(SeqCst);\n    } else" => "    } else";
    version_waiters the_bell_of_a_store fails stores_are_waited_for: "bell.fetch_add(1, AcqRel);" => "";
    version_waiters the_bell_of_a_lease fails leased_stores_are_waited_for: "        ring(bell);\n" => "";
    version_waiters the_bell_before_the_flag fails stores_are_waited_for:
        "let bell = bell.load(Relaxed);\n    let before = lock.fetch_or(VERSION_WAITERS, AcqRel);"
        => "let before = lock.fetch_or(VERSION_WAITERS, AcqRel);\n    let bell = bell.load(Relaxed);";
    event_word the_flag_of_an_event fails all_are_notified:
        "(now, now | WAITING, AcqRel, Acquire)" => "(now, now, AcqRel, Acquire)";
    event_word the_release_of_an_event fails all_are_notified:
        "(now, next, AcqRel, Relaxed)" => "(now, next, Relaxed, Relaxed)";
    event_word the_acquire_of_an_event fails all_are_notified: "word.load(Acquire)" => "word.load(Relaxed)";
    event_word the_second_wake_of_an_event fails one_is_notified_twice:
        "notified & !WAITING, AcqRel, Relaxed).is_ok()" => "notified & !WAITING, AcqRel, Relaxed).is_err()";
    event_word the_count_of_an_event fails all_are_notified: "if count(now) > seen" => "if count(now) > seen + 1";
    event_word the_wake_of_a_raise fails a_raise_is_waited_for: "(raised, now & WAITING != 0)" => "(raised, false)";
    event_word the_release_of_a_raise fails a_raise_is_waited_for:
        "(now, raised, AcqRel, Relaxed)" => "(now, raised, Relaxed, Relaxed)";
    event_word the_comparison_of_a_raise fails a_raise_lowers_no_count: "if now >= raised" => "if now == raised";
};

/// Not here: the orderings of the claim's own compare-exchange, which the fences and the two looks make up for; they
/// stay because nobody should have to know that.
pub(crate) const PARTICIPANTS: &[Mutation] = mutations! {
    slot the_fence_of_a_claim fails what_is_seen_belongs_together: "        fence(Release);\n" => "";
    slot the_fence_of_a_look fails what_is_seen_belongs_together: "fence(Acquire);\n        (self" => "(self";
    slot the_second_load_of_a_look fails what_is_seen_belongs_together:
        "(self.word.load(Relaxed) == word)" => "(word != 0)";
    slot the_acquire_of_a_look fails what_is_seen_belongs_together: "fence(Acquire);\n        word\n" => "word\n";
    slot the_release_of_ready fails what_is_seen_belongs_together:
        "(claim.pack(), ready.pack(), AcqRel, Relaxed)" => "(claim.pack(), ready.pack(), Relaxed, Relaxed)";
    slot what_is_not_filled_yet fails what_is_seen_belongs_together:
        "(found.state != SlotState::Claimed).then(|| self.details())" => "Some(self.details())";
    slot the_comparison_of_a_claim fails one_of_two_gets_a_slot:
        "self.word.compare_exchange(found, claim.pack(), AcqRel, Relaxed).is_ok()"
        => "self.word.swap(claim.pack(), AcqRel) != u64::MAX - found";
    slot the_word_that_was_judged fails one_of_two_gets_the_slot_of_the_dead:
        "self.take(snapshot.word.pack(), claim)" => "self.take(self.word.load(Relaxed), claim)";
    slot the_comparison_of_a_fill fails a_slot_that_was_taken_is_not_filled:
        "self.word.compare_exchange(claim.pack(), ready.pack(), AcqRel, Relaxed).is_ok()"
        => "{ self.word.store(ready.pack(), Release); true }";
    slot the_fence_between_claim_and_look fails one_of_two_twins_sees_the_other: "    fence(SeqCst);\n" => "";
    slot the_slots_that_count_after_the_claim fails one_of_two_twins_sees_the_other:
        "    fence(SeqCst);\n    let others = used.of(slots)"
        => "    let before = used.of(slots);\n    fence(SeqCst);\n    let others = before";
    slot the_counting_of_a_slot fails a_token_in_a_lock_word_is_in_a_slot_that_counts:
        "self.0.fetch_max(*count, AcqRel);" => "";
};

/// Not here: the order of taking the note back, which tells nothing else.
pub(crate) const HEADER: &[Mutation] = mutations! {
    words the_fence_of_an_attacher fails a_mover_meets_an_attacher: "        fence(SeqCst);\n        self.has" => "        self.has";
    words the_fence_of_a_mover fails a_mover_meets_an_attacher: "Relaxed);\n        fence(SeqCst);\n" => "Relaxed);\n";
    words the_flag_that_an_attacher_looks_for fails a_mover_meets_an_attacher: "self.has(MOVING)" => "self.has(JOURNAL)";
    words the_flags_beside_the_note fails a_mover_gives_up: "self.0.fetch_and(!MOVING, Relaxed)" => "self.0.store(0, Relaxed)";
    words the_release_of_a_record fails a_record_is_published: "len as u64, Release)" => "len as u64, Relaxed)";
    words the_acquire_of_a_record fails a_record_is_published: "        fence(Acquire);\n" => "";
};

/// Of each pair of stores whose order matters to a successor, a mutation exchanges the two. A model of a death finds
/// it.
///
/// Not here: the Release of `tail`, `head` and `scanned`, which only keeps the compiler from exchanging stores (see
/// `QUEUE_CRASHES`); the Acquire of a finish, of a return and of their counts, as each process has loaded the slot
/// before; `fetch_max` of `head`, which may go back at no harm; the bounds of loops, which only hostile words reach;
/// conditions that only save a search or a count.
pub(crate) const QUEUE: &[Mutation] = mutations! {
    protocol the_acquire_of_a_free_slot fails items_pass:
        "if slots.word(place.index).load(Acquire)" => "if slots.word(place.index).load(Relaxed)";
    protocol the_fence_before_a_copy fails a_look_is_whole: "fence(Release);\n    fill(" => "fill(";
    protocol the_release_of_a_full_slot fails items_pass:
        "store(full(place.lap), Release)" => "store(full(place.lap), Relaxed)";
    protocol the_full_slot_before_the_tail fails a_producer_dies:
        "word.store(full(place.lap), Release);
    slots.reached(Reached::Pushed);
    *place = place.next(slots.capacity());
    tail.store(place.position, Release);"
        => "tail.store(place.next(slots.capacity()).position, Release);
    slots.reached(Reached::Pushed);
    word.store(full(place.lap), Release);
    *place = place.next(slots.capacity());";
    protocol the_step_over_a_published_item fails a_producer_dies:
        "lap(word) == place.lap || word == free" => "word == free";
    protocol the_step_over_a_taken_item fails a_producer_dies:
        "lap(word) == place.lap || word == free" => "word == full(place.lap) || word == free";
    protocol the_step_over_a_finished_item fails a_producer_dies:
        "lap(word) == place.lap || word == free(next_lap(place.lap))" => "lap(word) == place.lap";
    protocol the_room_behind_the_dead fails a_producer_dies: "!= Room::None" => "== Room::Free";
    delivery the_acquire_of_a_full_slot fails items_pass:
        "load(Acquire) == full(place.lap)" => "load(Relaxed) == full(place.lap)";
    delivery the_release_of_a_popped_slot fails items_pass:
        "free(next_lap(place.lap)), Release" => "free(next_lap(place.lap)), Relaxed";
    delivery the_popped_slot_before_the_cursor fails a_consumer_dies_in_a_pop:
        "self.finish(slots, *place);
            self.step(slots, place);"
        => "let popped = *place;
            self.step(slots, place);
            slots.reached(Reached::Popped);
            self.finish(slots, popped);";
    delivery the_step_over_a_popped_item fails a_consumer_dies_in_a_pop:
        "next_lap(place.lap) {\n        Item::Step" => "next_lap(place.lap) {\n        Item::None";
    delivery the_step_over_an_item_of_the_dead fails a_consumer_dies_in_a_take:
        "is_taken(word) {\n            Item::Step" => "is_taken(word) {\n            Item::None";
    delivery the_release_of_a_taken_slot fails a_reap_meets_a_take:
        "store(taken.word, Release)" => "store(taken.word, Relaxed)";
    delivery the_taken_slot_before_the_cursor fails a_consumer_dies_in_a_take:
        "taken_by(full(place.lap), token) };
            self.mark(slots, taken);
            self.step(slots, place);"
        => "taken_by(full(place.lap), token) };
            self.step(slots, place);
            slots.reached(Reached::Taken);
            self.mark(slots, taken);";
    delivery the_place_of_a_returned_item fails a_job_is_given_back: "if !is_below_cursor {" => "{";
    delivery the_acquire_of_the_count fails a_return_meets_a_search:
        "self.returned.load(Acquire)" => "self.returned.load(Relaxed)";
    delivery the_counter_that_no_search_clears fails a_return_meets_a_search:
        "self.scanned.store(counted, Release)" => "self.scanned.store(self.returned.load(Relaxed), Release)";
    delivery the_items_after_a_returned_one fails a_job_is_given_back:
        "if found.is_none() {" => "if counted != u32::MAX {";
    delivery the_state_of_a_returned_item fails a_job_is_given_back:
        "if is_full(word) {\n                found" => "if is_full(word) || is_taken(word) {\n                found";
    delivery the_judgement_of_a_reap fails a_reap_meets_a_take:
        "is_taken(word) && is_dead(token(word))" => "is_taken(word) && !is_dead(token(word))";
    delivery the_head_of_a_search fails a_return_meets_a_search:
        "first = first.min(place.position);\n            if is_full(word) {" => "if is_full(word) {";
    delivery the_head_of_a_reap fails a_reap_meets_a_finished_slot:
        "first = first.min(place.position);\n            if is_taken(word) &&" => "if is_taken(word) &&";
    delivery the_acquire_of_the_cursor fails a_reap_meets_a_finished_slot:
        "self.cursor.load(Acquire)" => "self.cursor.load(Relaxed)";
    delivery the_release_of_the_cursor fails a_reap_meets_a_finished_slot:
        "self.cursor.store(place.position, Release)" => "self.cursor.store(place.position, Relaxed)";
    delivery the_lap_of_an_unfinished_item fails a_reap_meets_a_finished_slot:
        "if lap(word) == here.lap {" => "if word != free(next_lap(here.lap)) {";
    delivery the_fence_of_a_search fails a_job_is_given_back:
        "fence(Acquire);\n                    return Some" => "return Some";
    delivery the_fence_of_a_reap fails a_reap_meets_a_take:
        "fence(Acquire);\n                    return Some" => "return Some";
    delivery the_release_of_a_returned_slot fails a_job_is_given_back:
        "returned(taken.word), AcqRel, Relaxed" => "returned(taken.word), Acquire, Relaxed";
    delivery the_comparison_of_a_return fails a_job_is_done_or_reaped:
        "word.compare_exchange(taken.word, returned(taken.word), AcqRel, Relaxed).is_ok()"
        => "{ word.store(returned(taken.word), Release); true }";
    delivery the_count_of_a_return fails a_return_meets_a_search:
        "slots.reached(Reached::Returned);\n            self.returned.fetch_add(1, AcqRel);"
        => "slots.reached(Reached::Returned);";
    delivery the_release_of_a_return fails a_return_meets_a_search:
        "slots.reached(Reached::Returned);\n            self.returned.fetch_add(1, AcqRel);"
        => "slots.reached(Reached::Returned);\n            self.returned.fetch_add(1, Acquire);";
    delivery the_return_before_its_count fails a_return_meets_a_search:
        "let is_back = word.compare_exchange(taken.word, returned(taken.word), AcqRel, Relaxed).is_ok();
        if is_back {
            slots.reached(Reached::Returned);
            self.returned.fetch_add(1, AcqRel);
        }"
        => "self.returned.fetch_add(1, AcqRel);
        let is_back = word.compare_exchange(taken.word, returned(taken.word), AcqRel, Relaxed).is_ok();
        if is_back {
            slots.reached(Reached::Returned);
        }";
    delivery the_return_that_was_not_counted fails a_return_is_cut_short:
        "self.returned.fetch_add(1, AcqRel);\n                has_reaped = true;" => "";
    delivery the_release_of_a_count_for_the_dead fails a_return_is_cut_short:
        "self.returned.fetch_add(1, AcqRel);\n                has_reaped = true;"
        => "self.returned.fetch_add(1, Acquire);\n                has_reaped = true;";
    delivery the_release_of_a_finished_slot fails a_job_is_done:
        "finished, AcqRel, Relaxed" => "finished, Acquire, Relaxed";
    delivery the_comparison_of_a_finish fails a_job_is_done_or_reaped:
        "slots.word(taken.index).compare_exchange(taken.word, finished, AcqRel, Relaxed).is_ok()"
        => "{ slots.word(taken.index).store(finished, Release); true }";
    delivery the_items_behind_the_dead fails a_consumer_dies_in_a_take: "!= Item::None" => "== Item::Full";
    delivery the_returned_items_of_a_waiter fails returned_jobs_are_waited_for:
        " || self.has_returned()" => "";
    delivery the_first_fence_of_a_look fails a_look_is_whole: "fence(Acquire);\n    copy(" => "copy(";
    delivery the_second_fence_of_a_look fails a_look_is_whole:
        "fence(Acquire);\n    word.load(Relaxed) == before" => "word.load(Relaxed) == before";
    delivery the_second_load_of_a_look fails a_look_is_whole: "word.load(Relaxed) == before" => "true";
    delivery the_lap_of_a_look fails a_look_is_whole: "lap(before) != place.lap || " => "";
    delivery the_state_of_a_look fails a_look_is_whole: " || !is_full(before)" => "";
    word the_delivery_that_is_counted fails two_reap: "full + DELIVERY" => "full";
    version_waiters the_barrier_without_the_lock fails finished_jobs_are_waited_for: "    fence_after_rmw();\n" => "";
    version_waiters the_barrier_of_a_waiter fails finished_jobs_are_waited_for:
        "AcqRel);\n    fence(SeqCst);\n" => "AcqRel);\n";
    version_waiters the_bell_without_the_lock fails returned_jobs_are_waited_for: "        ring(bell);\n" => "";
    lock_word the_flag_of_a_release_without_news fails a_push_without_room_wakes_nobody:
        "(HAND_OFF | kept)" => "HAND_OFF";
};

/// Not here: the Acquire of a sender's look at a slot, which the lock has ordered already; the first fence of a count,
/// without which a count may be less, and is a lower bound still; the bell and the flag of waiters, which are in
/// `WAITING`; the least move after a lag, which only hostile words need, and the steps over further skipped items,
/// which only save a call; the tail of a skip, which is found without it.
pub(crate) const BROADCAST: &[Mutation] = mutations! {
    protocol the_step_of_a_sender fails a_sender_dies:
        ".load(Acquire), place.there()) {\n            break" => ".load(Acquire), place.there()) || capacity > 0 {\n            break";
    protocol the_step_of_a_subscription fails a_subscriber_comes_later:
        ".load(Relaxed), place.there()) {\n            break" => ".load(Relaxed), place.there()) || capacity > 0 {\n            break";
    protocol the_release_of_the_odd_number fails the_newest_item_is_whole:
        "wrapping_sub(1), Release" => "wrapping_sub(1), Relaxed";
    protocol the_fence_of_a_sender fails a_sender_reuses_slots: "    fence(Release);\n" => "";
    protocol the_odd_number fails a_sender_reuses_slots: "sequence.store(sent.there().wrapping_sub(1), Release);" => "";
    protocol the_release_of_an_item fails a_sender_dies:
        "sequence.store(sent.there(), Release)" => "sequence.store(sent.there(), Relaxed)";
    protocol the_release_of_the_tail fails a_count_is_news:
        "tail.store(place.position, Release);\n    sent.position"
        => "tail.store(place.position, Relaxed);\n    sent.position";
    protocol the_item_before_the_tail fails a_sender_dies:
        "sequence.store(sent.there(), Release);
    slots.reached(Reached::Sent);
    *place = sent.next(capacity);
    tail.store(place.position, Release);"
        => "*place = sent.next(capacity);
    tail.store(place.position, Release);
    slots.reached(Reached::Sent);
    sequence.store(sent.there(), Release);";
    protocol the_item_that_was_overwritten fails sends_are_waited_for: "as i64 >= 0" => "as i64 == 0";
    protocol the_fence_of_a_count fails a_count_is_news: "    fence(Acquire);\n    place\n" => "    place\n";
    protocol the_first_fence_of_a_subscriber fails a_sender_dies:
        "fence(Acquire);\n        copy(" => "copy(";
    protocol the_second_fence_of_a_subscriber fails a_sender_reuses_slots:
        "fence(Acquire);\n        if sequence" => "if sequence";
    protocol the_second_load_of_a_subscriber fails a_sender_reuses_slots:
        "if sequence.load(Relaxed) == before" => "if true";
    protocol the_number_of_an_item fails a_sender_reuses_slots:
        "if before == place.there()" => "if is_there(before, place.there())";
    protocol the_item_that_is_not_there fails a_sender_dies:
        "} else if !is_there(before, place.there()) {" => "} else if false {";
    protocol the_distance_from_the_oldest fails a_slow_subscriber_catches_up:
        ".saturating_add(margin(capacity))" => "";
    protocol the_two_items_of_a_small_margin fails a_slow_subscriber_catches_up:
        "{ capacity / 4 } else { 2 }" => "{ capacity / 4 } else { 1 }";
    protocol the_slots_of_a_skip fails items_are_skipped:
        "next.max(position.saturating_sub(capacity))..position" => "position..position";
    protocol the_next_lap_of_a_skipped_item fails items_are_skipped: "skipped.wrapping_add(capacity)" => "skipped";
    protocol the_slots_before_the_skip fails a_skip_is_waited_for:
        "next.max(position.saturating_sub(capacity))" => "position.saturating_sub(1)";
};

/// Not here: the Release of `scanned` and of a taken slot. Without it, reaping finds an item that nobody counts.
pub(crate) const QUEUE_CRASHES: &[Mutation] = mutations! {
    protocol the_release_of_a_full_slot fails pushes_are_cut_short:
        "store(full(place.lap), Release)" => "store(full(place.lap), Relaxed)";
    protocol the_release_of_the_tail fails pushes_are_cut_short:
        "tail.store(place.position, Release);\n    true" => "tail.store(place.position, Relaxed);\n    true";
    delivery the_release_of_a_popped_slot fails pops_are_cut_short:
        "free(next_lap(place.lap)), Release" => "free(next_lap(place.lap)), Relaxed";
    delivery the_release_of_the_cursor fails pops_are_cut_short:
        "self.cursor.store(place.position, Release)" => "self.cursor.store(place.position, Relaxed)";
    delivery the_release_of_the_head fails searches_are_cut_short:
        "self.head.fetch_max(first, Release)" => "self.head.fetch_max(first, Relaxed)";
};

/// Not here: the Release of a tail that a sender has stepped over, before which it stores nothing; the Release of a
/// slot that is skipped, as their order is free; the steps over further skipped items, which only save a call.
pub(crate) const BROADCAST_CRASHES: &[Mutation] = mutations! {
    protocol the_release_of_the_odd_number fails sends_are_cut_short:
        "wrapping_sub(1), Release" => "wrapping_sub(1), Relaxed";
    protocol the_fence_of_a_sender fails sends_are_cut_short: "    fence(Release);\n" => "";
    protocol the_release_of_an_item fails sends_are_cut_short:
        "sequence.store(sent.there(), Release)" => "sequence.store(sent.there(), Relaxed)";
    protocol the_release_of_the_tail fails sends_are_cut_short:
        "tail.store(place.position, Release);\n    sent.position"
        => "tail.store(place.position, Relaxed);\n    sent.position";
    protocol the_release_of_a_skip fails skips_are_cut_short:
        "tail.store(position, Release)" => "tail.store(position, Relaxed)";
    protocol the_least_item_after_a_cut fails skips_are_cut_short:
        "next_in_slot(word, capacity)).min()" => "next_in_slot(word, capacity)).max()";
};
