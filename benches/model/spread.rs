//! Medians with their spread, and numbers as text.

/// The median, the least and the most of some measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    /// `None` without values.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (&least, &most) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, least, most })
    }

    /// `0.71 (0.70–0.73)`
    pub fn text(&self, decimals: usize) -> String {
        let [median, least, most] = [self.median, self.least, self.most].map(|value| number(value, decimals));
        if least == most { median } else { format!("{median} ({least}–{most})") }
    }
}

/// A number with this many decimals; a whole number has a comma at every thousand.
pub fn number(value: f64, decimals: usize) -> String {
    if decimals > 0 {
        return format!("{value:.decimals$}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The value that this many of a thousand do not exceed. `sorted` is ascending and not empty.
pub fn ranked(sorted: &[f64], thousandths: usize) -> f64 {
    sorted[(sorted.len() * thousandths).div_ceil(1_000) - 1]
}
