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
    source: &'static str,
    /// What stands there: exactly once.
    pattern: &'static str,
    /// What is put in its place.
    replacement: &'static str,
    model: &'static str,
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

/// Not here: the Acquire of the two loads of the sequence number under the lock, which the lock has ordered already. And
/// the models go round the writer's load: loom remembers one last access of a word, so a load by the writer just before
/// its store hides the reader's load from it, and with that most of the orders there are.
const VERSIONED: &[Mutation] = mutations! {
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

/// Not here: that newcomers stand back, which is fairness and no model's matter; the orderings of a take-over, which the
/// kernel's word of the death has ordered already.
const WAITING: &[Mutation] = mutations! {
    lock_word the_announcement_of_a_sleeper fails two_take_turns: "now | flags;" => "now;";
    lock_word the_acquire_of_a_slow_lock fails two_take_turns:
        "(now, taken, AcqRel, Relaxed) {\n            Ok(_) => return Attempt::Taken"
        => "(now, taken, Relaxed, Relaxed) {\n            Ok(_) => return Attempt::Taken";
    lock_word the_release_of_a_slow_lock fails two_take_turns:
        "(now, now & (HAND_OFF | kept), AcqRel, Relaxed)"
        => "(now, now & (HAND_OFF | kept), Relaxed, Relaxed)";
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
};

/// Not here: the orderings of the claim's own compare-exchange, which the fences and the two looks make up for; they stay
/// because nobody should have to know that.
const PARTICIPANTS: &[Mutation] = mutations! {
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
