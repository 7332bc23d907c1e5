//! What a plot is: lines over an axis, to be drawn as SVG.

/// A picture of lines, or of their points.
pub struct Plot {
    /// The file's name without its ending.
    pub name: &'static str,
    pub title: String,
    /// What the axes are, with their units.
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

pub struct Axis {
    pub title: String,
    pub logarithmic: bool,
}

/// The figures of one contender, from left to right.
pub struct Line {
    pub title: String,
    /// Which of the colours: the place of the contender in `Contender::ALL`.
    pub colour: usize,
    pub points: Vec<(f64, f64)>,
}
