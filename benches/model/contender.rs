//! The servers that are measured, and how each is started.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{self, Path},
};

use serde::{Deserialize, Serialize};

/// A server that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contender {
    /// The binary that is shipped.
    Switchboard,
    /// The same events with Express and socket.io: `peers/server.mjs`.
    Node,
    /// Messages from one WebSocket to another, unread, with a library: `peers/tungstenite.rs`.
    Tungstenite,
    /// The same with system calls alone: `peers/epoll.rs`.
    Epoll,
    /// npm `peer`, another protocol for the same purpose: `peers/peerjs.mjs`.
    PeerJs,
    /// Debian's `janus`, which forwards media: `peers/janus.rs`.
    Janus,
}

/// What is spoken to a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The mesh door's events over Socket.IO, see `docs/mesh.md`.
    Mesh,
    /// The frames of [`Dialect::Mesh`], to whoever has the same URL path. Nobody joins.
    Bare,
    /// The JSON messages of npm `peer`.
    PeerJs,
    /// Janus's own, for media: `load/media/janus.rs`. Nobody signals to others in it.
    Janus,
}

impl Contender {
    /// In the order of the report, ours first.
    pub const ALL: [Self; 6] =
        [Self::Switchboard, Self::Tungstenite, Self::Epoll, Self::Node, Self::PeerJs, Self::Janus];

    /// Those that carry signals from one to another.
    pub const SIGNALING: [Self; 5] =
        [Self::Switchboard, Self::Tungstenite, Self::Epoll, Self::Node, Self::PeerJs];

    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Switchboard | Self::Node => Dialect::Mesh,
            Self::Tungstenite | Self::Epoll => Dialect::Bare,
            Self::PeerJs => Dialect::PeerJs,
            Self::Janus => Dialect::Janus,
        }
    }

    /// The words that start it. It is to say `open http://host:port/` on standard output and to listen on `LISTEN`
    /// (`host:port`) or on port `PORT` of 127.0.0.1.
    pub fn command(self) -> anyhow::Result<Vec<OsString>> {
        Ok(match self {
            Self::Switchboard => vec![switchboard()?],
            Self::Node => vec!["node".into(), script("server.mjs")],
            Self::PeerJs => vec!["node".into(), script("peerjs.mjs")],
            Self::Tungstenite => vec![env::current_exe()?.into(), "--serve=tungstenite".into()],
            Self::Epoll => vec![env::current_exe()?.into(), "--serve=epoll".into()],
            Self::Janus => vec![env::current_exe()?.into(), "--serve=janus".into()],
        })
    }

    /// What it is called in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Switchboard => "Switchboard",
            Self::Node => "Node",
            Self::Tungstenite => "tungstenite",
            Self::Epoll => "epoll",
            Self::PeerJs => "PeerJS",
            Self::Janus => "Janus",
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// The binary that `SWITCHBOARD_BIN` names, else the one built along with this benchmark.
fn switchboard() -> anyhow::Result<OsString> {
    let binary = env::var_os("SWITCHBOARD_BIN");
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_switchboard").into());
    // It will not run in this working directory.
    Ok(path::absolute(binary)?.into())
}

fn script(name: &str) -> OsString {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(name).into()
}
