//! SFUs as processes of this machine: a command is run for each.

use std::{convert::Infallible, process::Stdio, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    process::Child,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{NotStarted, Order, RoomStarter};
use crate::{core::model::ids::Name, protocols::arbiter::rooms::Rooms};

/// Where programs are looked for, and the whole of what a command finds in its environment besides what it is told:
/// this server's own settings are none of its business.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program and its arguments, separated by blanks; nothing is quoted or expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(Vec<String>);

impl FromStr for Command {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split_whitespace().map(str::to_owned).collect()))
    }
}

impl Command {
    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    fn spawn(&self, order: &Order) -> Result<Child, std::io::Error> {
        let (program, arguments) = self.0.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        tokio::process::Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .env("SFU_ID", order.sfu.as_str())
            .env("ARBITER_URL", &order.url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Runs a command for each SFU. The command either starts it elsewhere and ends with success, or is the SFU: then it
/// is stopped with the server, and when it has been without its connection for too long.
pub struct CommandStarter {
    command: Command,
    rooms: Arc<Rooms>,
    running: Arc<Semaphore>,
    limits: Limits,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// How long a command may take, and how many there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From when it is run until it has ended or its SFU has come in.
    pub start: Duration,
    /// How long its SFU may be away.
    pub absence: Duration,
    /// How many may run at once.
    pub running: usize,
}

impl CommandStarter {
    /// Runs `command`; its processes end with `stop`.
    pub fn new(
        command: Command,
        rooms: Arc<Rooms>,
        limits: Limits,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self { command, rooms, running: Arc::new(Semaphore::new(limits.running)), limits, tasks, stop }
    }

    /// Lets the SFU run until it ends, or is of no use any more.
    async fn look_after(
        mut child: Child,
        _permit: OwnedSemaphorePermit,
        sfu: Name,
        rooms: Arc<Rooms>,
        absence: Duration,
        stop: CancellationToken,
    ) {
        let abandoned = async {
            loop {
                rooms.is(&sfu, false).await;
                if timeout(absence, rooms.is(&sfu, true)).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            _ = child.wait() => return,
            () = stop.cancelled() => {}
            () = abandoned => {}
        }
        // It may have ended just now, by itself.
        let _ = child.kill().await;
    }
}

#[async_trait]
impl RoomStarter for CommandStarter {
    async fn start(&self, order: Order) -> Result<(), NotStarted> {
        let permit = self.running.clone().try_acquire_owned().map_err(|_| NotStarted::Enough)?;
        let mut child = self.command.spawn(&order)?;
        let outcome = tokio::select! {
            status = child.wait() => {
                let status = status?;
                return if status.success() { Ok(()) } else { Err(NotStarted::Failed(status)) };
            }
            () = self.rooms.is(&order.sfu, true) => Ok(()),
            () = sleep(self.limits.start) => Err(NotStarted::TooLate),
            () = self.stop.cancelled() => Err(NotStarted::ShuttingDown),
        };
        if outcome.is_err() {
            // It may have ended just now, by itself.
            let _ = child.kill().await;
            return outcome;
        }
        let (rooms, absence) = (self.rooms.clone(), self.limits.absence);
        let stop = self.stop.clone();
        self.tasks.spawn(Self::look_after(child, permit, order.sfu, rooms, absence, stop));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::arbiter::rooms::{Lasts, SfuRoom};

    const LIMITS: Limits =
        Limits { start: Duration::from_secs(20), absence: Duration::from_millis(50), running: 1 };

    fn starter(command: &str, limits: Limits) -> CommandStarter {
        let rooms = Arc::new(Rooms::default());
        let Ok(command) = command.parse();
        CommandStarter::new(command, rooms, limits, TaskTracker::new(), CancellationToken::new())
    }

    fn order() -> Order {
        Order { sfu: "sfu-1".parse().unwrap(), url: "ws://localhost".into() }
    }

    #[tokio::test]
    async fn a_command_that_ends_well_has_started_something_elsewhere() {
        let starter = starter("true", LIMITS);
        for _ in 0..3 {
            starter.start(order()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_command_that_fails_or_takes_too_long_has_started_nothing() {
        let failed = starter("false", LIMITS).start(order()).await;
        assert!(matches!(failed, Err(NotStarted::Failed(_))));
        let missing = starter("/nowhere/sfu", LIMITS).start(order()).await;
        assert!(matches!(missing, Err(NotStarted::Io(_))));
        let slow = starter("sleep 60", Limits { start: Duration::from_millis(50), ..LIMITS });
        assert!(matches!(slow.start(order()).await, Err(NotStarted::TooLate)));
        assert!(matches!(slow.start(order()).await, Err(NotStarted::TooLate)), "its place is free again");
    }

    #[tokio::test]
    async fn an_sfu_that_has_lost_its_connection_for_good_makes_room_for_another() {
        let starter = starter("sleep 60", LIMITS);
        let room = SfuRoom::new(order().sfu, "connection".into(), Lasts::WhileConnected, []);
        let room = Arc::new(room);
        starter.rooms.open(room.clone());
        starter.rooms.has_come_in(&room);
        starter.start(order()).await.unwrap();
        assert!(matches!(starter.start(order()).await, Err(NotStarted::Enough)));
        starter.rooms.close(&room);
        starter.tasks.close();
        timeout(Duration::from_secs(20), starter.tasks.wait()).await.expect("its process is ended");
    }

    #[tokio::test]
    async fn when_the_server_stops_so_do_its_sfus() {
        let starter = starter("sleep 60", LIMITS);
        let room = SfuRoom::new(order().sfu, "connection".into(), Lasts::WhileConnected, []);
        let room = Arc::new(room);
        starter.rooms.open(room.clone());
        starter.rooms.has_come_in(&room);
        starter.start(order()).await.unwrap();
        starter.stop.cancel();
        starter.tasks.close();
        timeout(Duration::from_secs(20), starter.tasks.wait()).await.expect("its process is ended");
    }
}
