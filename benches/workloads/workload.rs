//! What a workload is.

use async_trait::async_trait;

use crate::{
    model::{
        contender::Contender,
        figure::{Figure, Target},
        plot::Plot,
        results::{Figures, Section},
        size::Size,
    },
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
