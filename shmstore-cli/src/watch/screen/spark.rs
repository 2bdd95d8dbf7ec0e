//! A line of small bars.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the newest numbers, one a column, between the least and the greatest. An infinity or a NaN is a gap.
pub(super) fn sparkline(numbers: impl DoubleEndedIterator<Item = f64>, width: usize) -> String {
    let mut shown: Vec<f64> = numbers.rev().take(width).collect();
    shown.reverse();
    let finite = || shown.iter().copied().filter(|number| number.is_finite());
    let (least, most) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
    // Halves, because the difference of two finite numbers may be infinite.
    let range = most / 2.0 - least / 2.0;
    let bar = |number: f64| match number.is_finite() {
        true if range > 0.0 => BARS[(((number / 2.0 - least / 2.0) / range) * 7.0).round().clamp(0.0, 7.0) as usize],
        true => BARS[0],
        false => ' ',
    };
    shown.iter().map(|&number| bar(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_range_from_the_least_to_the_greatest_shown_number() {
        for (numbers, width, expected) in [
            (vec![], 5, ""),
            (vec![3.0, 3.0], 5, "▁▁"),
            (vec![100.0, 0.0, 7.0, 3.0], 3, "▁█▄"),
            (vec![f64::MIN, f64::MAX], 2, "▁█"),
            (vec![1.0, f64::NAN, f64::INFINITY, 2.0], 9, "▁  █"),
            (vec![1.0], 0, ""),
        ] {
            assert_eq!(sparkline(numbers.into_iter(), width), expected);
        }
    }
}
