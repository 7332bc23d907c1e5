//! Idle participants: the cost of their connections and seats.

use std::time::Duration;

use anyhow::bail;
use async_trait::async_trait;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    load::crowd::Crowd,
    model::{
        contender::{Contender, Dialect},
        figure::{Bound, Figure, Target},
        plot::{self, Plot, Scale},
        results::{Figures, Section},
        size::Size,
        spread::number,
    },
    server::{Server, Settings},
    workloads::{meter::Meter, workload::Workload},
};

/// More connections than any case opens: Switchboard's own limit is lower.
const MAX_CONNECTIONS: u32 = 19_000;

/// Interval of memory readings, the change of memory at rest, and the limit until it rests.
const GLANCE: Duration = Duration::from_millis(250);
const RESTS: f64 = 0.002;
const UNREST: Duration = Duration::from_secs(5);

/// Limit until every connection is closed.
const TIMEOUT: Duration = Duration::from_mins(1);

const BYTES_PER_MIB: f64 = 1_048_576.0;
const BYTES_PER_KB: f64 = 1_000.0;

const EACH: &str = "resident_kb_each";
const CPU_EACH: &str = "cpu_ms_each_minute";
const UNLOADED: &str = "resident_mib_nobody";
const LOADED: &str = "resident_mib_everybody";
const FIRST: &str = "resident_mib_after_round_1";
const SECOND: &str = "resident_mib_after_round_2";
const GROWTH: &str = "growth_percent";

/// See [`Workload::about`].
pub struct Idle {
    /// Numbers of connections, ascending. The last case measures more than memory.
    sizes: Vec<u32>,
}

impl Idle {
    pub fn new(size: Size) -> Self {
        let sizes = match size {
            Size::Full => vec![2_000, 8_000, 18_000],
            Size::Quick => vec![500, 2_000],
        };
        Self { sizes }
    }

    fn case(size: u32) -> String {
        format!("{} connections", number(size.into(), 0))
    }

    fn most(&self) -> String {
        self.sizes.last().map(|size| Self::case(*size)).unwrap_or_default()
    }
}

