//! From figures to pixels.

use super::canvas::{Canvas, FAINT, Side};
use crate::Failure;

/// Figures further apart than this are shown by their logarithms.
const FAR_APART: f64 = 30.0;

/// A horizontal axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    is_logarithmic: bool,
    /// The figure at the left end.
    low: f64,
    /// The one at the right end.
    high: f64,
    left: i32,
    right: i32,
}

impl Axis {
    /// One that holds all figures.
    pub(super) fn of(figures: &[f64], left: i32, right: i32) -> Self {
        let positive = figures.iter().copied().filter(|figure| *figure > 0.0);
        let smallest = positive.fold(f64::INFINITY, f64::min);
        let largest = figures.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return Self { is_logarithmic: false, low: 0.0, high: 1.0, left, right };
        }
        if largest / smallest > FAR_APART {
            // The smallest is not to lie at the edge.
            return Self::logarithmic(10f64.powf((smallest * 0.7).log10().floor()), largest, left, right);
        }
        Self { is_logarithmic: false, low: 0.0, high: largest, left, right }
    }

    /// One of powers of ten.
    pub(super) fn logarithmic(low: f64, high: f64, left: i32, right: i32) -> Self {
        Self { is_logarithmic: true, low, high, left, right }
    }

    /// Where a figure is: at an end if it is beyond it.
    pub(super) fn at(&self, figure: f64) -> i32 {
        let figure = figure.clamp(self.low, self.high);
        let part = if self.is_logarithmic {
            (figure / self.low).log10() / (self.high / self.low).log10()
        } else {
            (figure - self.low) / (self.high - self.low)
        };
        self.left + (part * f64::from(self.right - self.left)).round() as i32
    }

    /// The round figures on it: at most eight.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.is_logarithmic {
            let (first, last) = (self.low.log10().ceil() as i32, (self.high * 1.0001).log10().floor() as i32);
            let step = ((last - first) / 8 + 1) as usize;
            return (first..=last).step_by(step).map(|power| 10f64.powi(power)).collect();
        }
        let step = step(self.high / 6.0);
        (0..8).map(|tick| f64::from(tick) * step).take_while(|tick| *tick <= self.high * 1.0001).collect()
    }

    /// Lines for the eye, and what they stand for below.
    pub(super) fn draw(
        &self,
        canvas: &Canvas<'_>,
        (top, bottom): (i32, i32),
        tell: impl Fn(f64) -> String,
    ) -> Result<(), Failure> {
        for tick in self.ticks() {
            let x = self.at(tick);
            canvas.grid((x, top), (x, bottom))?;
            canvas.text(&tell(tick), (x, bottom + 11), 11, FAINT, Side::Middle)?;
        }
        Ok(())
    }

    /// Where it begins.
    pub(super) fn left(&self) -> i32 {
        self.left
    }

    /// What is said of it.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.is_logarithmic
    }
}

/// The next of 1, 2, 5, 10, 20, ….
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].map(|of| of * power).into_iter().find(|step| *step >= least * 0.9999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_close_together_have_a_linear_axis_from_nought() {
        let axis = Axis::of(&[2.0, 6.0, 12.0], 100, 400);
        assert!(!axis.is_logarithmic());
        assert_eq!([0.0, 6.0, 12.0, 99.0].map(|figure| axis.at(figure)), [100, 250, 400, 400]);
        assert_eq!(axis.ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    }

    #[test]
    fn figures_far_apart_have_a_logarithmic_axis() {
        let axis = Axis::of(&[2.0, 200.0], 0, 300);
        assert!(axis.is_logarithmic());
        assert_eq!(axis.ticks(), [1.0, 10.0, 100.0]);
        assert_eq!(axis.at(1.0), 0);
        assert!(axis.at(2.0) > 30 && axis.at(200.0) == 300);
        assert!(Axis::of(&[1.0, 1e12], 0, 300).ticks().len() <= 8);
    }

    #[test]
    fn figures_that_are_all_nought_have_an_axis() {
        assert_eq!(Axis::of(&[0.0], 0, 300).at(0.0), 0);
    }
}
