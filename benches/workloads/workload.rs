//! The interface of a workload.

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

/// One kind of work. Its cases are measured on all its contenders in turn, each time on a new server.
#[async_trait(?Send)]
pub trait Workload {
    /// A short and stable name, for `BENCH_ONLY` and the stored results.
    fn name(&self) -> &'static str;

    /// The heading in the report.
    fn heading(&self) -> &'static str;

    /// The work and its checks, as Markdown.
    fn about(&self) -> String;

    /// The measured figures; the figure of merit first.
    fn figures(&self) -> Vec<Figure>;

    /// The varied cases, which are the rows of the report.
    fn cases(&self) -> Vec<String>;

    /// The contenders of case number `case`.
    fn contenders(&self, case: usize) -> Vec<Contender>;

    fn repetitions(&self, size: Size) -> u32 {
        match size {
            Size::Full => 5,
            Size::Quick => 2,
        }
    }

    /// The processes of the server.
    fn layout(&self, _case: usize) -> Layout {
        Layout::Alone
    }

    /// Settings on top of the defaults of [`Server`], for every contender.
    async fn settings(&self, _case: usize) -> anyhow::Result<Settings> {
        Ok(Settings::new())
    }

    /// Runs case number `case` on `server`, a new one, and returns the figures. Fails when a message is lost,
    /// repeated, changed or out of order.
    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures>;

    /// Targets for Switchboard.
    fn targets(&self) -> Vec<Target>;

    /// Plots of a section.
    fn plots(&self, _section: &Section) -> Vec<Plot> {
        Vec::new()
    }
}
