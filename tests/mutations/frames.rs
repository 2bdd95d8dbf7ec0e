//! The mutations of the protocol of frames.

use super::Mutation;

/// Not here:
/// - The orderings of the swap that claims a slot, and the Release of the word that is put back. The full fence between
///   them does the same.
/// - The Release of the word of a slot that is published. Readers come by the newest frame, whose Release does the same,
///   unless the writer is killed in between: see `FRAMES_CRASHES`. Loom notices if both are missing.
/// - The Release of a pin that is stored or moved. A read-modify-write hands on what the one before it has released.
/// - The Acquire of a pin that is stored, moved or removed, and of what is reaped. Nothing is read after them that they
///   could order.
pub(crate) const FRAMES: &[Mutation] = mutations! {
    protocol the_fence_of_a_load fails a_number_is_news: "    fence(Acquire);\n    now\n" => "    now\n";
    protocol the_release_of_the_newest_frame fails a_reader_has_no_pin:
        "words.newest().store(FrameAt { number, slot }.word(), Release);"
        => "words.newest().store(FrameAt { number, slot }.word(), Relaxed);";
    protocol the_news_of_a_number fails a_number_is_news:
        "words.newest().store(FrameAt { number, slot }.word(), Release);"
        => "words.newest().store(FrameAt { number, slot }.word(), Relaxed);";
    protocol the_releases_of_a_publication fails a_writer_meets_a_reader:
        "word.store(published(number), Release);
    words.reached(Reached::Word);
    words.newest().store(FrameAt { number, slot }.word(), Release);"
        => "word.store(published(number), Relaxed);
    words.reached(Reached::Word);
    words.newest().store(FrameAt { number, slot }.word(), Relaxed);";
    protocol the_release_of_a_recovery fails a_publisher_dies:
        "FrameAt { number: next, slot }.word(), Release" => "FrameAt { number: next, slot }.word(), Relaxed";
    protocol the_recovery fails a_publisher_dies: "match slot_of(words, next) {" => "match slot_of(words, 0) {";
    protocol the_word_before_the_newest_frame fails a_publisher_dies:
        "word.store(published(number), Release);
    words.reached(Reached::Word);
    words.newest().store(FrameAt { number, slot }.word(), Release);"
        => "words.newest().store(FrameAt { number, slot }.word(), Release);
    words.reached(Reached::Word);
    word.store(published(number), Release);";
    protocol the_fence_of_a_claim fails a_writer_meets_a_reader:
        "fence_after_rmw();\n        if pinned_slots" => "if pinned_slots";
    protocol the_claim_that_readers_without_a_pin_see fails a_reader_has_no_pin:
        "fence_after_rmw();\n        if pinned_slots" => "if pinned_slots";
    pins the_fence_of_a_pin fails a_writer_meets_a_reader:
        "    fence_after_rmw();\n    let is_valid" => "    let is_valid";
    protocol the_second_look_at_the_pins fails a_writer_meets_a_reader:
        "if pinned_slots(words) >> slot & 1 == 0 {" => "if slot < u64::MAX {";
    protocol the_look_at_the_pins_of_a_free_slot fails a_writer_dies:
        "if pinned_slots(words) >> slot & 1 == 0 {" => "if old == FREE || pinned_slots(words) >> slot & 1 == 0 {";
    protocol the_acquire_of_the_pins fails a_writer_meets_a_reader: "    fence(Acquire);\n    pinned\n" => "    pinned\n";
    protocol the_acquire_of_a_line_of_pins fails a_writer_meets_a_line_of_pins:
        "    fence(Acquire);\n    pinned\n" => "    pinned\n";
    protocol the_fence_before_a_line_of_pins fails a_writer_meets_a_line_of_pins:
        "fence_after_rmw();\n        if pinned_slots" => "if pinned_slots";
    protocol the_word_that_is_put_back fails a_writer_backs_off: "word.store(old, Release);" => "word.store(FREE, Release);";
    protocol the_slot_of_the_newest_frame fails a_writer_meets_a_reader:
        "let mut skipped = unusable_slots(words, newest);"
        => "let mut skipped = pinned_slots(words);";
    pins the_check_of_a_pin fails a_writer_meets_a_reader:
        "let is_valid = has_frame(words, pin.frame);" => "let is_valid = true;";
    pins the_number_in_the_check_of_a_pin fails a_writer_meets_a_reader:
        "load(word) == published(frame.number)" => "number(load(word)) != 0";
    pins the_frame_that_is_not_published_yet fails an_older_frame_is_pinned:
        "number != 0 && number <= newest" => "number != 0";
    pins the_pin_without_a_frame fails an_older_frame_is_pinned:
        "    unpin(words, pin);\n    Pinning::NoFrame" => "    Pinning::NoFrame";
    pins the_next_frame_of_a_follower fails a_follower_goes_on: "<= newest).min()" => "<= newest).max()";
    pins the_release_of_an_unpin fails a_writer_meets_a_reader:
        "compare_exchange(pin.word(), 0, AcqRel, Relaxed)" => "compare_exchange(pin.word(), 0, Acquire, Relaxed)";
    pins the_fence_of_a_reader_without_a_pin fails a_reader_has_no_pin:
        "    fence(Acquire);\n    has_frame" => "    has_frame";
    protocol the_release_of_a_loan_that_is_given_back fails a_loan_is_given_back:
        "(writing(token), FREE, AcqRel, Relaxed)" => "(writing(token), FREE, Acquire, Relaxed)";
    protocol the_release_of_a_pin_of_the_dead fails a_reader_dies:
        "pin.compare_exchange(now, 0, AcqRel, Relaxed)" => "pin.compare_exchange(now, 0, Acquire, Relaxed)";
    protocol the_release_of_a_loan_of_the_dead fails a_writer_dies:
        "slot.compare_exchange(now, FREE, AcqRel, Relaxed)" => "slot.compare_exchange(now, FREE, Acquire, Relaxed)";
    protocol the_pin_that_was_judged fails two_reap:
        "pin.compare_exchange(now, 0, AcqRel, Relaxed).is_ok()" => "{ pin.store(0, Release); true }";
    protocol the_loan_that_was_judged fails two_reap:
        "slot.compare_exchange(now, FREE, AcqRel, Relaxed).is_ok()" => "{ slot.store(FREE, Release); true }";
    protocol the_loan_that_backed_off fails loans_that_back_off_are_waited_for:
        "        has_backed_off = true;\n" => "";
    pins the_pin_that_moved fails pins_without_a_frame_are_waited_for:
        "return Pinning::Moved(pin);\n        }\n    }" => "return Pinning::Pinned(pin);\n        }\n    }";
    pins the_pin_that_found_an_older_frame_gone fails pins_without_a_frame_are_waited_for:
        "        has_moved = true;\n" => "";
    event_word the_flag_of_a_writer_that_waits fails dropped_pins_are_waited_for:
        "word.fetch_or(WAITING, AcqRel)" => "word.fetch_or(0, AcqRel)";
    event_word the_fence_of_a_writer_that_waits fails dropped_pins_are_waited_for:
        "    fence_after_rmw();\n    announced" => "    announced";
    event_word the_fence_of_a_dropped_pin fails dropped_pins_are_waited_for:
        "    fence_after_rmw();\n    word.load(Relaxed)" => "    word.load(Relaxed)";
    event_word the_fence_of_a_publication fails publications_are_waited_for:
        "    fence_after_rmw();\n    word.load(Relaxed)" => "    word.load(Relaxed)";
    version_waiters the_flag_of_a_reader_that_waits fails publications_are_waited_for:
        "fetch_or(VERSION_WAITERS" => "fetch_or(0";
};

