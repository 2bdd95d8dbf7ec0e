//! Names as ROS 2 has them.

/// The name of a field or a package: lower case, digits and single `_`, with a letter in front.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut was_lower = false;
    for char in name.chars() {
        if char.is_ascii_uppercase() && was_lower {
            snake.push('_');
        }
        was_lower = char.is_ascii_lowercase() || char.is_ascii_digit();
        let plain = if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' };
        if plain != '_' || !(snake.is_empty() || snake.ends_with('_')) {
            snake.push(plain);
        }
    }
    let snake = snake.trim_matches('_');
    if snake.starts_with(|first: char| first.is_ascii_lowercase()) {
        snake.to_owned()
    } else {
        format!("field_{snake}")
    }
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

/// The name of a constant: upper case, digits and single `_`.
pub(crate) fn constant(name: &str) -> String {
    snake(name).trim_start_matches("field_").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_ros() {
        let fields =
            [("x", "x"), ("0", "field_0"), ("speedX", "speed_x"), ("__a__b", "a_b"), ("héé", "h"), ("", "field_")];
        for (name, expected) in fields {
            assert_eq!(snake(name), expected, "{name:?}");
        }
        for (name, expected) in [("Position", "Position"), ("my_type", "MyType"), ("3D", "M3D"), ("Ä", "M")] {
            assert_eq!(camel(name), expected, "{name:?}");
        }
        assert_eq!(constant("DrivingFast"), "DRIVING_FAST");
    }
}
