//! A straight line through measurements over time, with its uncertainty.

/// `value = start + slope * time`, by least squares.
#[derive(Clone, Copy, Debug)]
pub struct Trend {
    /// Growth of the value per unit of time.
    pub slope: f64,
    /// The standard error of the slope: two of them either way contain the true slope in 95 % of cases.
    pub error: f64,
    /// The part of the variance that time explains, from 0 to 1: R².
    pub fit: f64,
}

impl Trend {
    /// The line through `points` of (time, value); `None` for fewer than three, or all at one time.
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        let count = points.iter().fold(0.0, |count, _| count + 1.0);
        if count < 3.0 {
            return None;
        }
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (mean_time, mean_value) = (mean(|point| point.0), mean(|point| point.1));
        let sum = |of: &dyn Fn(f64, f64) -> f64| {
            points.iter().map(|&(time, value)| of(time - mean_time, value - mean_value)).sum::<f64>()
        };
        let spread = sum(&|time, _| time * time);
        let moved = sum(&|_, value| value * value);
        if spread == 0.0 {
            return None;
        }
        let slope = sum(&|time, value| time * value) / spread;
        let unexplained = sum(&|time, value| (value - slope * time).powi(2));
        let error = (unexplained / (count - 2.0) / spread).sqrt();
        let fit = if moved == 0.0 { 1.0 } else { 1.0 - unexplained / moved };
        Some(Self { slope, error, fit })
    }
}
