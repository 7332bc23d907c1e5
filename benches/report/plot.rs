//! What a plot shows: a line of medians with their spread for each contender. [`super::svg`] draws it.

use super::spread::Spread;
use crate::{contenders::Contender, results::Section};

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

/// A line for each contender, through these cases, each with its place on the x axis.
pub fn lines(section: &Section, cases: &[(f64, String)], figure: &str) -> Vec<Line> {
    let line = |contender| {
        let point =
            |(x, case): &(f64, String)| Some((*x, Spread::of(section.values(case, contender, figure))?));
        Line { contender, points: cases.iter().filter_map(point).collect() }
    };
    let lines = section.contenders().into_iter().map(line);
    lines.filter(|line: &Line| !line.points.is_empty()).collect()
}
