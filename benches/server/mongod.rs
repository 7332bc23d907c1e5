//! A real `mongod` for chats: a replica set of one with its own data. Dropping it ends the process.

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

/// Limit until it accepts writes.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Interval of that check.
const GLANCE: Duration = Duration::from_millis(100);

const LOG: &str = "mongod.log";

/// A server that runs until it is dropped.
pub struct Mongod {
    process: Child,
    port: u16,
    data: TempDir,
}

impl Mongod {
    /// Starts it and waits until it accepts writes.
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

    /// Its URI.
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
        let end = Instant::now() + TIMEOUT;
        while Instant::now() < end {
            let hello: Document = admin.run_command(doc! { "hello": 1 }).await.unwrap_or_default();
            if hello.get_bool("isWritablePrimary").unwrap_or_default() {
                return Ok(());
            }
            if hello.get_str("setName").is_err() {
                let members = [doc! { "_id": 0, "host": &address }];
                let set = doc! { "_id": "rs", "members": members.to_vec() };
                // Fails during start-up, and when repeated; the next `hello` shows the outcome.
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

/// The program in `MONGOD`, else the one of the tests.
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
