//! Several real Switchboard processes that are one: they share a Redis and a secret, and a MongoDB where asked for.

use std::ops::Index;

use futures_util::future::join_all;
use nix::sys::signal::Signal;

use super::{
    client::Client,
    mongod::Mongod,
    redis::{Redis, fresh_prefix},
    server::{Options, TestServer},
    wait::{PATIENCE, until},
};

/// Nodes by number, from 0.
pub struct Nodes {
    all: Vec<Option<TestServer>>,
}

impl Nodes {
    pub async fn start(count: usize) -> Self {
        Self::start_env(count, &[]).await
    }

    /// As [`start_env`](Self::start_env), with a database that all share.
    pub async fn start_with_store(count: usize, env: &[(&'static str, &str)]) -> Self {
        let database = fresh_prefix().replace([':', '-'], "");
        let uri = Mongod::shared().await.uri(&database);
        let env: Vec<_> = env.iter().copied().chain([("MONGODB_URI", &*uri)]).collect();
        Self::start_env(count, &env).await
    }

    /// Starts `count` nodes with `env` besides what makes them one, and waits until all let people in.
    pub async fn start_env(count: usize, env: &[(&'static str, &str)]) -> Self {
        let (url, prefix) = (Redis::shared().await.url(), fresh_prefix());
        let own = [
            ("REDIS_URL", &*url),
            ("REDIS_PREFIX", &*prefix),
            ("SESSION_SECRET", "shared by all nodes"),
            // Everybody in a test comes from one address.
            ("NEW_SESSIONS_PER_ADDRESS", "0"),
            ("EVENTS_PER_ADDRESS", "0"),
        ];
        let env: Vec<_> = own.iter().chain(env).map(|(key, value)| (*key, (*value).to_owned())).collect();
        let started =
            (0..count).map(|_| TestServer::start_with(Options { env: env.clone(), ..Options::default() }));
        let nodes = Self { all: join_all(started).await.into_iter().map(Some).collect() };
        join_all((0..count).map(|node| nodes.ready(node))).await;
        nodes
    }

    /// A client of a node that sits nowhere.
    pub async fn connect(&self, node: usize) -> Client {
        self[node].connect().await
    }

    /// Kills a node as a power cut would.
    pub async fn kill(&mut self, node: usize) {
        let server = self.all[node].take().expect("it runs");
        server.signal(Signal::SIGKILL);
        server.ended().await;
    }

    async fn ready(&self, node: usize) {
        let answers = async || (self[node].get_ops("/readyz").await.status() == 200).then_some(());
        until("the node's readiness", PATIENCE, answers).await;
    }
}

impl Index<usize> for Nodes {
    type Output = TestServer;

    fn index(&self, node: usize) -> &TestServer {
        self.all[node].as_ref().expect("it runs")
    }
}
