//! The mutations of the protocol of a map.

use super::Mutation;

/// Of each pair of stores whose order matters to a successor, a mutation exchanges the two. A model of a death finds
/// it.
///
/// Not here:
/// - The Acquire of a head, and the Release of a head that a new key gets. The fence before the second look and the one
///   before an entry is filled make up for either: a reader that came by the head sees that the entry was free.
/// - The Release of a link that skips an entry, and of the head that remains. They lead to entries that are older than
///   the one that the reader came from.
/// - The Release of the intent, the free list, the high water, a free entry, the floor, `len` and the changes. It only
///   keeps the compiler from exchanging stores: see `MAP_CRASHES`.
/// - The Acquire of a look under the lock of an entry, which the lock has ordered already.
/// - The first look for a free state. The second look finds it, or another generation.
/// - The bounds of loops, and links to nowhere, which only hostile words reach.
pub(crate) const MAP: &[Mutation] = mutations! {
    protocol the_acquire_of_a_first_look fails an_entry_is_used_again:
        "let before = entries.state(entry).load(Acquire)" => "let before = entries.state(entry).load(Relaxed)";
    protocol the_fence_before_a_second_look fails an_entry_is_used_again:
        "fence(Acquire);\n        let now" => "let now";
    protocol the_second_look_of_a_search fails an_entry_is_used_again: "!is_same_key(before, now)" => "now == u32::MAX";
    protocol the_bucket_of_an_entry fails an_entry_is_used_again: " || !is_of_bucket {" => " {";
    protocol the_search_for_live_keys fails a_found_key_stays: "is_here && kind(before) == LIVE" => "is_here";
    protocol the_fence_before_a_last_look fails a_list_has_the_keys_that_stay:
        "    fence(Acquire);\n    is_same_key(" => "    is_same_key(";
    protocol the_last_look fails a_value_is_whole:
        "is_same_key(before, entries.state(entry).load(Relaxed))" => "kind(entries.state(entry).load(Relaxed)) <= LIVE";
    protocol the_look_of_a_writer fails a_handle_outlives_its_key:
        "state.load(Acquire) == before" => "state.load(Acquire) != u32::MAX";
    protocol the_fence_of_an_insertion fails two_processes_use_an_entry: "fence(Release);\n        fill(" => "fill(";
    protocol the_release_of_a_linked_entry fails an_entry_is_used_again:
        "state.store(linked, Release)" => "state.store(linked, Relaxed)";
    protocol the_release_of_a_live_entry fails an_entry_is_used_again:
        "state::with_kind(linked, LIVE), Release" => "state::with_kind(linked, LIVE), Relaxed";
    protocol the_release_of_a_removal fails an_entry_is_used_twice:
        "LINKED), Release);\n        entries.reached(Reached::KeyRemoved)"
        => "LINKED), Relaxed);\n        entries.reached(Reached::KeyRemoved)";
    protocol the_fence_of_a_free_entry fails an_entry_is_used_again:
        "fence(Release);\n        entries.next(entry)" => "entries.next(entry)";
    protocol the_free_state fails an_entry_is_used_again:
        "state.store(state::with_kind(state.load(Relaxed), FREE), Release);" => "";
    protocol the_chain_before_the_live_entry fails a_found_key_stays:
        "head.store(Head { first: link, ..before.with(hash) }.word(), Release);
        entries.reached(Reached::EntryChained);
        state.store(state::with_kind(linked, LIVE), Release);"
        => "state.store(state::with_kind(linked, LIVE), Release);
        entries.reached(Reached::EntryChained);
        head.store(Head { first: link, ..before.with(hash) }.word(), Release);";
    protocol the_linked_entry_before_the_chain fails a_writer_dies:
        "state.store(linked, Release);
        entries.reached(Reached::EntryLinked);
        head.store(Head { first: link, ..before.with(hash) }.word(), Release);"
        => "head.store(Head { first: link, ..before.with(hash) }.word(), Release);
        entries.reached(Reached::EntryLinked);
        state.store(linked, Release);";
    protocol the_removal_before_the_chain fails a_remover_leaves_two_locks:
        "state.store(state::with_kind(state.load(Relaxed), LINKED), Release);
        entries.reached(Reached::KeyRemoved);
        self.unlink(entries, entry, link);"
        => "self.unlink(entries, entry, link);
        entries.reached(Reached::KeyRemoved);
        state.store(state::with_kind(state.load(Relaxed), LINKED), Release);";
    protocol the_chain_before_the_free_entry fails an_entry_is_used_again:
        "self.unlink(entries, entry, link);\n        self.list(entries, entry, link);"
        => "self.list(entries, entry, link);\n        self.unlink(entries, entry, link);";
    protocol the_filter_of_the_others fails an_entry_is_used_again:
        "..before.with(hash) }" => "..Head::of(0).with(hash) }";
    protocol the_filter_of_a_new_key fails an_entry_is_used_again: "..before.with(hash) }" => "..before }";
    protocol the_filter_of_what_remains fails an_entry_is_used_again:
        "after = after.with(entries.hash(other).load(Relaxed));" => "";
    protocol the_filter_until_the_end fails an_entry_is_used_again:
        "let mut here = after.first;" => "head.store(after.word(), Release);\n        let mut here = after.first;";
    protocol the_filter_of_what_goes fails an_entry_between_others_is_used_again:
        "let mut after = Head { first: if first == link { next } else { first }, filter: 0 };"
        => "let mut after = Head { first: if first == link { next } else { first }, ..Head::of(head.load(Relaxed)) };";
    protocol the_entry_between_others fails an_entry_between_others_is_used_again:
        "from.store(next, Release);" => "";
    protocol the_floor fails versions_grow: "self.floor.load(Relaxed).max(version)" => "self.floor.load(Relaxed)";
    protocol the_version_above_the_floor fails versions_grow:
        "fill(entry, self.floor.load(Relaxed))" => "fill(entry, 0)";
    protocol the_linked_entry_of_the_dead fails a_writer_dies:
        "if kind(state) == LINKED {" => "if kind(state) == FREE {";
    protocol the_entry_that_is_listed_already fails a_writer_dies: "self.free.load(Relaxed) != link && " => "";
    protocol the_entry_above_the_high_water fails a_writer_dies:
        " && link <= self.high_water.load(Relaxed)" => "";
    protocol the_entry_of_the_dead fails a_writer_dies:
        "if kind(state) != LIVE && self" => "if kind(state) == LINKED && self";
    protocol the_count_before_the_dead fails a_writer_dies:
        "intent.len_now(state)" => "Intent { len: self.len.load(Relaxed), ..intent }.len_now(state)";
    state the_count_of_what_was_taken_back fails a_writer_dies: "_ => self.len," => "_ => self.len.wrapping_add(1),";
    protocol the_acquire_of_a_count fails a_count_counts_what_was_found:
        "self.intent.load(Acquire)" => "self.intent.load(Relaxed)";
    protocol the_intent_of_a_count fails a_count_counts_what_was_found:
        "entries.follow(intent.link) {\n            Some" => "entries.follow(0) {\n            Some";
    protocol the_intent_of_an_insertion fails a_writer_dies:
        "self.intent.store(Intent { operation: Operation::Insert, link, len }.word(), Release);" => "";
    protocol the_intent_of_a_removal fails a_writer_dies:
        "self.intent.store(Intent { operation: Operation::Remove, link, len }.word(), Release);" => "";
    protocol the_end_of_an_intent fails a_writer_dies:
        "entries.reached(Reached::Counted);\n        self.intent.store(0, Release);"
        => "entries.reached(Reached::Counted);";
    protocol the_count_before_the_end fails a_writer_dies:
        "self.len.store(len, Release);
        self.changes.store(self.changes.load(Relaxed).wrapping_add(1), Release);
        entries.reached(Reached::Counted);
        self.intent.store(0, Release);"
        => "self.intent.store(0, Release);
        entries.reached(Reached::Counted);
        self.len.store(len, Release);
        self.changes.store(self.changes.load(Relaxed).wrapping_add(1), Release);";
    protocol the_news_of_keys fails changes_are_waited_for:
        "self.changes.store(self.changes.load(Relaxed).wrapping_add(1), Release);" => "";
    state the_next_generation fails a_value_is_whole:
        "with_kind(state.wrapping_add(KIND + 1), kind)" => "with_kind(state, kind)";
    state the_free_state_of_a_look fails an_entry_is_used_again: "== 0 && kind(now) != FREE" => "== 0";
    version_waiters the_flag_of_a_waiter fails a_removal_is_waited_for: "fetch_or(VERSION_WAITERS" => "fetch_or(0";
};

