//! A real `mongod` for chats to be kept in: a replica set of one, with its own data, gone when dropped.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use mongodb::{
    Client,
    bson::{Document, doc},
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::machine::{cpu_seconds, on_any_core};

/// How long it may take until it takes writes.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is asked whether it does.
const GLANCE: Duration = Duration::from_millis(100);

const LOG: &str = "mongod.log";

/// A server that runs until this is dropped.
pub struct Mongod {
    process: Child,
    port: u16,
    data: TempDir,
}

impl Mongod {
    /// Starts it and waits until it takes writes.
    pub async fn start() -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = on_any_core(&binary()?)
            .arg("--dbpath")
            .arg(data.path())
            .arg("--logpath")
            .arg(data.path().join(LOG))
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--port", &port.to_string()])
            .args(["--replSet", "rs", "--wiredTigerCacheSizeGB", "0.5"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("mongod cannot be started")?;
        let mongod = Self { process, port, data };
        match mongod.initiate().await {
            Ok(()) => Ok(mongod),
            Err(error) => {
                let log = fs::read_to_string(mongod.data.path().join(LOG)).unwrap_or_default();
                Err(error.context(format!("mongod did not come up; its log: {log}")))
            }
        }
    }

    /// Where a server finds it.
    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/switchboard?replicaSet=rs", self.port)
    }

    /// The CPU time of all its threads.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.process.id())
    }

    async fn initiate(&self) -> anyhow::Result<()> {
        let address = format!("127.0.0.1:{}", self.port);
        let uri = format!("mongodb://{address}/?directConnection=true&serverSelectionTimeoutMS=1000");
        let admin = Client::with_uri_str(uri).await?.database("admin");
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let hello: Document = admin.run_command(doc! { "hello": 1 }).await.unwrap_or_default();
            if hello.get_bool("isWritablePrimary").unwrap_or_default() {
                return Ok(());
            }
            if hello.get_str("setName").is_err() {
                let members = [doc! { "_id": 0, "host": &address }];
                let set = doc! { "_id": "rs", "members": members.to_vec() };
                // Fails while the server comes up, and if it was done before; then the next hello tells.
                let _ = admin.run_command(doc! { "replSetInitiate": set }).await;
            }
            sleep(GLANCE).await;
        }
        bail!("it takes no writes")
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The one that `MONGOD` names, else the one the tests use.
fn binary() -> anyhow::Result<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache/mongod");
    let path = env::var_os("MONGOD").map_or(fetched, PathBuf::from);
    ensure!(
        path.is_file(),
        "there is no mongod at {}: run scripts/fetch-mongod.sh, or set MONGOD",
        path.display()
    );
    Ok(path)
}
