//! What a plot shows: a line of medians with their spread for each contender.

use super::{contender::Contender, results::Section, spread::Spread};

/// A picture of lines.
pub struct Plot {
    /// The file's name without its ending.
    pub name: &'static str,
    pub title: String,
    pub x: Scale,
    pub y: Scale,
    pub lines: Vec<Line>,
}

/// What an axis shows.
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

/// Where a line goes through: a place on the x axis, and a figure of a case.
pub type Stop<'a> = (f64, String, &'a str);

/// A line for each contender that was measured there.
pub fn lines(section: &Section, stops: &[Stop]) -> Vec<Line> {
    let line = |contender| {
        let point =
            |(x, case, figure): &Stop| Some((*x, Spread::of(section.values(case, contender, figure))?));
        Line { contender, points: stops.iter().filter_map(point).collect() }
    };
    let lines = section.contenders().into_iter().map(line);
    lines.filter(|line: &Line| !line.points.is_empty()).collect()
}