/// Not here:
/// - The Release of an intent, before which its operation stores nothing.
/// - The Release of the floor and of a linked entry. Another Release store follows before a process relies on them.
/// - The Release of `len` and of the changes. They come after a fence, and the next process stores them again.
pub(crate) const MAP_CRASHES: &[Mutation] = mutations! {
    protocol the_release_of_the_high_water fails insertions_are_cut_short:
        "self.high_water.store(link, Release)" => "self.high_water.store(link, Relaxed)";
    protocol the_release_of_a_taken_entry fails insertions_are_cut_short:
        "self.free.store(next.load(Relaxed), Release)" => "self.free.store(next.load(Relaxed), Relaxed)";
    protocol the_fence_of_an_insertion fails insertions_are_cut_short: "fence(Release);\n        fill(" => "fill(";
    protocol the_release_of_a_head fails insertions_are_cut_short:
        "before.with(hash) }.word(), Release)" => "before.with(hash) }.word(), Relaxed)";
    protocol the_release_of_a_live_entry fails insertions_are_cut_short:
        "state::with_kind(linked, LIVE), Release" => "state::with_kind(linked, LIVE), Relaxed";
    protocol the_release_of_a_removal fails removals_are_cut_short:
        "LINKED), Release);\n        entries.reached(Reached::KeyRemoved)"
        => "LINKED), Relaxed);\n        entries.reached(Reached::KeyRemoved)";
    protocol the_release_of_a_link fails removals_are_cut_short:
        "from.store(next, Release)" => "from.store(next, Relaxed)";
    protocol the_release_of_a_shorter_chain fails removals_are_cut_short:
        "head.store(after.word(), Release)" => "head.store(after.word(), Relaxed)";
    protocol the_release_of_a_free_entry fails removals_are_cut_short:
        "state.load(Relaxed), FREE), Release)" => "state.load(Relaxed), FREE), Relaxed)";
    protocol the_fence_of_a_free_entry fails removals_are_cut_short:
        "fence(Release);\n        entries.next(entry)" => "entries.next(entry)";
    protocol the_release_of_a_listed_entry fails removals_are_cut_short:
        "self.free.store(link, Release)" => "self.free.store(link, Relaxed)";
    protocol the_release_of_the_end fails removals_are_cut_short:
        "entries.reached(Reached::Counted);\n        self.intent.store(0, Release)"
        => "entries.reached(Reached::Counted);\n        self.intent.store(0, Relaxed)";
    protocol the_linked_entry_of_the_dead fails recoveries_are_cut_short:
        "if kind(state) == LINKED {" => "if kind(state) == FREE {";
    protocol the_entry_that_is_listed_already fails recoveries_are_cut_short:
        "self.free.load(Relaxed) != link && " => "";
    protocol the_count_before_the_dead fails recoveries_are_cut_short:
        "intent.len_now(state)" => "Intent { len: self.len.load(Relaxed), ..intent }.len_now(state)";
};
