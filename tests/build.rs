//! Writes the sources of the loom models: the runtime's own protocol files, once as they are and once for each mutation,
//! which weakens one ordering, fence or condition. Loom must pass the first and fail all the others.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Some files of the runtime that are built against loom's atomics, and the models that they are checked with.
struct ModelSet {
    /// The module's name; its models are in `tests/loom/<name>/models.rs`.
    name: &'static str,
    /// Where the files are, below the runtime's `src`.
    folder: &'static str,
    sources: &'static [&'static str],
    mutations: &'static [Mutation],
}

const SETS: [ModelSet; 3] = [
    ModelSet { name: "versioned", folder: "sync", sources: &["seqlock", "lock_word"], mutations: VERSIONED },
    ModelSet {
        name: "waiting",
        folder: "sync",
        sources: &["lock_word", "version_waiters", "event_word"],
        mutations: WAITING,
    },
    ModelSet { name: "participants", folder: "segment/participants", sources: &["slot"], mutations: PARTICIPANTS },
];

/// One line of the protocol, weakened.
struct Mutation {
    /// What it leaves out, as the end of a test's name.
    name: &'static str,
    /// The file, of the set's.
    source: &'static str,
    /// What stands there: exactly once.
    pattern: &'static str,
    /// What is put in its place.
    replacement: &'static str,
    /// The model that must fail.
    model: &'static str,
}

const fn seqlock(
    name: &'static str,
    pattern: &'static str,
    replacement: &'static str,
    model: &'static str,
) -> Mutation {
    Mutation { name, source: "seqlock", pattern, replacement, model }
}

const fn lock_word(name: &'static str, pattern: &'static str, replacement: &'static str) -> Mutation {
    Mutation { name, source: "lock_word", pattern, replacement, model: "two_writers_take_turns" }
}

/// Not here: the Acquire of the two loads of the sequence number under the lock, which the lock has ordered already. And
/// the models go round the writer's load: loom remembers one last access of a word, so a load by the writer just before
/// its store hides the reader's load from it, and with that most of the orders there are.
const VERSIONED: &[Mutation] = &[
    seqlock("the_readers_first_fence", "fence(Acquire);\n    copy(", "copy(", "one_writer_reuses_slots"),
    seqlock("the_readers_second_fence", "fence(Acquire);\n    let after", "let after", "one_writer_reuses_slots"),
    seqlock("the_writers_fence", "    fence(Release);\n", "", "one_writer_reuses_slots"),
    seqlock("the_odd_release", "wrapping_add(1), Release", "wrapping_add(1), Relaxed", "two_writers_take_turns"),
    seqlock("the_even_release", "wrapping_add(2), Release", "wrapping_add(2), Relaxed", "one_writer_reuses_slots"),
    seqlock("one_step_of_the_limit", "<= 2", "<= 3", "one_writer_reuses_slots"),
    seqlock("the_rounding_of_an_odd_start", "before & !1", "before", "one_writer_reuses_slots"),
    seqlock("the_change_of_slots", "valid_slot(sequence) ^ 1", "valid_slot(sequence)", "one_writer_reuses_slots"),
    seqlock("the_rounding_of_a_take_over", "now & !1", "now", "a_writer_dies_and_another_takes_over"),
    Mutation {
        name: "the_acquire_of_a_later_transaction",
        source: "lock_word",
        pattern: "(now, taken, AcqRel, Relaxed) {\n            Ok(_) => return Attempt::Taken",
        replacement: "(now, taken, Relaxed, Relaxed) {\n            Ok(_) => return Attempt::Taken",
        model: "a_lease_dies_and_two_transactions_follow",
    },
    Mutation {
        name: "the_release_of_a_transaction",
        source: "lock_word",
        pattern: "(now, now & HAND_OFF, AcqRel, Relaxed)",
        replacement: "(now, now & HAND_OFF, Relaxed, Relaxed)",
        model: "a_lease_dies_and_two_transactions_follow",
    },
    lock_word("the_acquire_of_the_lock", "(0, token, AcqRel, Relaxed)", "(0, token, Relaxed, Relaxed)"),
    lock_word("the_release_of_the_lock", "(token, 0, AcqRel, Relaxed)", "(token, 0, Relaxed, Relaxed)"),
];

const fn waiting(
    name: &'static str,
    source: &'static str,
    pattern: &'static str,
    replacement: &'static str,
    model: &'static str,
) -> Mutation {
    Mutation { name, source, pattern, replacement, model }
}

