//! Names as ROS 2 has them.

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

#[cfg(test)]
mod tests {
    use super::*;

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
