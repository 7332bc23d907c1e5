//! A real `mongod`, started, stopped, killed and paused by tests.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use mongodb::{
    Client, Database,
    bson::{Document, doc},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::sync::OnceCell;

use super::wait::{PATIENCE, until};

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

/// One server, with its own data, on a port of its own. Gone when dropped, whatever happens.
pub struct Mongod {
    directory: PathBuf,
    port: u16,
    kind: Kind,
    running: Option<Running>,
}

/// How a server is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As a replica set of one, which is what everybody should run.
    ReplicaSet,
    /// As it comes, which is what many do run.
    Standalone,
}

struct Running {
    keeper: Child,
    orders: Option<ChildStdin>,
    pid: Pid,
}

impl Mongod {
    /// The server that tests share which do it no harm. Each uses a database of its own.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Mongod> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(Kind::ReplicaSet)).await
    }

    /// Starts a server and waits until it takes writes.
    pub async fn start(kind: Kind) -> Self {
        let mut mongod = Self::prepare(kind);
        mongod.run().await;
        mongod
    }

    /// A server that is not running yet.
    pub fn prepare(kind: Kind) -> Self {
        let directory = tempfile::Builder::new().prefix("mongod-").tempdir().unwrap().keep();
        Self { directory, port: free_port(), kind, running: None }
    }

    /// Runs the server, with the data it had, and waits until it takes writes.
    pub async fn run(&mut self) {
        self.running = Some(Running::begin(&self.directory, self.port, self.kind));
        let admin = self.admin().await;
        until("mongod takes writes", PATIENCE, || async {
            let hello = admin.run_command(doc! { "hello": 1 }).await.ok()?;
            if self.kind == Kind::ReplicaSet && hello.get_str("setName").is_err() {
                // Fails while the server comes up, and if it was done before; then the next hello tells.
                let _ = admin.run_command(self.initiation()).await;
            }
            hello.get_bool("isWritablePrimary").ok().filter(|&writable| writable)
        })
        .await;
    }

    /// What makes it a replica set.
    fn initiation(&self) -> Document {
        let member = doc! { "_id": 0, "host": format!("127.0.0.1:{}", self.port) };
        let settings = doc! { "electionTimeoutMillis": 500 };
        doc! { "replSetInitiate": { "_id": "rs", "members": [member], "settings": settings } }
    }

    /// Kills the server as a power cut would: without any chance to tidy up. Its data stays.
    pub fn kill(&mut self) {
        self.running.take().expect("it runs").end("keep\n");
    }

    /// Stops the server in its tracks; connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        // Its parent waits for it no sooner than it is told to end it, so this is no other process.
        kill(self.running.as_ref().expect("it runs").pid, signal).expect("it lives");
    }

    /// Where a store finds `database`.
    pub fn uri(&self, database: &str) -> String {
        let options = match self.kind {
            Kind::ReplicaSet => "replicaSet=rs",
            Kind::Standalone => "directConnection=true",
        };
        format!("mongodb://127.0.0.1:{}/{database}?{options}", self.port)
    }

    /// A database for administration, reached whatever state the replica set is in.
    pub async fn admin(&self) -> Database {
        let uri = format!(
            "mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=1000&heartbeatFrequencyMS=500",
            self.port
        );
        Client::with_uri_str(uri).await.unwrap().database("admin")
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        match self.running.take() {
            Some(running) => running.end("remove\n"),
            None => drop(fs::remove_dir_all(&self.directory)),
        }
    }
}

impl Running {
    fn begin(directory: &Path, port: u16, kind: Kind) -> Self {
        let set: &[&str] = match kind {
            Kind::ReplicaSet => &["--replSet", "rs", "--oplogSize", "16"],
            Kind::Standalone => &[],
        };
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(directory)
            .arg(binary())
            .arg("--dbpath")
            .arg(directory)
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--port", &port.to_string()])
            .args(["--wiredTigerCacheSizeGB", "0.25"])
            .args(set)
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let orders = keeper.stdin.take();
        let mut pid = String::new();
        BufReader::new(keeper.stdout.take().expect("it is piped")).read_line(&mut pid).unwrap();
        Self { keeper, orders, pid: Pid::from_raw(pid.trim().parse().unwrap()) }
    }

    fn end(mut self, order: &str) {
        self.orders.take().expect("no order was given yet").write_all(order.as_bytes()).unwrap();
        self.keeper.wait().unwrap();
    }
}

fn binary() -> PathBuf {
    let cached = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache").join("mongod");
    let path = std::env::var_os("MONGOD").map_or(cached, PathBuf::from);
    assert!(path.is_file(), "there is no mongod at {}: run `make test`, or set MONGOD", path.display());
    path
}

/// A port nobody listens on, outside the range from which the system takes ports for outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two runs at the same time should not try the same ports.
    let start = u16::try_from(std::process::id() % 1_000).expect("it is less than a thousand") * 10;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (0..10_000)
        .map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .find(free)
        .expect("a port is free")
}