const fn version_waiting(
    name: &'static str,
    pattern: &'static str,
    replacement: &'static str,
    model: &'static str,
) -> Mutation {
    Mutation { name, source: "version_waiters", pattern, replacement, model }
}

/// Not here: that newcomers stand back, which is fairness and no model's matter; the orderings of a take-over, which the
/// kernel's word of the death has ordered already.
const WAITING: &[Mutation] = &[
    waiting("the_announcement_of_a_sleeper", "lock_word", "now | flags;", "now;", "two_take_turns"),
    waiting(
        "the_acquire_of_a_slow_lock",
        "lock_word",
        "(now, taken, AcqRel, Relaxed) {\n            Ok(_) => return Attempt::Taken",
        "(now, taken, Relaxed, Relaxed) {\n            Ok(_) => return Attempt::Taken",
        "two_take_turns",
    ),
    waiting(
        "the_release_of_a_slow_lock",
        "lock_word",
        "(now, now & HAND_OFF, AcqRel, Relaxed)",
        "(now, now & HAND_OFF, Relaxed, Relaxed)",
        "two_take_turns",
    ),
    waiting(
        "those_who_may_still_sleep",
        "lock_word",
        "now & !HAND_OFF | WAITERS | token",
        "now & !HAND_OFF | token",
        "two_sleep_for_one",
    ),
    waiting(
        "the_sleepers_of_the_dead",
        "lock_word",
        "now & TOKEN == dead {",
        "now & TOKEN != 0 {",
        "an_owner_dies_and_two_want_its_lock",
    ),
    version_waiting(
        "the_acquire_of_a_waiter",
        "fetch_or(VERSION_WAITERS, AcqRel);\n    fence(SeqCst);",
        "fetch_or(VERSION_WAITERS, Relaxed);",
        "stores_are_waited_for",
    ),
    version_waiting("the_flag_of_a_waiter", "fetch_or(VERSION_WAITERS", "fetch_or(0", "stores_are_waited_for"),
    version_waiting(
        "the_fence_of_a_waiter",
        "AcqRel);\n    fence(SeqCst);\n",
        "AcqRel);\n",
        "leased_stores_are_waited_for",
    ),
    version_waiting(
        "the_fence_of_a_lease",
        "        fence(SeqCst);\n    } else",
        "    } else",
        "leased_stores_are_waited_for",
    ),
    version_waiting("the_bell_of_a_store", "bell.fetch_add(1, AcqRel);", "", "stores_are_waited_for"),
    version_waiting("the_bell_of_a_lease", "        ring(bell);\n", "", "leased_stores_are_waited_for"),
    version_waiting(
        "the_bell_before_the_flag",
        "let bell = bell.load(Relaxed);\n    let before = lock.fetch_or(VERSION_WAITERS, AcqRel);",
        "let before = lock.fetch_or(VERSION_WAITERS, AcqRel);\n    let bell = bell.load(Relaxed);",
        "stores_are_waited_for",
    ),
    waiting(
        "the_flag_of_an_event",
        "event_word",
        "(now, now | WAITING, AcqRel, Acquire)",
        "(now, now, AcqRel, Acquire)",
        "all_are_notified",
    ),
    waiting(
        "the_release_of_an_event",
        "event_word",
        "(now, next, AcqRel, Relaxed)",
        "(now, next, Relaxed, Relaxed)",
        "all_are_notified",
    ),
    waiting("the_acquire_of_an_event", "event_word", "word.load(Acquire)", "word.load(Relaxed)", "all_are_notified"),
    waiting(
        "the_second_wake_of_an_event",
        "event_word",
        "notified & !WAITING, AcqRel, Relaxed).is_ok()",
        "notified & !WAITING, AcqRel, Relaxed).is_err()",
        "one_is_notified_twice",
    ),
    waiting(
        "the_count_of_an_event",
        "event_word",
        "if count(now) > seen",
        "if count(now) > seen + 1",
        "all_are_notified",
    ),
];

const fn slot(name: &'static str, pattern: &'static str, replacement: &'static str, model: &'static str) -> Mutation {
    Mutation { name, source: "slot", pattern, replacement, model }
}

