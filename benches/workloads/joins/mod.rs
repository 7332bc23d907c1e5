//! Joins: the cost of a seat that other nodes must know.

mod people;

use async_trait::async_trait;

use self::people::People;
use crate::{
    model::{
        contender::Contender::{self, Node, Switchboard},
        figure::{BUSY, Figure, Target},
        results::Figures,
        size::Size,
        spread::number,
    },
    server::{Layout, Server},
    workloads::{
        meter::{Cost, Meter},
        workload::Workload,
    },
};

/// Concurrent joins of the closed loop.
const AT_ONCE: usize = 32;

/// Joins a second of the open loop.
const RATE: u32 = 1_000;

const CPU_EACH: &str = "cpu_ms_each";
const REDIS_CPU_EACH: &str = "redis_cpu_ms_each";
const JOINS: &str = "joins_per_second";

/// Durations of joins in milliseconds: one in this many is longer.
const LATENCIES: [(&str, u32, &str); 3] = [
    ("p50_ms", 2, "Half of the joins take longer, ms"),
    ("p99_ms", 100, "One join in 100 takes longer, ms"),
    ("p999_ms", 1_000, "One join in 1,000 takes longer, ms"),
];

/// The seat registry.
#[derive(Clone, Copy)]
enum Seats {
    /// In the memory of the only process.
    Here,
    /// In Redis, with one process.
    Redis,
    /// In Redis, with two processes; the two participants of a room are on different ones.
    Apart,
}

/// The schedule of joins.
#[derive(Clone, Copy)]
enum Pace {
    Loop,
    Rate,
}

const CASES: [(Pace, Seats); 6] = [
    (Pace::Rate, Seats::Here),
    (Pace::Rate, Seats::Redis),
    (Pace::Rate, Seats::Apart),
    (Pace::Loop, Seats::Here),
    (Pace::Loop, Seats::Redis),
    (Pace::Loop, Seats::Apart),
];

/// See [`Workload::about`].
pub struct Joins {
    rooms: u32,
    /// Number of rooms for the warm-up of just-in-time compilers.
    warm_up: u32,
}

impl Joins {
    pub fn new(size: Size) -> Self {
        let rooms = if size == Size::Full { 2_000 } else { 200 };
        Self { rooms, warm_up: rooms / 4 }
    }
}

#[async_trait(?Send)]
impl Workload for Joins {
    fn name(&self) -> &'static str {
        "joins"
    }

    fn heading(&self) -> &'static str {
        "Joins, with and without Redis"
    }

    fn about(&self) -> String {
        format!(
            "{} participants are connected and wait. Then they join, first one into every room and then \
             another one into each: {} a second, whether or not earlier joins have ended, where a duration \
             starts at the intended time; or always {AT_ONCE} at once. A join ends when \
             `joined_successfully` is received. Seats are kept by one process alone, by one in Redis, or by \
             two in Redis, where the two participants of a room are on different processes. Processes and \
             Redis share one core; Redis's CPU time is counted separately. The run fails unless each \
             participant gets a seat and both of a room know each other under the same ids. At a fixed rate \
             the CPU time includes the pings and lease renewals of connected participants.",
            number(f64::from(2 * self.rooms), 0),
            number(RATE.into(), 0),
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        let latencies = LATENCIES.map(|(key, _, title)| figure(key, title, 2, false));
        let costs = [
            figure(CPU_EACH, "CPU milliseconds of all processes for each join, Redis apart", 3, true),
            figure(REDIS_CPU_EACH, "CPU milliseconds of Redis for each join", 3, false),
            figure(JOINS, "Joins a second", 0, false),
            figure(BUSY, "The processes' use of the servers' core, %, Redis apart", 0, false),
        ];
        latencies.into_iter().chain(costs).collect()
    }

    fn cases(&self) -> Vec<String> {
        CASES.into_iter().map(|(pace, seats)| format!("{}, {}", pace.title(), seats.title())).collect()
    }

    fn contenders(&self, _case: usize) -> Vec<Contender> {
        vec![Switchboard, Node]
    }

    fn repetitions(&self, size: Size) -> u32 {
        match size {
            Size::Full => 3,
            Size::Quick => 1,
        }
    }

    fn layout(&self, case: usize) -> Layout {
        match CASES[case].1 {
            Seats::Here => Layout::Alone,
            Seats::Redis => Layout::Together(1),
            Seats::Apart => Layout::Together(2),
        }
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let (pace, _) = CASES[case];
        let mut before = People::connect(server.place(), 0..self.warm_up).await?;
        before.join_in_a_loop(AT_ONCE).await?;
        let mut people = People::connect(server.place(), self.warm_up..self.warm_up + self.rooms).await?;
        let meter = Meter::start(server)?;
        let took = match pace {
            Pace::Loop => people.join_in_a_loop(AT_ONCE).await?,
            Pace::Rate => people.join_at_a_rate(RATE).await?,
        };
        let cost = meter.stop(server, took.count())?;
        before.leave().await?;
        people.leave().await?;
        let latencies = LATENCIES.map(|(key, one_in, _)| (key.to_owned(), took.one_in(one_in)));
        Ok(latencies.into_iter().chain(costs(cost)).collect())
    }

    fn targets(&self) -> Vec<Target> {
        Vec::new()
    }
}

impl Seats {
    const fn title(self) -> &'static str {
        match self {
            Self::Here => "no Redis",
            Self::Redis => "Redis, one node",
            Self::Apart => "Redis, two nodes",
        }
    }
}

impl Pace {
    fn title(self) -> String {
        match self {
            Self::Loop => format!("{AT_ONCE} at once"),
            Self::Rate => format!("{} a second", number(RATE.into(), 0)),
        }
    }
}

fn costs(cost: Cost) -> Figures {
    let each_ms = |seconds: f64| seconds / cost.operations * 1_000.0;
    let mut figures = Figures::from([
        (CPU_EACH.to_owned(), each_ms(cost.cpu_seconds)),
        (JOINS.to_owned(), cost.operations / cost.seconds),
        (BUSY.to_owned(), cost.cpu_seconds / cost.seconds * 100.0),
    ]);
    figures.extend(cost.redis_seconds.map(|seconds| (REDIS_CPU_EACH.to_owned(), each_ms(seconds))));
    figures
}
