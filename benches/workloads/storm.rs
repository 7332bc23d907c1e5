//! A storm: all participants lose their connections at once and resume as fast as the server admits them.

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

/// Concurrent attempts to connect: fewer than a kernel queues for a busy server (511 for Node).
const AT_ONCE: usize = 256;

/// Delay after a refusal.
const PAUSE: Duration = Duration::from_millis(10);

/// Limit of every step.
const TIMEOUT: Duration = Duration::from_mins(2);

const MEDIAN: &str = "back_p50_seconds";
const NEARLY_ALL: &str = "back_p99_seconds";
const LAST: &str = "back_last_seconds";
const CPU_EACH: &str = "cpu_ms_each";
const TOLD_LEFT: &str = "told_left";

/// Number of nodes where one of them is lost.
const NODES: usize = 3;

/// The cause of the loss.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// All connections are reset; the server keeps running and must notice.
    Cut,
    /// The server is killed and started again at once.
    Killed,
    /// The node of all participants is killed; the others keep running.
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
        "All participants lose their connections and resume"
    }

    fn about(&self) -> String {
        format!(
            "{} participants, two in each room. In the first case all connections are reset at once while \
             the server keeps running. In the second the server is killed with `SIGKILL` and started again \
             at the same address with the same data. In the third all participants are on one of {NODES} \
             nodes that share a Redis; it is killed for good, and the two of every room return to two \
             others. All return as fast as possible, {AT_ONCE} at a time, each with a new connection and \
             its session token. A participant is back when its `join_room` is acknowledged; time runs from \
             the loss. Then each sends a signal to the other and must receive one. The run fails unless \
             each has its former seat, participant id and peer, events continue without a gap (`resumed` is \
             `true` after a cut, `false` where a process was killed), and no participant is told that the \
             other left. CPU time after a restart is that of the new process. After a killed node it is \
             that of the other nodes, which share their core with Redis, without Redis's own. Node has no \
             sessions: its participants join under new ids, and its row shows the cost of connections and \
             joins.",
            number(self.people.into(), 0),
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |key, title, decimals, compared| Figure { key, title, decimals, compared };
        vec![
            figure(LAST, "Seconds until the last participant is back", 2, true),
            figure(MEDIAN, "Seconds until a participant is back, median", 2, false),
            figure(NEARLY_ALL, "Seconds until a participant is back, 99th percentile", 2, false),
            figure(CPU_EACH, "CPU milliseconds of the server for each participant", 3, true),
            figure(TOLD_LEFT, "Participants that were told that the other had left", 0, false),
        ]
    }

    fn cases(&self) -> Vec<String> {
        LOSSES.iter().map(|loss| loss.title().to_owned()).collect()
    }

    fn contenders(&self, case: usize) -> Vec<Contender> {
        match LOSSES[case] {
            Loss::Cut | Loss::Killed => vec![Contender::Switchboard, Contender::Node],
            // No lease ends the seats of a lost Node process.
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
        ensure!(!promised || figures[TOLD_LEFT] == 0.0, "a participant was told that the other had left");
        Ok(figures)
    }

    fn targets(&self) -> Vec<Target> {
        let most = 15.0;
        let target = |loss: &Loss| Target {
            text: format!("{}: the last one is back within {most} s", loss.title()),
            bound: Bound::AtMost { case: loss.title().to_owned(), figure: LAST, most },
        };
        let silent = |loss: &Loss| Target {
            text: format!("{}: no participant is told that the other left", loss.title()),
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

/// The context of all participants.
struct Stage {
    /// The address of the first connections.
    first: SocketAddr,
    /// The addresses of the next connections, in turn.
    then: Vec<SocketAddr>,
    loss: Loss,
    /// Whether the server lets participants resume.
    promised: bool,
    /// A barrier for all: when all are seated, at the loss, when all are back, and when all have received a
    /// signal.
    gate: Barrier,
    attempts: Semaphore,
}

/// When a participant was back, and how often the other was announced to have left.
type Ended = anyhow::Result<(Instant, u32)>;

/// Seats `people`, ends their connections and waits until they are back.
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
    let mut participants: JoinSet<_> =
        (0..people).map(|number| live(Seat::new(number, promised), number, stage.clone())).collect();
    pass(&mut participants, &stage).await.context("not every participant found a seat")?;
    let mut spent = server.cpu_seconds()?;
    let began = Instant::now();
    pass(&mut participants, &stage).await?;
    match loss {
        Loss::Cut => pass(&mut participants, &stage).await.context("not every connection was cut")?,
        Loss::Killed => {
            server.restart().await?;
            spent = 0.0;
        }
        Loss::NodeKilled => {
            server.lose_first();
            spent = server.cpu_seconds()?;
        }
    }
    pass(&mut participants, &stage).await.context("not every participant came back")?;
    let cpu_seconds = server.cpu_seconds()? - spent;
    pass(&mut participants, &stage).await.context("not every participant was heard")?;
    let ended: Vec<_> = participants.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    Ok(figures(&ended, began, cpu_seconds))
}

/// Waits for all; the first error ends the run.
async fn pass(participants: &mut JoinSet<Ended>, stage: &Stage) -> anyhow::Result<()> {
    select! {
        // When the last has passed the barrier, the first may have ended.
        biased;
        passed = timeout(TIMEOUT, stage.gate.wait()) => passed.map(drop).context("it took too long"),
        Some(ended) = participants.join_next() => {
            ended??;
            bail!("a participant left")
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
        // With new ids, the id of the other may still be under way.
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
