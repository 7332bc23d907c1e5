//! Several real Switchboard processes that share a Redis, a secret and, on request, a MongoDB.

use std::{ops::Index, sync::Arc};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::time::timeout;

use super::{
    client::{Client, DEADLINE},
    mongod::Mongod,
    proxy::Proxy,
    redis::{Redis, fresh_prefix},
    server::{Options, TestServer},
};

/// Nodes by number, from 0. Each keeps its address and its data folder across restarts.
pub struct Nodes {
    pub redis: Redis,
    all: Vec<Node>,
    env: Vec<(&'static str, String)>,
}

struct Node {
    running: Option<TestServer>,
    address: String,
    data: Arc<TempDir>,
    network: Proxy,
}

impl Nodes {
    pub async fn start(count: usize) -> Self {
        Self::start_env(count, &[]).await
    }

    /// Like [`start_env`](Self::start_env), with a database that all nodes share.
    pub async fn start_with_store(count: usize, env: &[(&'static str, &str)]) -> Self {
        let database = fresh_prefix().replace([':', '-'], "");
        let uri = Mongod::shared().await.uri(&database);
        let env: Vec<_> = env.iter().copied().chain([("MONGODB_URI", &*uri)]).collect();
        Self::start_env(count, &env).await
    }

    /// Starts `count` nodes with `env` and the settings they share, and waits until all admit newcomers.
    pub async fn start_env(count: usize, env: &[(&'static str, &str)]) -> Self {
        let redis = Redis::start().await;
        let own = [
            ("REDIS_PREFIX", "test:"),
            ("SESSION_SECRET", "shared by all nodes"),
            // All clients of a test have one address.
            ("NEW_SESSIONS_PER_ADDRESS", "0"),
            ("EVENTS_PER_ADDRESS", "0"),
        ];
        let env: Vec<_> = own.iter().chain(env).map(|(key, value)| (*key, (*value).to_owned())).collect();
        let mut all = Vec::new();
        for _ in 0..count {
            let network = Proxy::to(redis.address()).await;
            let data = Arc::new(tempfile::tempdir().unwrap());
            let server = spawn(&env, &network, &data, None).await;
            all.push(Node { address: server.address.clone(), running: Some(server), data, network });
        }
        let nodes = Self { redis, all, env };
        join_all((0..count).map(|node| nodes.ready(node))).await;
        nodes
    }

    pub fn address(&self, node: usize) -> &str {
        &self.all[node].address
    }

    /// The network between a node and Redis.
    pub fn network(&self, node: usize) -> &Proxy {
        &self.all[node].network
    }

    /// A client of a node, without a seat.
    pub async fn connect(&self, node: usize) -> Client {
        self[node].connect().await
    }

    /// Kills a node without a clean shutdown.
    pub async fn kill(&mut self, node: usize) {
        let server = self.all[node].running.take().expect("it runs");
        server.signal(Signal::SIGKILL);
        server.ended().await;
    }

    /// Stops a node gracefully and returns its log. Panics unless it ends well and in time.
    pub async fn stop(&mut self, node: usize) -> String {
        self[node].signal(Signal::SIGTERM);
        self.stopped(node).await
    }

    /// Waits until a stopping node has ended, as [`stop`](Self::stop) does.
    pub async fn stopped(&mut self, node: usize) -> String {
        let (success, log) = timeout(DEADLINE, self.ended(node)).await.expect("it ends in time");
        assert!(success && !log.contains("SHUTDOWN_GRACE"), "{log}");
        log
    }

    /// Waits for a node to end. Returns whether it ended well, and its log.
    pub async fn ended(&mut self, node: usize) -> (bool, String) {
        self.all[node].running.take().expect("it runs").ended().await
    }

    /// Starts a node that has ended, and waits until it admits newcomers.
    pub async fn run(&mut self, node: usize) {
        let Node { address, data, network, .. } = &self.all[node];
        let server = spawn(&self.env, network, data, Some(address.clone())).await;
        self.all[node].running = Some(server);
        self.ready(node).await;
    }

    pub async fn ready(&self, node: usize) {
        self.readiness(node, true).await;
    }

    /// Waits until the readiness of a node is `ready`.
    pub async fn readiness(&self, node: usize, ready: bool) {
        self[node].readiness(ready).await;
    }
}

impl Index<usize> for Nodes {
    type Output = TestServer;

    fn index(&self, node: usize) -> &TestServer {
        self.all[node].running.as_ref().expect("it runs")
    }
}

async fn spawn(
    env: &[(&'static str, String)],
    network: &Proxy,
    data: &Arc<TempDir>,
    address: Option<String>,
) -> TestServer {
    let mut env = env.to_vec();
    env.push(("REDIS_URL", format!("redis://{}/", network.address)));
    TestServer::start_with(Options { env, data: Some(data.clone()), address }).await
}
