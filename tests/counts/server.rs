//! The shipped server inside valgrind, on free ports, with its own data folder.

use std::{
    env,
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

const LOG: &str = "server.log";

/// A server that runs until it is dropped.
pub struct Server {
    process: Child,
    pub address: String,
    data: TempDir,
    /// Kept open, as the server may print more than its address.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the server inside a valgrind tool with `options`, in the data folder.
    pub fn start(tool: &str, options: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let log = File::create(data.path().join(LOG)).unwrap();
        let mut process = Command::new("valgrind")
            .arg(format!("--tool={tool}"))
            .args(options)
            .arg(pipe(data.path()))
            // Frequent polling for commands: waking valgrind from outside needs ptrace, which containers may
            // forbid.
            .arg("--vgdb-poll=50")
            .arg(binary())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            // Several threads would add instructions at random.
            .env("TOKIO_WORKER_THREADS", "1")
            .env("LISTEN", "127.0.0.1:0")
            .env("OPS_LISTEN", "127.0.0.1:0")
            .env("MEDIA", "off")
            .env("NEW_SESSIONS_PER_ADDRESS", "0")
            .env("EVENTS_PER_ADDRESS", "0")
            .env("DATA_DIR", data.path())
            .current_dir(data.path())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("there is no valgrind; scripts/install-test-tools.sh installs it");
        let stdout = BufReader::new(process.stdout.take().unwrap());
        // The process has an owner before anything can fail, so that it ends with the tests.
        let mut server = Self { process, address: String::new(), data, stdout };
        server.address = server.read_address();
        server
    }

    /// Sends a command to the tool, such as `dump`.
    pub async fn tell(&self, words: &[&str]) {
        let output = tokio::process::Command::new("vgdb")
            .arg(pipe(self.data.path()))
            .arg(format!("--pid={}", self.process.id()))
            .arg("--max-invoke-ms=0")
            .args(words)
            .output()
            .await
            .expect("there is no vgdb, which comes with valgrind");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A file in the data folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// Reads the address from the greeting's `open http://host:port/`.
    fn read_address(&mut self) -> String {
        let mut line = String::new();
        while self.stdout.read_line(&mut line).unwrap() > 0 {
            if let Some(url) = line.trim().strip_prefix("open ") {
                let (_, port) = url.trim_end_matches('/').rsplit_once(':').unwrap();
                return format!("127.0.0.1:{port}");
            }
            line.clear();
        }
        panic!("the server did not start: {}", std::fs::read_to_string(self.file(LOG)).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The shipped build. Cargo's build for tests has additional features.
fn binary() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("dist/switchboard");
    let binary = env::var_os("SWITCHBOARD_BIN").map_or(built, PathBuf::from);
    binary.canonicalize().unwrap_or_else(|_| panic!("there is no {}: `make build`", binary.display()))
}

fn pipe(data: &Path) -> String {
    format!("--vgdb-prefix={}", data.join("vgdb").display())
}
