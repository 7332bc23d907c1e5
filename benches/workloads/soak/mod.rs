//! A soak: calls at a steady rate for a long time, with participants that leave, vanish and resume. The
//! leftovers are measured.

mod visit;

use std::{
    cell::Cell,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use futures_util::future::try_join_all;
use tokio::{
    select,
    task::JoinSet,
    time::{Instant, interval, sleep},
};

use crate::{
    model::{
        contender::Contender,
        figure::{BUSY, Bound, Figure, Target},
        plot::{Line, Plot, Scale},
        results::{Figures, Section},
        size::Size,
        spread::Spread,
        trend::Trend,
    },
    options,
    progress::show,
    server::{Server, Settings},
    workloads::{meter::Meter, workload::Workload},
};

/// Calls a second.
const CALLS_PER_SECOND: u32 = 100;

/// The part of the time that does not count: the number of seats is constant only after the first leases have
/// ended.
const WARM_UP: f64 = 0.2;

/// Interval of memory readings.
const GLANCE: Duration = Duration::from_secs(2);

/// Time after the last call until every seat must be free: a lease of 30 s, and the detection of loss.
const LEASES: Duration = Duration::from_secs(45);

/// Calls before files are counted, as a store opens some on first use.
const FIRST_CALLS: u32 = 100;

/// The number of the first call that counts.
const FIRST_NUMBER: u32 = 10 * FIRST_CALLS;

const BYTES_PER_MIB: f64 = 1_048_576.0;

const SLOPE: &str = "mib_a_minute";
const ERROR: &str = "mib_a_minute_error";
const FIT: &str = "fit";
const MINUTES: &str = "minutes";
const CALLS: &str = "calls";
const WARM: &str = "resident_mib_warm";
const ENDED: &str = "resident_mib_ended";
const FILES_BEFORE: &str = "files_before";
const FILES_AFTER: &str = "files_after";
const SOCKETS_LEFT: &str = "sockets_left";
const ROOMS_LEFT: &str = "rooms_left";

/// The key of resident MiB at a time is this prefix and the second.
const AT: &str = "resident_mib_at_";

/// See [`Workload::about`].
pub struct Soak {
    size: Size,
    /// The address of the measured server's metrics.
    ops: Cell<Option<SocketAddr>>,
}

impl Soak {
    pub fn new(size: Size) -> Self {
        Self { size, ops: Cell::default() }
    }

    async fn rooms(&self) -> anyhow::Result<f64> {
        let ops = self.ops.get().context("the server was told where to listen")?;
        let metrics = reqwest::get(format!("http://{ops}/metrics")).await?.text().await?;
        let rooms = metrics.lines().find_map(|line| line.strip_prefix("switchboard_rooms "));
        Ok(rooms.context("no switchboard_rooms")?.parse()?)
    }

    /// The number of rooms left when every lease must have ended.
    async fn rooms_left(&self) -> anyhow::Result<f64> {
        let end = Instant::now() + LEASES;
        loop {
            let rooms = self.rooms().await?;
            if rooms == 0.0 || Instant::now() > end {
                return Ok(rooms);
            }
            sleep(GLANCE).await;
        }
    }
}

#[async_trait(?Send)]
impl Workload for Soak {
    fn name(&self) -> &'static str {
        "soak"
    }

    fn heading(&self) -> &'static str {
        "Soak"
    }

    fn about(&self) -> String {
        format!(
            "{CALLS_PER_SECOND} calls start each second, whether or not earlier ones have ended: two \
             connections, two joins, offer and answer of 4 kB, ten candidates and one stored message each \
             way, three seconds of silence, two departures. In one call of ten both connections are reset \
             and neither participant returns. In another one connection is reset, and its participant \
             resumes with the session token and continues. The slope is that of a line through the resident \
             memory (least squares; R² is the part of the variance that time explains; the error is the \
             slope's standard error), without the first {:.0} % of the time. At the end, after the last \
             lease, no room and no connection may be left. Open files are counted too; the store opens its \
             readers on first use.",
            WARM_UP * 100.0,
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals| Figure { key, title, decimals, compared: false };
        vec![
            figure(SLOPE, "Growth of resident MiB per minute", 4),
            figure(ERROR, "Standard error of the growth, MiB per minute", 4),
            figure(FIT, "Fit of the line, R²", 2),
            figure(WARM, "Resident MiB after the warm-up", 1),
            figure(ENDED, "Resident MiB when the last call ended", 1),
            figure(MINUTES, "Minutes", 1),
            figure(CALLS, "Calls", 0),
            figure(BUSY, "The server's use of its core, %", 1),
            figure(FILES_BEFORE, "Files and connections open before", 0),
            figure(FILES_AFTER, "Files and connections open afterwards", 0),
            figure(SOCKETS_LEFT, "Connections left open", 0),
            figure(ROOMS_LEFT, "Rooms left when the leases had ended", 0),
        ]
    }

    fn cases(&self) -> Vec<String> {
        vec![case()]
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        vec![Contender::Switchboard]
    }

    fn repetitions(&self, _size: Size) -> u32 {
        1
    }

    async fn settings(&self, _case: usize) -> anyhow::Result<Settings> {
        let ops = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        self.ops.set(Some(ops));
        Ok(vec![("OPS_LISTEN", ops.to_string())])
    }

    async fn measure(&self, _case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let duration = options::soak(self.size)?;
        let first = (0..FIRST_CALLS).map(|number| visit::visit(server.place().address, 10 * number + 2));
        try_join_all(first).await?;
        let files_before = quiet_files(server).await?;
        let sockets_before = server.open_sockets()?;
        let meter = Meter::start(server)?;
        let (calls, memory) = make_calls(server, duration).await?;
        let cost = meter.stop(server, calls)?;
        let rooms_left = self.rooms_left().await?;
        let files_after = quiet_files(server).await?;
        let sockets_after = server.open_sockets()?;
        let mut figures = Figures::from([
            (MINUTES.to_owned(), cost.seconds / 60.0),
            (CALLS.to_owned(), calls),
            (BUSY.to_owned(), cost.cpu_seconds / cost.seconds * 100.0),
            (FILES_BEFORE.to_owned(), files_before.into()),
            (FILES_AFTER.to_owned(), files_after.into()),
            (SOCKETS_LEFT.to_owned(), f64::from(sockets_after) - f64::from(sockets_before)),
            (ROOMS_LEFT.to_owned(), rooms_left),
        ]);
        figures.extend(growth(&memory, duration)?);
        figures.extend(memory.into_iter().map(|(at, mib)| (format!("{AT}{at:06.0}"), mib)));
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        let target = |text: &str, figure, most| Target {
            text: text.to_owned(),
            bound: Bound::AtMost { case: case(), figure, most },
        };
        vec![
            target("no growth: at most 0.1 MiB a minute, 17 bytes for each call", SLOPE, 0.1),
            target("no room is left", ROOMS_LEFT, 0.0),
            target("no connection is left open", SOCKETS_LEFT, 0.0),
        ]
    }

    fn plots(&self, section: &Section) -> Vec<Plot> {
        let figures = section.samples.iter().flat_map(|sample| &sample.figures);
        let point = |(key, mib): (&String, &f64)| {
            let second: f64 = key.strip_prefix(AT)?.parse().ok()?;
            Some((second / 60.0, Spread::of(vec![*mib])?))
        };
        let line = Line { contender: Contender::Switchboard, points: figures.filter_map(point).collect() };
        vec![Plot {
            name: "soak",
            title: format!("Resident memory, {CALLS_PER_SECOND} calls a second"),
            x: Scale { title: "minutes", logarithmic: false },
            y: Scale { title: "MiB", logarithmic: false },
            lines: vec![line],
        }]
    }
}