/// Not here: the orderings of the claim's own compare-exchange, which the fences and the two looks make up for; they stay
/// because nobody should have to know that.
const PARTICIPANTS: &[Mutation] = &[
    slot("the_fence_of_a_claim", "        fence(Release);\n", "", "what_is_seen_belongs_together"),
    slot("the_fence_of_a_look", "fence(Acquire);\n        (self", "(self", "what_is_seen_belongs_together"),
    slot(
        "the_second_load_of_a_look",
        "(self.word.load(Relaxed) == word)",
        "(word != 0)",
        "what_is_seen_belongs_together",
    ),
    slot("the_acquire_of_a_look", "fence(Acquire);\n        word\n", "word\n", "what_is_seen_belongs_together"),
    slot(
        "the_release_of_ready",
        "(claim.pack(), ready.pack(), AcqRel, Relaxed)",
        "(claim.pack(), ready.pack(), Relaxed, Relaxed)",
        "what_is_seen_belongs_together",
    ),
    slot(
        "what_is_not_filled_yet",
        "(found.state != SlotState::Claimed).then(|| self.details())",
        "Some(self.details())",
        "what_is_seen_belongs_together",
    ),
    slot(
        "the_comparison_of_a_claim",
        "self.word.compare_exchange(found, claim.pack(), AcqRel, Relaxed).is_ok()",
        "self.word.swap(claim.pack(), AcqRel) != u64::MAX - found",
        "one_of_two_gets_a_slot",
    ),
    slot(
        "the_word_that_was_judged",
        "self.take(snapshot.word.pack(), claim)",
        "self.take(self.word.load(Relaxed), claim)",
        "one_of_two_gets_the_slot_of_the_dead",
    ),
    slot(
        "the_comparison_of_a_fill",
        "self.word.compare_exchange(claim.pack(), ready.pack(), AcqRel, Relaxed).is_ok()",
        "{ self.word.store(ready.pack(), Release); true }",
        "a_slot_that_was_taken_is_not_filled",
    ),
    slot("the_fence_between_claim_and_look", "    fence(SeqCst);\n", "", "one_of_two_twins_sees_the_other"),
    slot(
        "the_slots_that_count_after_the_claim",
        "    fence(SeqCst);\n    let others = used.of(slots)",
        "    let before = used.of(slots);\n    fence(SeqCst);\n    let others = before",
        "one_of_two_twins_sees_the_other",
    ),
    slot(
        "the_counting_of_a_slot",
        "self.0.fetch_max(*count, AcqRel);",
        "",
        "a_token_in_a_lock_word_is_in_a_slot_that_counts",
    ),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    SETS.iter().for_each(ModelSet::write);
}

impl ModelSet {
    /// Writes the set's copies, and the module that builds them with the models.
    fn write(&self) {
        let mut all = self.module("unchanged", Self::read);
        for Mutation { name, source, pattern, replacement, model } in self.mutations {
            all += &self.module(name, |set, file| {
                let text = set.read(file);
                if file != *source {
                    return text;
                }
                let found = text.matches(pattern).count();
                assert_eq!(found, 1, "mutation `{name}`: {pattern:?} must stand once in {source}.rs");
                text.replace(pattern, replacement)
            });
            all += &format!(
                "#[test]\nfn loom_misses_{name}() {{\n    must_fail(\"{}::loom_misses_{name}\", {name}::models::{model});\n}}\n",
                self.name
            );
        }
        write(&from_cargo("OUT_DIR").join(format!("{}.rs", self.name)), &all);
    }

    fn read(&self, source: &str) -> String {
        let runtime = from_cargo("CARGO_MANIFEST_DIR").join("../shmstore/src");
        let path = runtime.join(self.folder).join(format!("{source}.rs"));
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Writes one copy of the protocol, and returns the module that builds it with the models.
    fn module(&self, name: &str, text: impl Fn(&Self, &str) -> String) -> String {
        let models = from_cargo("CARGO_MANIFEST_DIR").join(format!("tests/loom/{}/models.rs", self.name));
        let folder = from_cargo("OUT_DIR").join(self.name).join(name);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        let mut module = format!(
            "#[allow(dead_code, unused_imports, clippy::let_and_return)]\nmod {name} {{\n    use super::atomics;\n"
        );
        for source in self.sources {
            let path = folder.join(format!("{source}.rs"));
            write(&path, &text(self, source));
            module += &format!("    #[path = {path:?}]\n    mod {source};\n");
        }
        module + &format!("    #[path = {models:?}]\n    pub(super) mod models;\n}}\n")
    }
}

fn from_cargo(variable: &str) -> PathBuf {
    env::var_os(variable).unwrap_or_else(|| panic!("cargo sets {variable}")).into()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
