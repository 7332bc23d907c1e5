//! Counted figures, their record, and the comparison of both.

use std::{collections::HashMap, env, fmt::Write, fs, path::Path};

const RECORD: &str = "tests/counts/recorded.toml";

const HEAD: &str = "\
# Costs of the shipped build, as `make counts` counts them; tests/counts/main.rs explains how and why.
# Written by `RENEW_COUNTS=1 make counts`. Renew it when a figure falls, and when one rises for a good reason,
# which the commit states.
";

/// The allowed distance of a figure from its record.
pub struct Margin {
    /// In percent of the record.
    above: f64,
    below: f64,
    /// A negligible difference, in the figure's own unit.
    nothing: f64,
}

/// Compilers and C libraries differ by a few percent. Processors hardly differ, as valgrind shows the same
/// one to all.
pub const INSTRUCTIONS: Margin = Margin { above: 5.0, below: 25.0, nothing: 0.0 };

/// Less than one more allocation per message.
pub const ALLOCATIONS: Margin = Margin { above: 4.0, below: 20.0, nothing: 0.1 };

/// Bytes of heap: exact, but structures differ a little between compilers.
pub const BYTES: Margin = Margin { above: 5.0, below: 20.0, nothing: 8.0 };

/// Bytes given out: in some runs, all messages take 16 bytes more than in others.
pub const GIVEN_BYTES: Margin = Margin { above: 8.0, below: 20.0, nothing: 0.0 };

/// A counted quantity.
pub struct Figure {
    /// As in the record.
    name: &'static str,
    value: f64,
    margin: Margin,
    /// A command that shows its causes.
    look: &'static str,
}

/// The figures of one run.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds `total` divided by `count`.
    #[expect(clippy::cast_precision_loss, reason = "nothing is counted to 2^52")]
    pub fn add(&mut self, name: &'static str, total: u64, count: usize, margin: Margin, look: &'static str) {
        self.0.push(Figure { name, value: total as f64 / count as f64, margin, look });
    }

    /// Prints a table and compares it with the record, or writes the record if `RENEW_COUNTS` is `1`.
    ///
    /// # Panics
    /// If a figure is too far from its record; the message has the figure, the distance and the command.
    pub fn settle(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD);
        if env::var("RENEW_COUNTS").is_ok_and(|value| value == "1") {
            fs::write(&path, self.as_record()).unwrap();
        }
        let recorded = parse(&fs::read_to_string(&path).unwrap_or_default());
        print(&self.table(&recorded));
        let complaints: Vec<_> = self.0.iter().filter_map(|figure| figure.complaint(&recorded)).collect();
        assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n\n"));
    }

    fn as_record(&self) -> String {
        let lines = self.0.iter().map(|figure| format!("{} = {}\n", figure.name, rounded(figure.value)));
        HEAD.to_owned() + "\n" + &lines.collect::<String>()
    }

    fn table(&self, recorded: &HashMap<String, f64>) -> String {
        let mut table = format!("\n{:<44}{:>14}{:>14}{:>10}\n", "counted", "now", "recorded", "change");
        for Figure { name, value, .. } in &self.0 {
            let words = name.replace('_', " ");
            let record = recorded.get(*name);
            let (record, change) = record
                .map_or((String::new(), String::new()), |record| (grouped(*record), change(*value, *record)));
            let _ = writeln!(table, "{words:<44}{:>14}{record:>14}{change:>10}", grouped(*value));
        }
        table
    }
}

impl Figure {
    fn complaint(&self, recorded: &HashMap<String, f64>) -> Option<String> {
        let Self { name, value, margin, look } = self;
        let Some(&record) = recorded.get(*name) else {
            return Some(format!("{name} has no record. `RENEW_COUNTS=1 make counts` makes one."));
        };
        let most = record + (record * margin.above / 100.0).max(margin.nothing);
        let least = record - (record * margin.below / 100.0).max(margin.nothing);
        let (now, then) = (grouped(*value), grouped(record));
        if *value > most {
            let over = grouped(value - most);
            let most = grouped(most);
            return Some(format!(
                "{name} is {now}: {over} over the bound of {most}; recorded was {then}.\nLook: {look}"
            ));
        }
        (*value < least).then(|| {
            format!(
                "{name} is {now}; recorded was {then}. It fell so far that the record no longer guards it:\n\
                 TIGHTEN THE BOUND with `RENEW_COUNTS=1 make counts`, and commit {RECORD}."
            )
        })
    }
}

fn parse(record: &str) -> HashMap<String, f64> {
    let lines = record.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(" = "));
    pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
}

/// Prints past the test harness, which hides the output of passing tests.
fn print(text: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
}

/// With the precision that repeats.
fn rounded(value: f64) -> String {
    let digits = if value < 1_000.0 { 2 } else { 0 };
    format!("{value:.digits$}")
}

/// With commas between thousands.
fn grouped(value: f64) -> String {
    let text = rounded(value);
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let groups: Vec<_> =
        whole.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",") + fraction
}

fn change(now: f64, then: f64) -> String {
    if then == 0.0 { String::new() } else { format!("{:+.1} %", (now / then - 1.0) * 100.0) }
}

#[test]
fn figures_outside_their_margin_fail() {
    let recorded = parse("# a comment\n\nbytes = 1000\nleft = 0.00\n");
    let passes = |name, value| Figure { name, value, margin: BYTES, look: "" }.complaint(&recorded).is_none();
    assert!(passes("bytes", 1_050.0) && !passes("bytes", 1_051.0));
    assert!(passes("bytes", 800.0) && !passes("bytes", 799.0));
    assert!(passes("left", 8.0) && !passes("left", 9.0));
    assert!(!passes("something else", 0.0));
}
