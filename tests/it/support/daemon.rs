//! A database server in the background, which ends with the tests whatever happens to them.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Runs the rest of the arguments and says their process id. Kills them when told so, or when whoever started this
/// is no more; in that case, or if not told to keep it, removes the directory too.
const KEEPER: &str = r#"
    directory=$1; shift
    trap '' INT
    "$@" >>"$directory/log" 2>&1 </dev/null &
    echo $!
    read -r word
    kill -9 $!
    wait
    [ "$word" = keep ] || rm -rf "$directory"
"#;

/// A server that runs.
pub struct Daemon {
    keeper: Child,
    orders: Option<ChildStdin>,
    pid: Pid,
}

/// What to leave of a server that is ended.
#[derive(Clone, Copy)]
pub enum Leave {
    /// What it kept, for the next one.
    Directory,
    Nothing,
}

impl Daemon {
    /// Runs `command`, which keeps what it keeps in `directory`.
    pub fn begin(directory: &Path, command: &Command) -> Self {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(directory)
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let orders = keeper.stdin.take();
        let mut pid = String::new();
        BufReader::new(keeper.stdout.take().expect("it is piped")).read_line(&mut pid).unwrap();
        Self { keeper, orders, pid: Pid::from_raw(pid.trim().parse().unwrap()) }
    }

    pub fn signal(&self, signal: Signal) {
        // Its parent waits for it no sooner than it is told to end it, so this is no other process.
        kill(self.pid, signal).expect("it lives");
    }

    /// Kills the server as a power cut would: without any chance to tidy up.
    pub fn end(mut self, leave: Leave) {
        let order: &[u8] = match leave {
            Leave::Directory => b"keep\n",
            Leave::Nothing => b"remove\n",
        };
        self.orders.take().expect("no order was given yet").write_all(order).unwrap();
        self.keeper.wait().unwrap();
    }
}

/// A port nobody listens on, outside the range from which the system takes ports for outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at the same time should not try the same ports.
    let start = u16::try_from(std::process::id() % 1_000).expect("it is less than a thousand") * 10;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (0..10_000)
        .map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .find(free)
        .expect("a port is free")
}
