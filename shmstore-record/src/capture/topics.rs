//! Names of topics, as ROS 2 allows them.

use crate::names::Unique;

/// The most characters of a name. ROS 2 allows 255 with its own prefix.
const MOST: usize = 240;

/// The names of one recording. No two are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Topics {
    taken: Unique,
}

impl Topics {
    /// A name for an object, after its anchor, without a `/`.
    pub(super) fn object(&mut self, anchor: &str) -> String {
        self.unique(token(anchor, "object"))
    }

    /// The topic of a part of an object: `/rover/wheels_0/speed` for `wheels[0].speed`.
    pub(super) fn part(&mut self, object: &str, path: &str) -> String {
        let tokens: Vec<String> =
            path.split('.').filter(|name| !name.is_empty()).map(|name| token(name, "field")).collect();
        let below = if tokens.is_empty() { "value".to_owned() } else { tokens.join("/") };
        self.unique(format!("/{object}/{below}"))
    }

    /// Lets another part have a topic.
    pub(super) fn give_back(&mut self, topic: &str) {
        self.taken.give_back(topic);
    }

    fn unique(&mut self, mut name: String) -> String {
        name.truncate(MOST);
        self.taken.give(name.trim_end_matches(['/', '_']))
    }
}

/// Letters, digits and single `_`, with a letter in front.
fn token(name: &str, otherwise: &str) -> String {
    let mut token = String::new();
    for char in name.chars() {
        let plain = if char.is_ascii_alphanumeric() { char } else { '_' };
        if plain != '_' || !(token.is_empty() || token.ends_with('_')) {
            token.push(plain);
        }
    }
    let token = token.trim_matches('_');
    if token.starts_with(|first: char| first.is_ascii_alphabetic()) {
        token.to_owned()
    } else {
        format!("{otherwise}_{token}").trim_end_matches('_').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_legal_and_unique() {
        let mut topics = Topics::default();
        for (anchor, expected) in
            [("rover", "rover"), ("rover", "rover_2"), ("2 räder.shm", "object_2_r_der_shm"), ("…", "object")]
        {
            assert_eq!(topics.object(anchor), expected, "{anchor:?}");
        }
        for (path, expected) in [
            ("position", "/rover/position"),
            ("wheels[0].speed", "/rover/wheels_0/speed"),
            ("wheels_0.speed", "/rover/wheels_0/speed_2"),
            ("pair.1", "/rover/pair/field_1"),
            (".", "/rover/value"),
            ("__a__", "/rover/a"),
        ] {
            assert_eq!(topics.part("rover", path), expected, "{path:?}");
        }
        let long = topics.part("rover", &"x".repeat(1000));
        assert!(long.len() <= MOST && topics.part("rover", &"x".repeat(1000)) == format!("{long}_2"));
    }
}
