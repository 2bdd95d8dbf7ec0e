//! Names as ROS 2 has them.

use std::collections::HashMap;

/// Packages that have a meaning of their own for readers of definitions.
const RESERVED: [&str; 6] = ["action", "builtin_interfaces", "msg", "sensor_msgs", "srv", "std_msgs"];

/// The words of a name: lower case, digits and single `_`, neither first nor last. There may be none.
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut was_lower = false;
    for char in name.chars() {
        if char.is_ascii_uppercase() && was_lower {
            words.push('_');
        }
        was_lower = char.is_ascii_lowercase() || char.is_ascii_digit();
        let plain = if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' };
        if plain != '_' || !(words.is_empty() || words.ends_with('_')) {
            words.push(plain);
        }
    }
    words.trim_matches('_').to_owned()
}

/// The name of a field: lower case, digits and single `_`, with a letter in front.
pub(crate) fn snake(name: &str) -> String {
    let words = words(name);
    match words.chars().next() {
        None => "field".into(),
        Some(first) if first.is_ascii_digit() => format!("field_{words}"),
        Some(_) => words,
    }
}

/// The name of a package, by the name of the type of an object.
pub(crate) fn package(name: &str) -> String {
    let package = snake(name);
    if RESERVED.contains(&package.as_str()) { package + "_object" } else { package }
}

/// The name of a message: letters and digits, with an upper-case letter in front.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::new();
    let mut is_first = true;
    for char in name.chars() {
        match char {
            _ if !char.is_ascii_alphanumeric() => is_first = true,
            _ if is_first => {
                camel.push(char.to_ascii_uppercase());
                is_first = false;
            }
            _ => camel.push(char),
        }
    }
    if camel.starts_with(|first: char| first.is_ascii_uppercase()) { camel } else { format!("M{camel}") }
}

/// The name of the constant for a variant of the enum in a field: upper case, digits and single `_`.
pub(crate) fn constant(field: &str, variant: &str) -> String {
    let variant = match words(variant) {
        none if none.is_empty() => "variant".into(),
        words => words,
    };
    format!("{}_{variant}", snake(field)).to_ascii_uppercase()
}

/// Names that are given once each.
#[derive(Debug, Default, Clone)]
pub(crate) struct Unique {
    /// The number from which on the next one of this name is looked for.
    next: HashMap<String, u64>,
}

impl Unique {
    /// The name, or the name with a number behind it if it was given before.
    pub(crate) fn give(&mut self, name: &str) -> String {
        let mut number = self.next.get(name).copied().unwrap_or(1);
        let mut unique = name.to_owned();
        while self.next.contains_key(&unique) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        self.next.insert(unique.clone(), 1);
        if unique != name {
            self.next.insert(name.to_owned(), number);
        }
        unique
    }

    /// Lets the name be given again.
    pub(crate) fn give_back(&mut self, name: &str) {
        self.next.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_once() {
        let mut names = Unique::default();
        let given = ["a", "a_2", "a", "a", "b", "a_2"].map(|name| names.give(name));
        assert_eq!(given, ["a", "a_2", "a_3", "a_4", "b", "a_2_2"]);
        names.give_back("b");
        assert_eq!(names.give("b"), "b");
        // As many as an object may have, in no time.
        let all: std::collections::HashSet<String> = (0..16_384).map(|_| names.give("field")).collect();
        assert_eq!(all.len(), 16_384);
    }

    #[test]
    fn names_follow_the_rules_of_ros() {
        let fields = [
            ("x", "x"),
            ("0", "field_0"),
            ("speedX", "speed_x"),
            ("__a__b_", "a_b"),
            ("héé", "h"),
            ("", "field"),
            ("日本", "field"),
            ("9lives", "field_9lives"),
        ];
        for (name, expected) in fields {
            assert_eq!(snake(name), expected, "{name:?}");
        }
        for (name, expected) in [("Position", "Position"), ("my_type", "MyType"), ("3D", "M3D"), ("Ä", "M")] {
            assert_eq!(camel(name), expected, "{name:?}");
        }
        assert_eq!(constant("state", "DrivingFast"), "STATE_DRIVING_FAST");
        assert_eq!(constant("0", "Ä"), "FIELD_0_VARIANT");
        assert_eq!(constant("mode", "2D"), "MODE_2_D");
        for (name, expected) in [("RoverState", "rover_state"), ("Msg", "msg_object"), ("3D", "field_3_d")] {
            assert_eq!(package(name), expected, "{name:?}");
        }
    }
}
