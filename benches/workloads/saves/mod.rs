//! Stored chats: rate and latency of saves.

mod disk;
mod http;
mod live;
mod messages;
mod read_back;

use std::{cell::RefCell, ops::Range};

use anyhow::Context;
use async_trait::async_trait;
use tokio::{
    task::JoinSet,
    time::{Duration, Instant, timeout},
};

use self::messages::{ROOMS, SAVERS, Way};
use crate::{
    model::{
        contender::Contender,
        figure::{BUSY, Bound, Figure, OWN_BUSY, Target},
        results::Figures,
        size::Size,
        spread::{number, ranked},
    },
    server::{Server, Settings, mongod::Mongod},
    workloads::{
        meter::{Cost, Meter},
        workload::Workload,
    },
};

/// The warm-up has this part of the measured saves.
const WARM_UP: u32 = 10;

/// The slowest tolerated store, in saves a second.
const SLOWEST: u32 = 50;

const RATE: &str = "saves_per_second";
const P50: &str = "p50_ms";
const P99: &str = "p99_ms";
const P999: &str = "p999_ms";
const CPU_EACH: &str = "cpu_ms_each";
const MONGOD_CPU_EACH: &str = "mongod_cpu_ms_each";
const FLUSH: &str = "flush_ms";

/// The store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Sqlite,
    MongoDb,
}

/// One way into one store.
#[derive(Clone, Copy)]
struct Case {
    way: Way,
    store: Store,
}

const CASES: [Case; 4] = [
    Case { way: Way::Live, store: Store::Sqlite },
    Case { way: Way::Http, store: Store::Sqlite },
    Case { way: Way::Live, store: Store::MongoDb },
    Case { way: Way::Http, store: Store::MongoDb },
];

impl Case {
    fn title(self) -> String {
        let way = match self.way {
            Way::Live => "`send_message`",
            Way::Http => "`PUT save-chats`",
        };
        let store = match self.store {
            Store::Sqlite => "SQLite",
            Store::MongoDb => "MongoDB",
        };
        format!("{way}, {store}")
    }
}

/// See [`Workload::about`].
pub struct Saves {
    size: Size,
    /// Started for one measurement, which takes it.
    mongod: RefCell<Option<Mongod>>,
}

impl Saves {
    pub fn new(size: Size) -> Self {
        Self { size, mongod: RefCell::default() }
    }

    /// Messages of each saver: more for a faster store.
    const fn each(&self, store: Store) -> u32 {
        match (self.size, store) {
            (Size::Full, Store::Sqlite) => 400,
            (Size::Full, Store::MongoDb) => 100,
            (Size::Quick, _) => 30,
        }
    }
}

#[async_trait(?Send)]
impl Workload for Saves {
    fn name(&self) -> &'static str {
        "saves"
    }

    fn heading(&self) -> &'static str {
        "Stored chats"
    }

    fn about(&self) -> String {
        format!(
            "{SAVERS} participants in {ROOMS} rooms write messages of 100 bytes, {} in all into SQLite and \
             {} into MongoDB, each the next one after the acknowledgement of the last: live, where the \
             other participant of the room receives every message too, or over HTTP, where savers go from \
             room to room. An acknowledgement means that the message is on the disk: SQLite with \
             `synchronous=FULL`, MongoDB (a replica set of one, on this machine, on any core) with majority \
             and journal. Every message is read back at the end and compared. One flush is the speed of \
             this disk: 4 KiB written and made durable with `fdatasync`, one after the other. Node keeps \
             the messages of HTTP in memory, and only the last save of each room, so they are not read \
             back; its row shows the cost of the requests.",
            number(f64::from(SAVERS * self.each(Store::Sqlite)), 0),
            number(f64::from(SAVERS * self.each(Store::MongoDb)), 0),
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        vec![
            figure(RATE, "Saves a second", 0, false),
            figure(P50, "Milliseconds until acknowledged, median", 2, false),
            figure(P99, "Milliseconds until acknowledged, 99th percentile", 2, false),
            figure(P999, "Milliseconds until acknowledged, 99.9th percentile", 2, false),
            figure(CPU_EACH, "CPU milliseconds of the server for each save", 3, false),
            figure(MONGOD_CPU_EACH, "CPU milliseconds of mongod for each save", 3, false),
            figure(BUSY, "The server's use of its core, %", 0, false),
            figure(OWN_BUSY, "The load generator's use of its core, %", 0, false),
            figure(FLUSH, "Milliseconds for one flush of this disk, median", 2, false),
        ]
    }

    fn cases(&self) -> Vec<String> {
        CASES.into_iter().map(Case::title).collect()
    }

    fn contenders(&self, case: usize) -> Vec<Contender> {
        let Case { way, store } = CASES[case];
        if way == Way::Http && store == Store::Sqlite {
            vec![Contender::Switchboard, Contender::Node]
        } else {
            vec![Contender::Switchboard]
        }
    }

    async fn settings(&self, case: usize) -> anyhow::Result<Settings> {
        if CASES[case].store == Store::Sqlite {
            return Ok(Settings::new());
        }
        let mongod = Mongod::start().await?;
        let settings = vec![("MONGODB_URI", mongod.uri())];
        self.mongod.replace(Some(mongod));
        Ok(settings)
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let Case { way, store } = CASES[case];
        let each = self.each(store);
        let mongod = self.mongod.take();
        let flush_ms = disk::flush_ms(server.data())?;
        let warm_up = each.div_ceil(WARM_UP);
        let savers = open(server, way).await?;
        let (savers, _) = save(savers, 0..warm_up).await?;
        let mongod_before = mongod.as_ref().map(Mongod::cpu_seconds).transpose()?;
        let meter = Meter::start(server)?;
        let (savers, took) = save(savers, warm_up..warm_up + each).await?;
        let cost = meter.stop(server, f64::from(SAVERS * each))?;
        let mongod_after = mongod.as_ref().map(Mongod::cpu_seconds).transpose()?;
        for saver in savers {
            saver.close(warm_up + each).await?;
        }
        // Node's last save replaces the earlier ones.
        if server.place().contender == Contender::Switchboard {
            read_back::check(server.place().address, way, warm_up + each).await?;
        }
        let mut figures = figures(cost, &took);
        figures.insert(FLUSH.to_owned(), flush_ms);
        if let (Some(before), Some(after)) = (mongod_before, mongod_after) {
            figures.insert(MONGOD_CPU_EACH.to_owned(), (after - before) / cost.operations * 1_000.0);
        }
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        let rate = |case: Case, least: f64| Target {
            text: format!("{}: at least {} a second", case.title(), number(least, 0)),
            bound: Bound::AtLeast { case: case.title(), figure: RATE, least },
        };
        let late = |case: Case, most: f64| Target {
            text: format!("{}: p99 below {most} ms", case.title()),
            bound: Bound::AtMost { case: case.title(), figure: P99, most },
        };
        let of = |case: Case| match case.store {
            Store::Sqlite => vec![rate(case, 3_000.0), late(case, 25.0)],
            Store::MongoDb => vec![rate(case, 1_000.0)],
        };
        CASES.into_iter().flat_map(of).collect()
    }
}