fn case() -> String {
    format!("{CALLS_PER_SECOND} calls a second")
}

/// Starts calls at their rate for a duration and waits for the last one. Returns their number, and the
/// resident memory over time: seconds and MiB.
async fn make_calls(server: &Server, duration: Duration) -> anyhow::Result<(f64, Vec<(f64, f64)>)> {
    let address = server.place().address;
    let began = Instant::now();
    let mut calls = interval(Duration::from_secs(1) / CALLS_PER_SECOND);
    let mut glance = interval(GLANCE);
    let (mut numbers, mut running, mut memory) = (FIRST_NUMBER.., JoinSet::new(), Vec::new());
    while began.elapsed() < duration {
        select! {
            _ = calls.tick() => {
                let number = numbers.next().context("no numbers left")?;
                running.spawn(visit::visit(address, number));
            }
            _ = glance.tick() => {
                memory.push((began.elapsed().as_secs_f64(), server.resident_bytes()? / BYTES_PER_MIB));
            }
            Some(ended) = running.join_next() => ended??,
        }
    }
    show("soak: the last calls");
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok((f64::from(numbers.start - FIRST_NUMBER), memory))
}

/// The trend of memory after the warm-up.
fn growth(memory: &[(f64, f64)], duration: Duration) -> anyhow::Result<Figures> {
    let begin = duration.as_secs_f64() * WARM_UP;
    let warm = memory.iter().filter(|(at, _)| *at >= begin);
    let warm: Vec<_> = warm.map(|(at, mib)| (at / 60.0, *mib)).collect();
    let trend = Trend::through(&warm).context("too short for a trend")?;
    Ok(Figures::from([
        (SLOPE.to_owned(), trend.slope),
        (ERROR.to_owned(), trend.error),
        (FIT.to_owned(), trend.fit),
        (WARM.to_owned(), warm.first().map_or(0.0, |(_, mib)| *mib)),
        (ENDED.to_owned(), warm.last().map_or(0.0, |(_, mib)| *mib)),
    ]))
}

/// The number of open files once ended connections are closed.
async fn quiet_files(server: &Server) -> anyhow::Result<u32> {
    let mut before = server.open_files()?;
    loop {
        sleep(GLANCE).await;
        let now = server.open_files()?;
        if now >= before {
            return Ok(now);
        }
        before = now;
    }
}
