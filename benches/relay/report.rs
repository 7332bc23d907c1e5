//! The report: the machine, and a table of medians.

use std::fmt;

use super::{
    calls::{AT_ONCE, CANDIDATES},
    machine::Facts,
    options::Options,
    sample::{Sample, WINDOWS},
};

/// Everything that was found out.
pub struct Report {
    pub facts: Facts,
    pub options: Options,
    /// Switchboard's and the Node service's, one for each repetition.
    pub samples: [Vec<Sample>; 2],
}

/// One line of a table.
struct Row {
    what: &'static str,
    value: fn(&Sample) -> f64,
    decimals: usize,
    better: Better,
}

#[derive(Clone, Copy)]
enum Better {
    Less,
    More,
    /// Says how to read the others.
    Neither,
}

const fn row(what: &'static str, decimals: usize, better: Better, value: fn(&Sample) -> f64) -> Row {
    Row { what, value, decimals, better }
}

const ONE_BY_ONE: [Row; 3] = [
    row("CPU seconds per 100,000 messages", 2, Better::Less, |sample| {
        sample.relayed[0].cost.cpu_seconds_per(100_000.0)
    }),
    row("messages per second", 0, Better::More, |sample| sample.relayed[0].cost.per_second()),
    row("the server's use of its core, %", 0, Better::Neither, |sample| {
        sample.relayed[0].cost.busy_percent()
    }),
];

const IN_BURSTS: [Row; 3] = [
    row("CPU seconds per 100,000 messages", 2, Better::Less, |sample| {
        sample.relayed[1].cost.cpu_seconds_per(100_000.0)
    }),
    row("messages per second", 0, Better::More, |sample| sample.relayed[1].cost.per_second()),
    row("the server's use of its core, %", 0, Better::Neither, |sample| {
        sample.relayed[1].cost.busy_percent()
    }),
];

const CALLS: [Row; 3] = [
    row("CPU milliseconds per call", 2, Better::Less, |sample| sample.calls.cpu_seconds_per(1_000.0)),
    row("calls set up per second", 0, Better::More, |sample| sample.calls.per_second()),
    row("the server's use of its core, %", 0, Better::Neither, |sample| sample.calls.busy_percent()),
];

const MEMORY: [Row; 3] = [
    row("resident MiB, nobody there yet", 1, Better::Less, |sample| sample.resident_mib),
    row("resident MiB, everybody in their rooms", 1, Better::Less, |sample| sample.relayed[0].before_mib),
    row("resident MiB after the first relay", 1, Better::Less, |sample| sample.relayed[0].after_mib),
];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { pairs, messages, calls, repetitions, .. } = &self.options;
        let [one, many] = WINDOWS;
        writeln!(f, "## The machine\n\n{}", self.facts)?;
        writeln!(f, "## What was found\n")?;
        writeln!(
            f,
            "Medians of {repetitions} repetitions (least–most). The factor is taken within each repetition;"
        )?;
        writeln!(f, "above 1 Switchboard is better.\n")?;
        let relay = format!("{pairs} pairs, {} messages", thousands(f64::from(*messages)));
        self.table(f, &format!("Relay, {one} message of each pair under way ({relay})"), &ONE_BY_ONE)?;
        self.table(f, &format!("Relay, {many} messages of each pair under way ({relay})"), &IN_BURSTS)?;
        let calls = thousands(f64::from(*calls));
        let heading =
            format!("Whole calls, {AT_ONCE} at once, {CANDIDATES} candidates each way ({calls} calls)");
        self.table(f, &heading, &CALLS)?;
        self.table(f, &format!("Memory ({} connections)", 2 * pairs), &MEMORY)
    }
}

impl Report {
    fn table(&self, f: &mut fmt::Formatter<'_>, heading: &str, rows: &[Row]) -> fmt::Result {
        writeln!(f, "### {heading}\n")?;
        writeln!(f, "| | Switchboard | Node | factor |\n|---|---|---|---|")?;
        for row in rows {
            let [ours, theirs] = self.samples.each_ref().map(|samples| values(row, samples));
            let factor = factor(row.better, &ours, &theirs);
            let [ours, theirs] = [ours, theirs].map(|values| spread(values, row.decimals));
            writeln!(f, "| {} | {ours} | {theirs} | {factor} |", row.what)?;
        }
        writeln!(f)
    }
}

fn values(row: &Row, samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(row.value).collect()
}

fn factor(better: Better, ours: &[f64], theirs: &[f64]) -> String {
    let pairs = ours.iter().zip(theirs);
    match better {
        Better::Less => spread(pairs.map(|(ours, theirs)| theirs / ours).collect(), 1),
        Better::More => spread(pairs.map(|(ours, theirs)| ours / theirs).collect(), 1),
        Better::Neither => String::new(),
    }
}

/// The median, the least and the most.
fn spread(mut values: Vec<f64>, decimals: usize) -> String {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    };
    let [median, least, most] =
        [median, values[0], values[values.len() - 1]].map(|value| number(value, decimals));
    format!("{median} ({least}–{most})")
}

fn number(value: f64, decimals: usize) -> String {
    if decimals == 0 { thousands(value) } else { format!("{value:.decimals$}") }
}

/// A whole number with a comma at every thousand.
fn thousands(value: f64) -> String {
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

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, cpu_model, kernel, node, load_average, others_percent, .. } = self;
        writeln!(f, "- {cores} cores ({cpu_model}), Linux {kernel}, Node {node}.")?;
        writeln!(f, "- {}", self.placement())?;
        write!(f, "- Load average before the run {load_average:.2}; ")?;
        write!(f, "others used {others_percent:.0} % of the machine during it. ")?;
        writeln!(f, "{}", self.verdict())
    }
}

impl Facts {
    fn verdict(&self) -> &'static str {
        if self.is_noisy() {
            "**Noisy**: the rates mean little; the CPU times suffer too, if less."
        } else {
            "Quiet."
        }
    }

    fn placement(&self) -> &'static str {
        match (self.pinned, self.siblings) {
            (true, false) => "The server had one core, the load generator another.",
            (true, true) => {
                "The server had one core, the load generator another; both are threads of one core."
            }
            (false, _) => "Nothing was pinned to a core: `taskset` or the cores are missing.",
        }
    }
}