/// Not here: the Release of a recovery, which nothing follows.
pub(crate) const FRAMES_CRASHES: &[Mutation] = mutations! {
    protocol the_fence_of_a_claim fails publications_are_cut_short:
        "fence_after_rmw();\n        if pinned_slots" => "if pinned_slots";
    protocol the_release_of_a_published_slot fails publications_are_cut_short:
        "word.store(published(number), Release)" => "word.store(published(number), Relaxed)";
    protocol the_release_of_the_newest_frame fails publications_are_cut_short:
        "words.newest().store(FrameAt { number, slot }.word(), Release);"
        => "words.newest().store(FrameAt { number, slot }.word(), Relaxed);";
};

/// Protocols that were tried, and that fail:
/// - Look at the pins before the claim, and not after it.
/// - Pin without a check.
/// - Remove what a dead process has left by a plain store.
/// - Pins without the process that has them, such as reference counts.
/// - Store the newest frame before the word of its slot.
/// - Publish without the lock. That is a model of its own.
/// - Loan the slot of the newest frame when no pin names it.
/// - Complete no publication of a dead process.
///
/// Not here: to take a slot that a dead writer left free without a second look at the pins. The first look finds the
/// pins, if memory is sequentially consistent. Loom shows that it needs the fence.
pub(crate) const FRAMES_DEATHS: &[Mutation] = mutations! {
    protocol a_look_at_the_pins_before_the_claim_only fails a_writer_and_a_reader:
        "if pinned_slots(words) >> slot & 1 == 0 {" => "if slot < u64::MAX {";
    protocol a_line_of_pins_that_is_not_read_once_more fails a_line_of_pins:
        "|pins, pin| pins | pin.load(Relaxed)) != 0 {" => "|pins, pin| pins | pin.load(Relaxed)) == u64::MAX {";
    pins a_pin_without_a_check fails a_writer_and_a_reader:
        "let is_valid = has_frame(words, pin.frame);" => "let is_valid = true;";
    protocol a_reap_of_pins_by_a_plain_store fails two_reapers:
        "pin.compare_exchange(now, 0, AcqRel, Relaxed).is_ok()" => "{ pin.store(0, Release); true }";
    protocol a_reap_of_loans_by_a_plain_store fails two_reapers:
        "slot.compare_exchange(now, FREE, AcqRel, Relaxed).is_ok()" => "{ slot.store(FREE, Release); true }";
    word a_pin_without_its_process fails two_readers:
        "(slot + 1) << PINNED_SHIFT | token as u64" => "(slot + 1) << PINNED_SHIFT | (token == u32::MAX) as u64";
    protocol pins_that_no_process_reaps fails a_writer_and_a_reader:
        "if now != 0 && (word::reader(now) == 0 || is_dead(word::reader(now))) {" => "if now == u64::MAX {";
    protocol loans_that_no_process_reaps fails a_writer_and_a_reader:
        "if is_garbage || writer(now) != 0 && is_dead(writer(now)) {" => "if now == u64::MAX {";
    protocol the_newest_frame_before_its_slot fails a_writer_and_a_reader:
        "word.store(published(number), Release);
    words.reached(Reached::Word);
    words.newest().store(FrameAt { number, slot }.word(), Release);"
        => "words.newest().store(FrameAt { number, slot }.word(), Release);
    words.reached(Reached::Word);
    word.store(published(number), Release);";
    protocol a_loan_of_the_newest_frame fails a_writer_and_a_reader:
        "let mut skipped = unusable_slots(words, newest);"
        => "let mut skipped = pinned_slots(words);";
    protocol a_death_that_is_not_recovered fails two_writers:
        "match slot_of(words, next) {" => "match slot_of(words, 0) {";
    protocol a_slot_that_is_not_put_back fails a_writer_and_a_reader: "word.store(old, Release);" => "";
    pins a_pin_that_stays_without_a_frame fails a_writer_and_a_reader:
        "    unpin(words, pin);\n    Pinning::NoFrame" => "    Pinning::NoFrame";
};
