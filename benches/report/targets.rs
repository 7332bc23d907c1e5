//! The verdicts on targets.

use std::fmt::Write as _;

use crate::model::{
    contender::Contender::Switchboard,
    figure::{Bound, Target},
    results::Section,
    spread::{Spread, number},
};

/// A table of targets, measured values and verdicts. Noise only makes measurements slower, so a target met in
/// spite of noise is met. Comparisons with other contenders are excepted, as noise affects those too.
pub fn table(targets: &[Target], section: &Section) -> String {
    if targets.is_empty() {
        return String::new();
    }
    let mut text = String::from("| to reach | measured | |\n|---|---|---|\n");
    for target in targets {
        let _ = match measured(&target.bound, section) {
            Some((value, met)) => {
                let verdict = match (met, section.noise.is_noisy()) {
                    (true, true) if target.bound.compares() => "met, if it were not noisy",
                    (true, _) => "met",
                    (false, false) => "**missed**",
                    (false, true) => "missed, but it was noisy",
                };
                writeln!(text, "| {} | {} | {verdict} |", target.text, short(value))
            }
            None => writeln!(text, "| {} | – | not measured |", target.text),
        };
    }
    text + "\n"
}

/// The value of a target, and whether it is within the bound.
fn measured(bound: &Bound, section: &Section) -> Option<(f64, bool)> {
    let median = |values| Some(Spread::of(values)?.median);
    Some(match bound {
        Bound::AtMost { case, figure, most } => {
            let value = median(section.values(case, Switchboard, figure))?;
            (value, value <= *most)
        }
        Bound::AtLeast { case, figure, least } => {
            let value = median(section.values(case, Switchboard, figure))?;
            (value, value >= *least)
        }
        Bound::MultipleAtMost { case, figure, of, most } => {
            let value = median(section.multiples(case, figure, *of))?;
            (value, value <= *most)
        }
        Bound::MultipleAtLeast { case, figure, of, least } => {
            let value = median(section.multiples(case, figure, *of))?;
            (value, value >= *least)
        }
        Bound::TimesCaseAtMost { case, other, figure, most } => {
            let value = median(section.times(case, other, figure))?;
            (value, value <= *most)
        }
        Bound::Flat { cases, figure, most } => {
            let medians: Option<Vec<_>> =
                cases.iter().map(|case| median(section.values(case, Switchboard, figure))).collect();
            let Spread { least, most: greatest, .. } = Spread::of(medians?)?;
            (greatest / least, greatest / least <= *most)
        }
    })
}

fn short(value: f64) -> String {
    number(value, if value.abs() < 100.0 { 2 } else { 0 })
}
