//! A storm: everybody loses the connection in one moment, and comes back as fast as the server lets them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use async_trait::async_trait;
use tokio::{
    select,
    sync::{Barrier, Semaphore},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    load::{
        mesh::Client,
        seat::{Outcome, Seat},
    },
    model::{
        contender::Contender,
        figure::{Bound, Figure, Target},
        results::Figures,
        size::Size,
        spread::{number, ranked},
    },
    server::{Layout, Server},
    workloads::workload::Workload,
};

/// How many try to connect at the same time: fewer than a kernel queues for a busy server (511 for Node).
const AT_ONCE: usize = 256;

/// How long somebody waits who was refused.
const PAUSE: Duration = Duration::from_millis(10);

/// How long anything may take before it counts as failed.
const PATIENCE: Duration = Duration::from_mins(2);

const MEDIAN: &str = "back_p50_seconds";
const NEARLY_ALL: &str = "back_p99_seconds";
const LAST: &str = "back_last_seconds";
const CPU_EACH: &str = "cpu_ms_each";
const TOLD_LEFT: &str = "told_left";

/// How many nodes serve where one of them is lost.
const NODES: usize = 3;

/// How connections are lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// All are reset; the server lives on and has to find out.
    Cut,
    /// The server is killed, and started again at once.
    Killed,
    /// The node that everybody is on is killed; the others go on.
    NodeKilled,
}

const LOSSES: [Loss; 3] = [Loss::Cut, Loss::Killed, Loss::NodeKilled];

/// See [`Workload::about`].
pub struct Storm {
    people: u32,
}

impl Storm {
    pub fn new(size: Size) -> Self {
        let people = match size {
            Size::Full => 10_000,
            Size::Quick => 1_000,
        };
        Self { people }
    }
}

#[async_trait(?Send)]
impl Workload for Storm {
    fn name(&self) -> &'static str {
        "storm"
    }

    fn heading(&self) -> &'static str {
        "Everybody loses the connection, and comes back"
    }

    fn about(&self) -> String {
        format!(
            "{} people, two in each room. Either all connections are reset at once while the server lives, or the \
             server is killed with `SIGKILL` and started again at the same address with the same data; or everybody \
             is on one of {NODES} nodes that share a Redis, it is killed for good, and the two of every room come \
             back to two others. Everybody comes back as fast as they can, {AT_ONCE} at a time, each with a new connection and their session \
             token, and is back when `join_room` is acknowledged; time runs from the loss. Then everybody says \
             something to the other one and must hear as much. The run fails unless everybody has the seat, the \
             participant id and the opposite they had, events count on without a gap (`resumed` is `true` after a \
             cut, `false` where a process was killed), and nobody is told that the other one left. CPU time after a \
             restart is all of the new process's, after a node was killed that of those that are left, which share \
             their core with Redis; its time is not in it. Node knows no sessions: its people join anew, under new ids, and it is shown \
             for what connecting and joining costs.",
            number(self.people.into(), 0),
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        vec![
            figure(LAST, "Seconds until the last one is back", 2, true),
            figure(MEDIAN, "Seconds until one is back, median", 2, false),
            figure(NEARLY_ALL, "Seconds until one is back, 99th percentile", 2, false),
            figure(CPU_EACH, "CPU milliseconds of the server for each", 3, true),
            figure(TOLD_LEFT, "How often somebody was told that the other one had left", 0, false),
        ]
    }

    fn cases(&self) -> Vec<String> {
        LOSSES.iter().map(|loss| loss.title().to_owned()).collect()
    }

    fn contenders(&self, case: usize) -> Vec<Contender> {
        match LOSSES[case] {
            Loss::Cut | Loss::Killed => vec![Contender::Switchboard, Contender::Node],
            // Nobody would ever give up the seats of Node's that is lost.
            Loss::NodeKilled => vec![Contender::Switchboard],
        }
    }

    fn layout(&self, case: usize) -> Layout {
        match LOSSES[case] {
            Loss::Cut | Loss::Killed => Layout::Alone,
            Loss::NodeKilled => Layout::Together(NODES),
        }
    }

    async fn measure(&self, case: usize, server: &mut Server) -> anyhow::Result<Figures> {
        let promised = server.place().contender == Contender::Switchboard;
        let figures = weather(server, self.people, LOSSES[case], promised).await?;
        ensure!(!promised || figures[TOLD_LEFT] == 0.0, "somebody was told that the other one had left");
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        let most = 15.0;
        let target = |loss: &Loss| Target {
            text: format!("{}: the last one is back within {most} s", loss.title()),
            bound: Bound::AtMost { case: loss.title().to_owned(), figure: LAST, most },
        };
        let silent = |loss: &Loss| Target {
            text: format!("{}: nobody is told that the other one left", loss.title()),
            bound: Bound::AtMost { case: loss.title().to_owned(), figure: TOLD_LEFT, most: 0.0 },
        };
        LOSSES.iter().flat_map(|loss| [target(loss), silent(loss)]).collect()
    }
}

