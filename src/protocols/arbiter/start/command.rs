//! SFUs as processes of this machine: a command is run for each.

use std::{convert::Infallible, process::Stdio, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    process::Child,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{RoomStarter, StartError, StartOrder};
use crate::{core::model::ids::Name, protocols::arbiter::rooms::SfuRooms};

/// The `PATH` of a command. Its environment contains nothing else but the order: the settings of this server
/// stay private.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program and its arguments, separated by blanks; nothing is quoted or expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartCommand(Vec<String>);

impl FromStr for StartCommand {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split_whitespace().map(str::to_owned).collect()))
    }
}

impl StartCommand {
    /// Whether a command is configured.
    pub fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    fn spawn(&self, order: &StartOrder) -> Result<Child, std::io::Error> {
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

/// Runs a command for each SFU. The command starts the SFU on another machine and exits with success, or it
/// is the SFU. In that case it is stopped with the server, or when its connection is missing for too long.
pub struct CommandStarter {
    command: StartCommand,
    rooms: Arc<SfuRooms>,
    running: Arc<Semaphore>,
    limits: CommandLimits,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Limits of the commands.
#[derive(Debug, Clone, Copy)]
pub struct CommandLimits {
    /// Time from the start of a command until it exits or its SFU is registered.
    pub start: Duration,
    /// How long an SFU may be without its connection.
    pub absence: Duration,
    /// The most commands that run at once.
    pub running: usize,
}

impl CommandStarter {
    /// Creates a starter; the processes end when `stop` is cancelled.
    pub fn new(
        command: StartCommand,
        rooms: Arc<SfuRooms>,
        limits: CommandLimits,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self { command, rooms, running: Arc::new(Semaphore::new(limits.running)), limits, tasks, stop }
    }

    /// Waits until the SFU exits, loses its connection for too long, or the server stops; then kills it.
    async fn look_after(
        mut child: Child,
        _permit: OwnedSemaphorePermit,
        sfu: Name,
        rooms: Arc<SfuRooms>,
        absence: Duration,
        stop: CancellationToken,
    ) {
        let abandoned = async {
            loop {
                rooms.wait_until(&sfu, false).await;
                if timeout(absence, rooms.wait_until(&sfu, true)).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            _ = child.wait() => return,
            () = stop.cancelled() => {}
            () = abandoned => {}
        }
        // Fails if the process has exited meanwhile.
        let _ = child.kill().await;
    }
}

#[async_trait]
impl RoomStarter for CommandStarter {
    async fn start(&self, order: StartOrder) -> Result<(), StartError> {
        let permit = self.running.clone().try_acquire_owned().map_err(|_| StartError::Enough)?;
        let mut child = self.command.spawn(&order)?;
        let outcome = tokio::select! {
            status = child.wait() => {
                let status = status?;
                return if status.success() { Ok(()) } else { Err(StartError::Failed(status)) };
            }
            () = self.rooms.wait_until(&order.sfu, true) => Ok(()),
            () = sleep(self.limits.start) => Err(StartError::TooLate),
            () = self.stop.cancelled() => Err(StartError::ShuttingDown),
        };
        if outcome.is_err() {
            // Fails if the process has exited meanwhile.
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
    use crate::protocols::arbiter::rooms::{SfuLifetime, SfuRoom};

    const LIMITS: CommandLimits =
        CommandLimits { start: Duration::from_secs(20), absence: Duration::from_millis(50), running: 1 };

    fn starter(command: &str, limits: CommandLimits) -> CommandStarter {
        let rooms = Arc::new(SfuRooms::default());
        let Ok(command) = command.parse();
        CommandStarter::new(command, rooms, limits, TaskTracker::new(), CancellationToken::new())
    }

    fn order() -> StartOrder {
        StartOrder { sfu: "sfu-1".parse().unwrap(), url: "ws://localhost".into() }
    }

    #[tokio::test]
    async fn a_command_that_exits_with_success_has_started_an_sfu() {
        let starter = starter("true", LIMITS);
        for _ in 0..3 {
            starter.start(order()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_command_that_fails_or_is_too_slow_starts_no_sfu() {
        let failed = starter("false", LIMITS).start(order()).await;
        assert!(matches!(failed, Err(StartError::Failed(_))));
        let missing = starter("/nowhere/sfu", LIMITS).start(order()).await;
        assert!(matches!(missing, Err(StartError::Io(_))));
        let slow = starter("sleep 60", CommandLimits { start: Duration::from_millis(50), ..LIMITS });
        assert!(matches!(slow.start(order()).await, Err(StartError::TooLate)));
        assert!(matches!(slow.start(order()).await, Err(StartError::TooLate)), "its permit is free again");
    }

    #[tokio::test]
    async fn an_sfu_without_a_connection_is_killed_and_frees_its_permit() {
        let starter = starter("sleep 60", LIMITS);
        let room = SfuRoom::new(order().sfu, "connection".into(), SfuLifetime::WhileConnected, []);
        let room = Arc::new(room);
        starter.rooms.open(room.clone());
        starter.rooms.mark_registered(&room);
        starter.start(order()).await.unwrap();
        assert!(matches!(starter.start(order()).await, Err(StartError::Enough)));
        starter.rooms.remove(&room);
        starter.tasks.close();
        timeout(Duration::from_secs(20), starter.tasks.wait()).await.expect("its process is ended");
    }

    #[tokio::test]
    async fn processes_of_sfus_end_with_the_server() {
        let starter = starter("sleep 60", LIMITS);
        let room = SfuRoom::new(order().sfu, "connection".into(), SfuLifetime::WhileConnected, []);
        let room = Arc::new(room);
        starter.rooms.open(room.clone());
        starter.rooms.mark_registered(&room);
        starter.start(order()).await.unwrap();
        starter.stop.cancel();
        starter.tasks.close();
        timeout(Duration::from_secs(20), starter.tasks.wait()).await.expect("its process is ended");
    }
}
