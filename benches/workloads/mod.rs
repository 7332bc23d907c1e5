//! The kinds of work that are measured. A new one is a file here and a line in [`all`].

mod calls;
mod idle;
mod joins;
mod media;
mod nodes;
mod pace;
mod relay;
mod saves;
mod soak;
mod storm;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};

use self::{
    calls::Calls, idle::Idle, joins::Joins, media::Media, nodes::Nodes, relay::Relay, saves::Saves,
    soak::Soak, storm::Storm,
};
use super::{
    contenders::Contender,
    load::{
        pair::{self, Participant, Place},
        wire::Signal,
    },
    options::Size,
    report::plot::Plot,
    results::{Figures, Section},
    server::{Layout, Server, Settings},
};

/// One kind of work. Its cases are measured on all its contenders in turn, each time on a fresh server.
#[async_trait(?Send)]
pub trait Workload {
    /// Short and stable: what `BENCH_ONLY` and the stored results call it.
    fn name(&self) -> &'static str;

    /// What the report calls it.
    fn heading(&self) -> &'static str;

    /// What is done and what is checked, in plain words, as Markdown.
    fn about(&self) -> String;

    /// What is found out in each measurement; the figure of merit first.
    fn figures(&self) -> Vec<Figure>;

    /// What is varied. The names are the rows of the report.
    fn cases(&self) -> Vec<String>;

    /// Who is measured in the `case`th case.
    fn contenders(&self, case: usize) -> Vec<Contender>;

    fn repetitions(&self, size: Size) -> u32 {
        match size {
            Size::Full => 5,
            Size::Quick => 2,
        }
    }

    /// How many processes the server is.
    fn layout(&self, _case: usize) -> Layout {
        Layout::Alone
    }

    /// What the server is told besides the defaults of [`Server`]. Every contender is given it.
    async fn settings(&self, _case: usize) -> anyhow::Result<Settings> {
        Ok(Settings::new())
    }

    /// Does the `case`th case on `server`, which has just been started, and says what was found. Fails when anything
    /// was lost, doubled, changed or out of order.
    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures>;

    /// What Switchboard has to reach.
    fn targets(&self) -> Vec<Target>;

    /// Pictures of a section.
    fn plots(&self, _section: &Section) -> Vec<Plot> {
        Vec::new()
    }
}

/// Every workload, in the order of the report.
pub fn all(size: Size) -> Vec<Box<dyn Workload>> {
    vec![
        Box::new(Relay::of_candidates(size)),
        Box::new(Relay::of_offers(size)),
        Box::new(Nodes::new(size)),
        Box::new(Calls::new(size)),
        Box::new(Joins::new(size)),
        Box::new(Idle::new(size)),
        Box::new(Storm::new(size)),
        Box::new(Saves::new(size)),
        Box::new(Media::new(size)),
        Box::new(Soak::new(size)),
    ]
}

/// How many connections are made or closed at the same time.
const AT_ONCE: usize = 64;

/// Connects so many pairs. Their rooms are numbered from 0.
async fn gather(place: Place, pairs: u32, signal: Signal) -> anyhow::Result<Vec<Participant>> {
    let meeting = stream::iter((0..pairs).map(|room| pair::meet(place, room, signal)));
    let met: Vec<_> = meeting.buffered(AT_ONCE).try_collect().await?;
    Ok(met.into_iter().flatten().collect())
}

/// Lets everybody leave. All say so first: whoever waits for its turn answers no pings.
async fn disperse(mut everybody: Vec<Participant>) -> anyhow::Result<()> {
    for participant in &mut everybody {
        participant.say_goodbye().await?;
    }
    stream::iter(everybody).map(Participant::go).buffer_unordered(AT_ONCE).try_collect().await
}

/// What so many of a thousand do not exceed. `sorted` has the least first, and is not empty.
fn ranked(sorted: &[f64], thousandths: usize) -> f64 {
    sorted[(sorted.len() * thousandths).div_ceil(1_000) - 1]
}

/// Something that is found out.
pub struct Figure {
    /// What the stored results call it.
    pub key: &'static str,
    /// What the report calls it, with its unit.
    pub title: &'static str,
    pub decimals: usize,
    /// Whether Switchboard's is also shown as a multiple of the others'.
    pub compared: bool,
}

/// Something to reach.
pub struct Target {
    /// In plain words.
    pub text: String,
    pub bound: Bound,
}

/// What a target demands of the median over the repetitions. `case` and `figure` name what is meant.
pub enum Bound {
    AtMost {
        case: String,
        figure: &'static str,
        most: f64,
    },
    AtLeast {
        case: String,
        figure: &'static str,
        least: f64,
    },
    /// Ours is at most so many times theirs.
    MultipleAtMost {
        case: String,
        figure: &'static str,
        of: Contender,
        most: f64,
    },
    /// Ours is at least so many times theirs.
    MultipleAtLeast {
        case: String,
        figure: &'static str,
        of: Contender,
        least: f64,
    },
    /// Ours in one case is at most so many times ours in another.
    TimesCaseAtMost {
        case: String,
        other: String,
        figure: &'static str,
        most: f64,
    },
    /// Among these cases the greatest is at most so many times the least.
    Flat {
        cases: Vec<String>,
        figure: &'static str,
        most: f64,
    },
}

impl Bound {
    /// Whether figures are held against each other, rather than one against a number.
    pub const fn compares(&self) -> bool {
        !matches!(self, Self::AtMost { .. } | Self::AtLeast { .. })
    }
}
