//! A real Switchboard process on free ports, with a data folder of its own.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    client::Client,
    wait::{TIMEOUT, until},
};

/// The setting that sends the mesh door's events through socketioxide.
pub const DIRECT_PATH: &str = "MESH_DIRECT_PATH";

pub struct TestServer {
    child: Child,
    pub address: String,
    /// Empty if operators have no listener.
    pub ops_address: String,
    greeting: String,
    log: Arc<Mutex<Vec<u8>>>,
    log_reader: Option<JoinHandle<()>>,
    data: Arc<TempDir>,
    http: reqwest::Client,
}

/// Settings of a server, apart from its ports.
#[derive(Default, Clone)]
pub struct Options {
    pub env: Vec<(&'static str, String)>,
    pub data: Option<Arc<TempDir>>,
    pub address: Option<String>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_env<const N: usize>(env: [(&'static str, &str); N]) -> Self {
        let env = env.map(|(key, value)| (key, value.to_owned())).to_vec();
        Self::start_with(Options { env, ..Options::default() }).await
    }

    pub async fn start_with(options: Options) -> Self {
        let data = options.data.unwrap_or_else(|| Arc::new(tempfile::tempdir().unwrap()));
        let address = options.address.unwrap_or_else(|| "127.0.0.1:0".into());
        tokio::task::spawn_blocking(move || Self::spawn(data, &address, options.env)).await.unwrap()
    }

    fn spawn(data: Arc<TempDir>, address: &str, env: Vec<(&'static str, String)>) -> Self {
        let mut child = command(data.path())
            .env("LISTEN", address)
            .env("OPS_LISTEN", "127.0.0.1:0")
            .envs(env)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let greeting = read_greeting(&mut child);
        let log = Arc::new(Mutex::new(Vec::new()));
        let log_reader = collect(child.stderr.take().unwrap(), log.clone());
        let address = |marker: &str| {
            let line = greeting.lines().find_map(|line| line.trim().strip_prefix(marker))?;
            let port = line.rsplit(':').next()?.split('/').next()?;
            Some(format!("127.0.0.1:{port}"))
        };
        let ops_address = address("health").unwrap_or_default();
        let address = address("open").unwrap_or_else(|| panic!("no address in: {greeting} {}", text(&log)));
        let log_reader = Some(log_reader);
        Self { child, address, ops_address, greeting, log, log_reader, data, http: reqwest::Client::new() }
    }

    /// A connected client over WebSocket, without a seat.
    pub async fn connect(&self) -> Client {
        Client::connect(&self.address, "/socket.io/").await
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("http://{}{path}", self.address)).send().await.unwrap()
    }

    pub async fn get_ops(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("http://{}{path}", self.ops_address)).send().await.unwrap()
    }

    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.get_ops("/metrics").await.text().await.unwrap();
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Saves an exact body.
    pub async fn save(&self, room: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let response = self
            .http
            .put(format!("http://{}/api/v1/signalling/save-chats/{room}", self.address))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Status and answer of `GET /api/v1/ice-servers`.
    pub async fn ice_servers(&self, query: &str, session: Option<&str>) -> (u16, Value) {
        let mut request = self.http.get(format!("http://{}/api/v1/ice-servers{query}", self.address));
        if let Some(session) = session {
            request = request.bearer_auth(session);
        }
        let response = request.send().await.unwrap();
        assert!(response.headers()["cache-control"].to_str().unwrap().contains("no-store"));
        assert_eq!(response.headers().contains_key("www-authenticate"), response.status() == 401);
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn assert_healthy(&self) {
        let response = self.get("/api/v1/signalling/health-status").await;
        assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "{}"));
    }

    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        text(&self.log)
    }

    pub fn data(&self) -> Arc<TempDir> {
        self.data.clone()
    }

    /// Waits until `/readyz` says that the server is ready, or that it is not.
    pub async fn readiness(&self, ready: bool) {
        let status = if ready { 200 } else { 503 };
        let answers = async || (self.get_ops("/readyz").await.status() == status).then_some(());
        until("the server's readiness", TIMEOUT, answers).await;
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, signal).unwrap();
    }

    /// Waits for the process to end. Returns whether it ended well, and its log.
    pub async fn ended(mut self) -> (bool, String) {
        tokio::task::spawn_blocking(move || {
            let status = self.child.wait().unwrap();
            if let Some(reader) = self.log_reader.take() {
                reader.join().unwrap();
            }
            (status.success(), text(&self.log))
        })
        .await
        .unwrap()
    }

    /// Kills the process and starts it again at the same address with the same data.
    pub async fn killed_and_restarted(self) -> Self {
        let (address, data) = (self.address.clone(), self.data.clone());
        self.signal(Signal::SIGKILL);
        self.ended().await;
        Self::start_with(Options { address: Some(address), data: Some(data), ..Options::default() }).await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server under test: `SWITCHBOARD_BIN`, or the binary built with the tests.
pub fn binary() -> PathBuf {
    std::env::var_os("SWITCHBOARD_BIN")
        .map_or_else(|| env!("CARGO_BIN_EXE_switchboard").into(), PathBuf::from)
}

/// The binary with a clean environment: no setting of the caller applies.
pub fn command(data: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(binary());
    command.env_clear().current_dir(data).env("DATA_DIR", data);
    command.env("MEDIA_LISTEN", "127.0.0.1").env("MEDIA_PORT", "0");
    // The one setting that tests take from outside: the mesh door's run with each of its values.
    command.envs(std::env::var_os(DIRECT_PATH).map(|value| (DIRECT_PATH, value)));
    command
}

fn read_greeting(child: &mut Child) -> String {
    let mut stdout = child.stdout.take().unwrap();
    let mut greeting = Vec::new();
    let mut buffer = [0; 512];
    // The last line is about TURN. A process that cannot start closes its output instead.
    while !String::from_utf8_lossy(&greeting).lines().any(|line| line.trim().starts_with("turn")) {
        match stdout.read(&mut buffer).unwrap() {
            0 => break,
            count => greeting.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8(greeting).unwrap()
}

fn collect(mut source: impl Read + Send + 'static, log: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            log.lock().unwrap().extend_from_slice(&buffer[..count]);
        }
    })
}

fn text(log: &Mutex<Vec<u8>>) -> String {
    String::from_utf8_lossy(&log.lock().unwrap()).into_owned()
}
