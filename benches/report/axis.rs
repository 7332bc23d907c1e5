//! An axis: from values to positions, and its labels.

use crate::model::spread::number;

/// An axis over a range of values.
pub struct Axis {
    from: f64,
    to: f64,
    logarithmic: bool,
    /// Start and end of the range in the picture.
    places: [f64; 2],
}

impl Axis {
    /// An axis over all `values`. A linear one starts at zero; a logarithmic one extends a little beyond
    /// them.
    pub fn over(values: &[f64], logarithmic: bool, places: [f64; 2]) -> Self {
        let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let least = values.iter().copied().fold(most, f64::min);
        if logarithmic {
            return Self { from: least / 1.15, to: most * 1.15, logarithmic, places };
        }
        Self { from: 0.0, to: most * 1.05, logarithmic, places }
    }

    pub fn place(&self, value: f64) -> f64 {
        let [begin, end] = self.places;
        begin + (end - begin) * self.part(value)
    }

    /// Round values within the range, at legible distances.
    pub fn marks(&self) -> Vec<f64> {
        let decades = if self.logarithmic { self.decades() } else { Vec::new() };
        if decades.len() < 2 { self.steps() } else { decades }
    }

    /// From 0 at the start of the range to 1 at its end.
    fn part(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    /// 1, 2, 5, 10, 20, 50…
    fn decades(&self) -> Vec<f64> {
        let all = (-9..=9).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
        all.filter(|value| (self.from..=self.to).contains(value)).collect()
    }

    /// Four to eight equal steps.
    fn steps(&self) -> Vec<f64> {
        let rough = (self.to - self.from) / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let nearest = [1.0, 2.0, 5.0, 10.0].into_iter().find(|digit| digit * power >= rough * 0.8);
        let step = nearest.unwrap_or(10.0) * power;
        let first = (self.from / step).ceil();
        (0..=8).map(|number| (first + f64::from(number)) * step).filter(|value| *value <= self.to).collect()
    }
}

/// The shortest exact text.
pub fn label(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        ..0.1 => 2,
        ..10.0 if value.fract() != 0.0 => 1,
        _ => 0,
    };
    number(value, decimals)
}