/// The figures of saves with these durations in milliseconds, ascending.
fn figures(cost: Cost, took: &[f64]) -> Figures {
    Figures::from([
        (RATE.to_owned(), cost.operations / cost.seconds),
        (P50.to_owned(), ranked(took, 500)),
        (P99.to_owned(), ranked(took, 990)),
        (P999.to_owned(), ranked(took, 999)),
        (CPU_EACH.to_owned(), cost.cpu_seconds / cost.operations * 1_000.0),
        (BUSY.to_owned(), cost.cpu_seconds / cost.seconds * 100.0),
        (OWN_BUSY.to_owned(), cost.own_seconds / cost.seconds * 100.0),
    ])
}

/// One saver.
enum Saver {
    Live(live::Saver),
    Http(http::Saver),
}

impl Saver {
    async fn save(&mut self, number: u32) -> anyhow::Result<()> {
        match self {
            Self::Live(saver) => saver.save(number).await,
            Self::Http(saver) => saver.save(number).await,
        }
    }

    /// Leaves after all savers have saved `total` messages.
    async fn close(self, total: u32) -> anyhow::Result<()> {
        match self {
            Self::Live(saver) => saver.leave(total).await,
            Self::Http(_) => Ok(()),
        }
    }
}

async fn open(server: &Server, way: Way) -> anyhow::Result<Vec<Saver>> {
    let mut savers = Vec::new();
    for number in 0..SAVERS {
        savers.push(match way {
            Way::Live => Saver::Live(live::Saver::open(server.place().address, number).await?),
            Way::Http => Saver::Http(http::Saver::open(server.place().address, number).await?),
        });
    }
    Ok(savers)
}

/// Lets all save these messages. Returns the savers and the durations of saves in milliseconds, ascending.
async fn save(savers: Vec<Saver>, numbers: Range<u32>) -> anyhow::Result<(Vec<Saver>, Vec<f64>)> {
    let limit = Duration::from_mins(1) + Duration::from_secs((SAVERS * numbers.end / SLOWEST).into());
    let mut working: JoinSet<anyhow::Result<_>> = savers
        .into_iter()
        .map(|mut saver| {
            let numbers = numbers.clone();
            async move {
                let mut took = Vec::new();
                for number in numbers {
                    let began = Instant::now();
                    saver.save(number).await?;
                    took.push(began.elapsed().as_secs_f64() * 1_000.0);
                }
                Ok((saver, took))
            }
        })
        .collect();
    let all = async {
        let (mut savers, mut took) = (Vec::new(), Vec::new());
        while let Some(done) = working.join_next().await {
            let (saver, times) = done??;
            savers.push(saver);
            took.extend(times);
        }
        took.sort_by(f64::total_cmp);
        Ok((savers, took))
    };
    timeout(limit, all).await.context("saving takes too long")?
}
