//! A real `mongod` that tests start, stop, kill and pause.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mongodb::{
    Client, Database,
    bson::{Document, doc},
};
use nix::sys::signal::Signal;
use tokio::sync::OnceCell;

use super::{
    daemon::{Daemon, Leave, free_port},
    wait::{TIMEOUT, until},
};

/// A server with data and a port of its own. Dropping it ends the process.
pub struct Mongod {
    directory: PathBuf,
    port: u16,
    kind: Kind,
    running: Option<Daemon>,
}

/// The set-up of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A replica set of one, the recommended set-up.
    ReplicaSet,
    /// A standalone server, the default set-up.
    Standalone,
}

impl Mongod {
    /// The server shared by tests that do not disturb it. Each test uses its own database.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Mongod> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(Kind::ReplicaSet)).await
    }

    /// Starts a server and waits until it accepts writes.
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

    /// Runs the server on its former data and waits until it accepts writes.
    pub async fn run(&mut self) {
        self.running = Some(begin(&self.directory, self.port, self.kind));
        let admin = self.admin().await;
        until("mongod takes writes", TIMEOUT, || async {
            let hello = admin.run_command(doc! { "hello": 1 }).await.ok()?;
            if self.kind == Kind::ReplicaSet && hello.get_str("setName").is_err() {
                // Fails during start-up, and when repeated; the next `hello` shows the outcome.
                let _ = admin.run_command(self.initiation()).await;
            }
            hello.get_bool("isWritablePrimary").ok().filter(|&writable| writable)
        })
        .await;
    }

    /// The configuration of its replica set.
    fn initiation(&self) -> Document {
        let member = doc! { "_id": 0, "host": format!("127.0.0.1:{}", self.port) };
        let settings = doc! { "electionTimeoutMillis": 500 };
        doc! { "replSetInitiate": { "_id": "rs", "members": [member], "settings": settings } }
    }

    /// Kills the server without a clean shutdown. Its data stays.
    pub fn kill(&mut self) {
        self.running.take().expect("it runs").end(Leave::Directory);
    }

    /// Suspends the server: connections stay open and get no answer.
    pub fn pause(&self) {
        self.running.as_ref().expect("it runs").pause();
    }

    /// Resumes the server.
    pub fn resume(&self) {
        self.running.as_ref().expect("it runs").signal(Signal::SIGCONT);
    }

    /// The URI of `database` for a store.
    pub fn uri(&self, database: &str) -> String {
        let options = match self.kind {
            Kind::ReplicaSet => "replicaSet=rs",
            Kind::Standalone => "directConnection=true",
        };
        format!("mongodb://127.0.0.1:{}/{database}?{options}", self.port)
    }

    /// A database for administration, reachable in any state of the replica set.
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
            Some(running) => running.end(Leave::Nothing),
            None => drop(fs::remove_dir_all(&self.directory)),
        }
    }
}

fn begin(directory: &Path, port: u16, kind: Kind) -> Daemon {
    let set: &[&str] = match kind {
        Kind::ReplicaSet => &["--replSet", "rs", "--oplogSize", "16"],
        Kind::Standalone => &[],
    };
    let mut command = Command::new(binary());
    command
        .arg("--dbpath")
        .arg(directory)
        .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--port", &port.to_string()])
        .args(["--wiredTigerCacheSizeGB", "0.25"])
        .args(set)
        .args(["--setParameter", "diagnosticDataCollectionEnabled=false"]);
    Daemon::begin(directory, &command)
}

fn binary() -> PathBuf {
    let cached = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache").join("mongod");
    let path = std::env::var_os("MONGOD").map_or(cached, PathBuf::from);
    assert!(path.is_file(), "there is no mongod at {}: run `make test`, or set MONGOD", path.display());
    path
}
