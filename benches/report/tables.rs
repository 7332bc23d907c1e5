//! The tables of a section: cases down, contenders across.

use std::fmt::Write as _;

use crate::model::{
    contender::Contender,
    figure::{BUSY, Figure, OWN_BUSY},
    results::Section,
    spread::Spread,
};

/// A figure's tables; auxiliary ones are folded away.
pub fn of(figure: &Figure, section: &Section) -> String {
    let tables = both(figure, section);
    if [BUSY, OWN_BUSY].contains(&figure.key) {
        return format!("<details><summary>{}</summary>\n\n{tables}</details>\n\n", figure.title);
    }
    format!("#### {}\n\n{tables}", figure.title)
}

/// Medians with their spread, and for compared figures a second table of multiples.
fn both(figure: &Figure, section: &Section) -> String {
    let contenders = section.contenders();
    let mut text = table(section, &contenders, |case, contender| {
        Some(Spread::of(section.values(case, contender, figure.key))?.text(figure.decimals))
    });
    let others: Vec<_> = contenders.into_iter().filter(|who| *who != Contender::Switchboard).collect();
    if figure.compared && !others.is_empty() {
        text += "Switchboard's as a multiple of theirs:\n\n";
        text += &table(section, &others, |case, contender| {
            Some(Spread::of(section.multiples(case, figure.key, contender))?.text(2))
        });
    }
    text
}

fn table(
    section: &Section,
    contenders: &[Contender],
    cell: impl Fn(&str, Contender) -> Option<String>,
) -> String {
    let mut text = String::from("| |");
    for contender in contenders {
        let _ = write!(text, " {contender} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(contenders.len()));
    for case in section.cases() {
        let cells: Vec<_> = contenders.iter().map(|contender| cell(case, *contender)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let cells: Vec<_> = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".into())).collect();
        let _ = writeln!(text, "| {case} | {} |", cells.join(" | "));
    }
    text + "\n"
}
