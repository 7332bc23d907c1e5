//! A database server in the background, which ends with the tests even if they are killed.

use std::{
    fs::{self, DirEntry},
    io::{self, BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    thread,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Runs the remaining arguments as a command and prints its process id. Kills the command on request, or when
/// the parent process is gone. Removes the directory unless told to keep it.
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

/// A running server.
pub struct Daemon {
    keeper: Child,
    orders: Option<ChildStdin>,
    pid: Pid,
}

/// What happens to the data of a killed server.
#[derive(Clone, Copy)]
pub enum Leave {
    /// The data stays for the next server.
    Directory,
    Nothing,
}

impl Daemon {
    /// Runs `command`, whose data is in `directory`.
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
        // Its parent reaps it only after this signal, so the process id is still its own.
        kill(self.pid, signal).expect("it lives");
    }

    /// Stops the server until [`Signal::SIGCONT`]. On return, none of its threads runs any more.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
        let is_stopped = |thread: io::Result<DirEntry>| {
            let stat = thread.and_then(|thread| fs::read_to_string(thread.path().join("stat")));
            // The state follows the name, which is in parentheses.
            stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")))
        };
        while !fs::read_dir(format!("/proc/{}/task", self.pid)).expect("it lives").all(is_stopped) {
            thread::yield_now();
        }
    }

    /// Kills the server without a clean shutdown.
    pub fn end(mut self, leave: Leave) {
        let order: &[u8] = match leave {
            Leave::Directory => b"keep\n",
            Leave::Nothing => b"remove\n",
        };
        self.orders.take().expect("no order was given yet").write_all(order).unwrap();
        self.keeper.wait().unwrap();
    }
}

/// A free port, outside the system's range for outgoing connections.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Concurrent test runs start at different ports.
    let start = u16::try_from(std::process::id() % 1_000).expect("it is less than a thousand") * 10;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (0..10_000)
        .map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .find(free)
        .expect("a port is free")
}