#[async_trait(?Send)]
impl Workload for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn heading(&self) -> &'static str {
        "Idle participants"
    }

    fn about(&self) -> String {
        format!(
            "WebSockets, two in each room, joined and silent. Memory is the resident memory of the process \
             at rest, less that before the first connection, divided by the number of connections. In the \
             largest case the CPU time is measured over a few intervals of the server's pings, all of which \
             are answered (every 5 s for Switchboard, every 25 s for Node; the bare relays send none). Then \
             all participants leave, and the same happens again on the same process. Growth is the \
             difference of the resident memory after the second round and after the first, as a part of the \
             memory of a round; 0 means that no memory of departed participants is kept. The run fails when \
             a participant receives an event or loses its connection. Switchboard's own limit \
             (`MAX_CONNECTIONS`) is raised to {}.",
            number(MAX_CONNECTIONS.into(), 0),
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        vec![
            figure(EACH, "Resident kB for each connection", 1, true),
            figure(CPU_EACH, "CPU milliseconds for each connection and minute", 3, true),
            figure(UNLOADED, "Resident MiB before the first connection", 1, false),
            figure(LOADED, "Resident MiB with all connected", 1, false),
            figure(FIRST, "Resident MiB after all have left", 1, false),
            figure(SECOND, "Resident MiB after all have joined again and left", 1, false),
            figure(GROWTH, "Growth from one round to the next, % of a round's memory", 1, false),
        ]
    }

    fn cases(&self) -> Vec<String> {
        self.sizes.iter().copied().map(Self::case).collect()
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        vec![Contender::Switchboard, Contender::Tungstenite, Contender::Epoll, Contender::Node]
    }

    fn repetitions(&self, size: Size) -> u32 {
        match size {
            Size::Full => 5,
            // Long enough for Node's pings.
            Size::Quick => 1,
        }
    }

    async fn settings(&self, _case: usize) -> anyhow::Result<Settings> {
        Ok(vec![("MAX_CONNECTIONS", MAX_CONNECTIONS.to_string())])
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let people = self.sizes[case];
        let unloaded = resting_bytes(server).await?;
        let sockets = server.open_sockets()?;
        let mut crowd = Crowd::gather(server.place(), people).await?;
        let loaded = crowd.unless_one_fails(resting_bytes(server)).await??;
        let took = loaded - unloaded;
        let mut figures = Figures::from([
            (EACH.to_owned(), took / f64::from(people) / BYTES_PER_KB),
            (UNLOADED.to_owned(), unloaded / BYTES_PER_MIB),
            (LOADED.to_owned(), loaded / BYTES_PER_MIB),
        ]);
        if case + 1 == self.sizes.len() {
            if server.place().contender.dialect() == Dialect::Mesh {
                figures.insert(CPU_EACH.to_owned(), cpu_ms_each_minute(server, &mut crowd, people).await?);
            }
            let first = after_leaving(server, crowd, sockets).await?;
            let again = Crowd::gather(server.place(), people).await?;
            let second = after_leaving(server, again, sockets).await?;
            figures.insert(FIRST.to_owned(), first / BYTES_PER_MIB);
            figures.insert(SECOND.to_owned(), second / BYTES_PER_MIB);
            figures.insert(GROWTH.to_owned(), (second - first) / took * 100.0);
        }
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        let most = 19.0;
        let mut targets: Vec<_> = self
            .cases()
            .into_iter()
            .map(|case| Target {
                text: format!("{case}: at most {most} kB for each"),
                bound: Bound::AtMost { case, figure: EACH, most },
            })
            .collect();
        let bound = Bound::AtMost { case: self.most(), figure: GROWTH, most: 5.0 };
        targets.push(Target { text: "nothing grows from one round to the next (at most 5 %)".into(), bound });
        targets
    }

    fn plots(&self, section: &Section) -> Vec<Plot> {
        let stops: Vec<_> =
            self.sizes.iter().map(|size| (f64::from(*size), Self::case(*size), EACH)).collect();
        vec![Plot {
            name: "idle-memory",
            title: "Memory for each idle connection".to_owned(),
            x: Scale { title: "connections", logarithmic: true },
            y: Scale { title: "kB for each", logarithmic: false },
            lines: plot::lines(section, &stops),
        }]
    }
}

/// The resident memory of the server once it no longer changes, or after the limit.
async fn resting_bytes(server: &Server) -> anyhow::Result<f64> {
    let end = Instant::now() + UNREST;
    let mut before = server.resident_bytes()?;
    let mut calm = 0;
    while calm < 4 && Instant::now() < end {
        sleep(GLANCE).await;
        let now = server.resident_bytes()?;
        calm = if (now - before).abs() <= before * RESTS { calm + 1 } else { 0 };
        before = now;
    }
    Ok(before)
}

async fn cpu_ms_each_minute(server: &Server, crowd: &mut Crowd, people: u32) -> anyhow::Result<f64> {
    // Whole ping intervals, so that each connection has the same number of pings.
    let window = match server.place().contender {
        Contender::Node => Duration::from_secs(25),
        _ => Duration::from_secs(10),
    };
    let meter = Meter::start(server)?;
    crowd.unless_one_fails(sleep(window)).await?;
    let cost = meter.stop(server, people.into())?;
    Ok(cost.cpu_seconds / cost.operations / (cost.seconds / 60.0) * 1_000.0)
}

/// The resident memory after all participants have left and the server has closed every connection.
async fn after_leaving(server: &Server, crowd: Crowd, sockets: u32) -> anyhow::Result<f64> {
    let closed = async {
        crowd.leave().await?;
        while server.open_sockets()? > sockets {
            sleep(GLANCE).await;
        }
        anyhow::Ok(())
    };
    let Ok(closed) = timeout(TIMEOUT, closed).await else { bail!("not loaded could leave") };
    closed?;
    resting_bytes(server).await
}
