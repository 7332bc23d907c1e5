//! The measured servers, and their start commands.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{self, Path},
};

use serde::{Deserialize, Serialize};

/// A measured server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contender {
    /// The shipped binary.
    Switchboard,
    /// The same with `MESH_DIRECT_PATH=off`: every packet passes socketioxide.
    #[serde(rename = "without-direct-path")]
    WithoutDirectPath,
    /// The same events with Express and socket.io: `peers/server.mjs`.
    Node,
    /// Unparsed messages from one WebSocket to another, with a library: `peers/tungstenite.rs`.
    Tungstenite,
    /// The same with system calls alone: `peers/epoll.rs`.
    Epoll,
    /// npm `peer`, another protocol for the same purpose: `peers/peerjs.mjs`.
    PeerJs,
    /// Debian's `janus`, which forwards media: `peers/janus.rs`.
    Janus,
}

/// The protocol of a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The mesh door's events over Socket.IO, see `docs/mesh.md`.
    Mesh,
    /// The frames of [`Dialect::Mesh`] between two connections to one URL path, without a join.
    Bare,
    /// The JSON messages of npm `peer`.
    PeerJs,
    /// Janus's protocol for media, without signals: `load/media/janus.rs`.
    Janus,
}

impl Contender {
    /// In the order of the report, ours first.
    pub const ALL: [Self; 7] = [
        Self::Switchboard,
        Self::Tungstenite,
        Self::Epoll,
        Self::Node,
        Self::PeerJs,
        Self::Janus,
        Self::WithoutDirectPath,
    ];

    /// Contenders that relay signals.
    pub const SIGNALING: [Self; 5] =
        [Self::Switchboard, Self::Tungstenite, Self::Epoll, Self::Node, Self::PeerJs];

    /// True for Switchboard, whatever its settings: it numbers events.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Switchboard | Self::WithoutDirectPath)
    }

    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Switchboard | Self::WithoutDirectPath | Self::Node => Dialect::Mesh,
            Self::Tungstenite | Self::Epoll => Dialect::Bare,
            Self::PeerJs => Dialect::PeerJs,
            Self::Janus => Dialect::Janus,
        }
    }

    /// The command that starts it. The server must print `open http://host:port/` and listen on `LISTEN`
    /// (`host:port`) or on port `PORT` of 127.0.0.1.
    pub fn command(self) -> anyhow::Result<Vec<OsString>> {
        Ok(match self {
            Self::Switchboard => vec![switchboard()?],
            Self::WithoutDirectPath => vec![switchboard()?, "--mesh-direct-path=off".into()],
            Self::Node => vec!["node".into(), script("server.mjs")],
            Self::PeerJs => vec!["node".into(), script("peerjs.mjs")],
            Self::Tungstenite => vec![env::current_exe()?.into(), "--serve=tungstenite".into()],
            Self::Epoll => vec![env::current_exe()?.into(), "--serve=epoll".into()],
            Self::Janus => vec![env::current_exe()?.into(), "--serve=janus".into()],
        })
    }

    /// Its name in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Switchboard => "Switchboard",
            Self::WithoutDirectPath => "without direct path",
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

/// The binary named by `SWITCHBOARD_BIN`, else the one built with this benchmark.
fn switchboard() -> anyhow::Result<OsString> {
    let binary = env::var_os("SWITCHBOARD_BIN");
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_switchboard").into());
    // An absolute path, as the server runs in another directory.
    Ok(path::absolute(binary)?.into())
}

fn script(name: &str) -> OsString {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(name).into()
}