impl Loss {
    fn title(self) -> &'static str {
        match self {
            Self::Cut => "all connections are cut",
            Self::Killed => "the server is killed and restarted",
            Self::NodeKilled => "one of three nodes is killed",
        }
    }
}

/// What all have in common.
struct Stage {
    /// Where all connect at first.
    first: SocketAddr,
    /// Where they come back to, in turn.
    then: Vec<SocketAddr>,
    loss: Loss,
    /// Whether the server brings people back.
    promised: bool,
    /// Everybody passes it at once: when all are seated, when it begins, when all are cut, back, and heard.
    gate: Barrier,
    attempts: Semaphore,
}

/// When somebody was back, and how often they were told that the other one had left.
type Ended = anyhow::Result<(Instant, u32)>;

/// Seats `people`, takes their connections away and waits until they are back.
async fn weather(server: &mut Server, people: u32, loss: Loss, promised: bool) -> anyhow::Result<Figures> {
    let mut then = server.addresses();
    if loss == Loss::NodeKilled {
        then.remove(0);
    }
    let stage = Arc::new(Stage {
        first: server.place().address,
        then,
        loss,
        promised,
        gate: Barrier::new(people as usize + 1),
        attempts: Semaphore::new(AT_ONCE),
    });
    let mut everybody: JoinSet<_> =
        (0..people).map(|number| live(Seat::new(number, promised), number, stage.clone())).collect();
    pass(&mut everybody, &stage).await.context("not everybody found a seat")?;
    let mut spent = server.cpu_seconds()?;
    let began = Instant::now();
    pass(&mut everybody, &stage).await?;
    match loss {
        Loss::Cut => pass(&mut everybody, &stage).await.context("not every connection was cut")?,
        Loss::Killed => {
            server.restart().await?;
            spent = 0.0;
        }
        Loss::NodeKilled => {
            server.lose_first();
            spent = server.cpu_seconds()?;
        }
    }
    pass(&mut everybody, &stage).await.context("not everybody came back")?;
    let cpu_seconds = server.cpu_seconds()? - spent;
    pass(&mut everybody, &stage).await.context("not everybody was heard")?;
    let ended: Vec<_> = everybody.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    Ok(figures(&ended, began, cpu_seconds))
}

/// Waits for everybody. Whoever fails ends it for all.
async fn pass(everybody: &mut JoinSet<Ended>, stage: &Stage) -> anyhow::Result<()> {
    select! {
        // When all have passed, the first may have gone.
        biased;
        passed = timeout(PATIENCE, stage.gate.wait()) => passed.map(drop).context("it took too long"),
        Some(ended) = everybody.join_next() => {
            ended??;
            bail!("somebody went away")
        }
    }
}

fn figures(ended: &[(Instant, u32)], began: Instant, cpu_seconds: f64) -> Figures {
    let mut back: Vec<_> = ended.iter().map(|(at, _)| (*at - began).as_secs_f64()).collect();
    back.sort_by(f64::total_cmp);
    let people = f64::from(u32::try_from(back.len()).unwrap_or(u32::MAX));
    let told_left: u32 = ended.iter().map(|(_, told_left)| told_left).sum();
    Figures::from([
        (MEDIAN.to_owned(), ranked(&back, 500)),
        (NEARLY_ALL.to_owned(), ranked(&back, 990)),
        (LAST.to_owned(), ranked(&back, 1_000)),
        (CPU_EACH.to_owned(), cpu_seconds / people * 1_000.0),
        (TOLD_LEFT.to_owned(), told_left.into()),
    ])
}

async fn live(mut seat: Seat, number: u32, stage: Arc<Stage>) -> Ended {
    let mut client = stage.find(stage.first, &mut seat, true).await?;
    seat.mind(&mut client, stage.gate.wait()).await?;
    seat.mind(&mut client, stage.gate.wait()).await?;
    match stage.loss {
        Loss::Killed | Loss::NodeKilled => seat.mind_until_lost(client).await?,
        Loss::Cut => {
            client.reset()?;
            stage.gate.wait().await;
        }
    }
    let there = stage.then[number as usize % stage.then.len()];
    let mut client = stage.find(there, &mut seat, stage.loss == Loss::Cut).await?;
    let at = Instant::now();
    seat.mind(&mut client, stage.gate.wait()).await?;
    if stage.promised {
        // Where ids are new, the other one's may still be under way.
        seat.send_candidate(&mut client)?;
        seat.hear_more(&mut client, 1).await?;
    }
    seat.mind(&mut client, stage.gate.wait()).await?;
    Ok((at, seat.told_left))
}

impl Stage {
    /// Tries until there is a seat.
    async fn find(&self, server: SocketAddr, seat: &mut Seat, exact: bool) -> anyhow::Result<Client> {
        loop {
            let _attempt = self.attempts.acquire().await?;
            match seat.take(server, exact).await? {
                Outcome::Seated(client) => return Ok(client),
                Outcome::NotYet => sleep(PAUSE).await,
            }
        }
    }
}
