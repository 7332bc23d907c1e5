//! The server that `SWITCHBOARD_BIN` names, on ports and with a data folder of its own.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A running server; it ends with this value.
pub(crate) struct Server {
    process: Child,
    folder: PathBuf,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("switchboard-rust-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the data");
        let binary = env::var_os("SWITCHBOARD_BIN").expect("SWITCHBOARD_BIN names the server");
        let binary = fs::canonicalize(binary).expect("SWITCHBOARD_BIN is a file");
        let mut command = Command::new(binary);
        command
            .current_dir(&folder)
            .env_clear()
            .env("LISTEN", "127.0.0.1:0")
            .env("OPS_LISTEN", "127.0.0.1:0");
        command.env("MEDIA", "off").env("DATA_DIR", folder.join("data")).stdout(Stdio::piped());
        if let Some(direct_path) = env::var_os("MESH_DIRECT_PATH") {
            command.env("MESH_DIRECT_PATH", direct_path);
        }
        let mut process = command.spawn().expect("the server starts");
        let greeting = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut url = None;
        for line in greeting.lines() {
            let line = line.expect("the greeting is text");
            match line.trim().split_once(' ') {
                Some(("open", address)) => url = Some(address.trim().trim_end_matches('/').to_owned()),
                // The last line: a reader that goes earlier stops the server.
                Some(("turn", _)) => break,
                _ => {}
            }
        }
        Self { process, folder, url: url.expect("the server says where it is") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
