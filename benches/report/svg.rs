//! Plots as SVG: legible on light and dark pages, in the reader's font, with a name at the end of each line.

use std::fmt::Write as _;

use super::axis::{Axis, label};
use crate::model::{
    contender::Contender,
    plot::{Line, Plot},
};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;

/// The edges of the plotted area. The names of the lines are to its right.
const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 160.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = HEIGHT - 56.0;

/// Lines with more points than this have no marks.
const MOST_MARKS: usize = 30;

/// The least distance of two names.
const NAME_HEIGHT: f64 = 17.0;

/// Lines have a contrast of at least 3 to 1 in both colour schemes; names have the colour of text.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.ground{fill:#fff}.title{font-size:16px;font-weight:600}.soft{fill:#59636e}\
.grid{stroke:#d1d9e0;stroke-width:1}.line{fill:none;stroke-width:2}.ours{stroke-width:3.5}\
.c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#6e7781}.c3{stroke:#1a7f37}.c4{stroke:#8250df}.c5{stroke:#bf3989}.c6{stroke:#9a6700}\
.d0{fill:#0969da}.d1{fill:#bc4c00}.d2{fill:#6e7781}.d3{fill:#1a7f37}.d4{fill:#8250df}.d5{fill:#bf3989}.d6{fill:#9a6700}\
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.ground{fill:#0d1117}.soft{fill:#9198a1}.grid{stroke:#3d444d}\
.c0{stroke:#58a6ff}.c1{stroke:#f0883e}.c2{stroke:#9198a1}.c3{stroke:#3fb950}.c4{stroke:#bc8cff}.c5{stroke:#f778ba}.c6{stroke:#d29922}\
.d0{fill:#58a6ff}.d1{fill:#f0883e}.d2{fill:#9198a1}.d3{fill:#3fb950}.d4{fill:#bc8cff}.d5{fill:#f778ba}.d6{fill:#d29922}}";

/// The plot as a file.
pub fn draw(plot: &Plot) -> String {
    let all = || plot.lines.iter().flat_map(|line| &line.points);
    let xs: Vec<_> = all().map(|(x, _)| *x).collect();
    let ys: Vec<_> = all().flat_map(|(_, y)| [y.least, y.most]).collect();
    let x = Axis::over(&xs, plot.x.logarithmic, [LEFT, RIGHT]);
    let y = Axis::over(&ys, plot.y.logarithmic, [BOTTOM, TOP]);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">
<style>{STYLE}</style>
<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="8"/>
<text class="title" x="{LEFT}" y="28">{title}</text>
<text class="soft" x="{LEFT}" y="46">{y_title}</text>
<text class="soft" x="{middle}" y="{bottom}" text-anchor="middle">{x_title}</text>
"#,
        title = plot.title,
        y_title = plot.y.title,
        x_title = plot.x.title,
        middle = f64::midpoint(LEFT, RIGHT),
        bottom = HEIGHT - 14.0,
    );
    grid(&mut svg, &x, &y);
    for line in &plot.lines {
        draw_line(&mut svg, line, &x, &y);
    }
    names(&mut svg, &plot.lines, &y);
    svg + "</svg>\n"
}

fn grid(svg: &mut String, x: &Axis, y: &Axis) {
    for value in y.marks() {
        let place = y.place(value);
        let _ = writeln!(svg, r#"<path class="grid" d="M{LEFT} {place:.1}H{RIGHT}"/>"#);
        let (edge, middle, text) = (LEFT - 8.0, place + 4.5, label(value));
        let _ =
            writeln!(svg, r#"<text class="soft" x="{edge}" y="{middle:.1}" text-anchor="end">{text}</text>"#);
    }
    for value in x.marks() {
        let (place, below, text) = (x.place(value), BOTTOM + 20.0, label(value));
        let _ = writeln!(
            svg,
            r#"<text class="soft" x="{place:.1}" y="{below}" text-anchor="middle">{text}</text>"#
        );
    }
}

/// Draws a line through the medians, with a whisker from the least to the most at each.
fn draw_line(svg: &mut String, line: &Line, x: &Axis, y: &Axis) {
    let colour = colour(line.contender);
    let ours = if line.contender == Contender::Switchboard { " ours" } else { "" };
    let mut path = String::new();
    let mut marks = String::new();
    for (value, spread) in &line.points {
        let (x, median) = (x.place(*value), y.place(spread.median));
        let _ = write!(path, "{}{x:.1} {median:.1}", if path.is_empty() { 'M' } else { 'L' });
        let [least, most] = [spread.least, spread.most].map(|value| y.place(value));
        let _ = writeln!(marks, r#"<path class="line c{colour}" d="M{x:.1} {least:.1}V{most:.1}"/>"#);
        let _ = writeln!(marks, r#"<circle class="d{colour}" cx="{x:.1}" cy="{median:.1}" r="4"/>"#);
    }
    let _ = writeln!(svg, r#"<path class="line c{colour}{ours}" d="{path}"/>"#);
    if line.points.len() <= MOST_MARKS {
        *svg += &marks;
    }
}

/// Writes names beside the ends of the lines, moved apart where lines end close to each other.
fn names(svg: &mut String, lines: &[Line], y: &Axis) {
    let end = |line: &Line| line.points.last().map_or(BOTTOM, |(_, spread)| y.place(spread.median));
    let mut names: Vec<_> = lines.iter().map(|line| (end(line), line.contender)).collect();
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    // From the bottom up, so that no name is pushed below the axis.
    let mut lowest = BOTTOM + NAME_HEIGHT;
    for (place, contender) in names.into_iter().rev() {
        lowest = place.min(lowest - NAME_HEIGHT);
        let (dot, text, middle) = (RIGHT + 16.0, RIGHT + 26.0, lowest + 4.5);
        let colour = colour(contender);
        let _ = writeln!(svg, r#"<circle class="d{colour}" cx="{dot}" cy="{lowest:.1}" r="4"/>"#);
        let weight = if contender == Contender::Switchboard { r#" font-weight="600""# } else { "" };
        let _ = writeln!(svg, r#"<text x="{text}" y="{middle:.1}"{weight}>{contender}</text>"#);
    }
}

/// The number of a colour in [`STYLE`].
fn colour(contender: Contender) -> usize {
    Contender::ALL.iter().position(|other| *other == contender).unwrap_or(0)
}
