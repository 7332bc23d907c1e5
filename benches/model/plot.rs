//! A plot: a line of medians with their spread for each contender.

use super::{contender::Contender, results::Section, spread::Spread};

/// A plot with several lines.
pub struct Plot {
    /// The name of its file without the extension.
    pub name: &'static str,
    pub title: String,
    pub x: Scale,
    pub y: Scale,
    pub lines: Vec<Line>,
}

/// The scale of an axis.
pub struct Scale {
    /// With the unit.
    pub title: &'static str,
    pub logarithmic: bool,
}

/// The figures of one contender, from left to right.
pub struct Line {
    pub contender: Contender,
    pub points: Vec<(f64, Spread)>,
}

/// A point of a line: its x value, and the case and figure of its y value.
pub type Stop<'a> = (f64, String, &'a str);

/// A line for each measured contender.
pub fn lines(section: &Section, stops: &[Stop]) -> Vec<Line> {
    let line = |contender| {
        let point =
            |(x, case, figure): &Stop| Some((*x, Spread::of(section.values(case, contender, figure))?));
        Line { contender, points: stops.iter().filter_map(point).collect() }
    };
    let lines = section.contenders().into_iter().map(line);
    lines.filter(|line: &Line| !line.points.is_empty()).collect()
}
