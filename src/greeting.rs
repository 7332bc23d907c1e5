//! The text that the server prints when it starts: its addresses, its back ends, and missing settings.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::net::TcpListener;

use crate::{
    config::{Config, Origin},
    data_folder::DataFolder,
};

/// The facts that the greeting states.
pub struct Greeting<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The listeners for clients.
    pub doors: &'a [TcpListener],
    /// The listeners for operators.
    pub ops: &'a [TcpListener],
    /// The data folder.
    pub data: &'a DataFolder,
    /// The addresses for media.
    pub media: &'a [SocketAddr],
}

impl Greeting<'_> {
    /// Prints it to standard output, one plain line for each subject.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "Switchboard {}", env!("CARGO_PKG_VERSION"))?;
        for address in addresses(self.doors)? {
            writeln!(out, "  open     {}{}", address_for_people(address), self.config.base_path.join("/"))?;
        }
        for address in addresses(self.ops)? {
            writeln!(out, "  health   http://{address}/healthz, /readyz, /metrics, /debug")?;
        }
        writeln!(out, "  chats    {}", self.chats())?;
        writeln!(out, "  rooms    {}", self.rooms())?;
        writeln!(out, "  cors     {}", self.cors())?;
        if let Some(origins) = list(&self.config.frame_ancestors) {
            writeln!(out, "  frames   pages from {origins} may show the call page")?;
        }
        writeln!(out, "  media    {}", self.media())?;
        // Scripts that wait for the greeting wait for this last line.
        writeln!(out, "  turn     {}", self.turn())?;
        out.flush()
    }

    fn chats(&self) -> String {
        if self.config.mongodb_uri.reveal().is_some() {
            return "MongoDB (MONGODB_URI)".to_owned();
        }
        let file = format!("SQLite, {}", self.data.embedded_file().display());
        match self.config.redis_url.reveal() {
            Some(_) => format!("{file}: this node's own, unknown to the others (MONGODB_URI)"),
            None => file,
        }
    }

    fn rooms(&self) -> String {
        match self.config.redis_url.reveal() {
            Some(_) => "seats in Redis (REDIS_URL)".to_owned(),
            None => {
                format!("in this process; held seats outlive it, {}", self.data.embedded_file().display())
            }
        }
    }

    fn cors(&self) -> String {
        match list(&self.config.cors_origins) {
            None => "not set: only this server's own pages may use it (CORS_ORIGINS)".to_owned(),
            Some(origins) => format!("pages from {origins} may use this server"),
        }
    }

    fn media(&self) -> String {
        let addresses: Vec<_> = self.media.iter().map(SocketAddr::to_string).collect();
        if addresses.is_empty() {
            return "not forwarded (MEDIA)".to_owned();
        }
        format!("forwarded at {}, UDP and TCP", addresses.join(" and "))
    }

    fn turn(&self) -> String {
        let servers = self.config.turn_urls.0.len();
        if servers == 0 {
            return "not set: people behind strict firewalls may not see each other (TURN_URLS)".to_owned();
        }
        let servers = if servers == 1 { "1 server".to_owned() } else { format!("{servers} servers") };
        format!("{servers}, credentials for {}", humantime::format_duration(self.config.turn_ttl))
    }
}

/// Joins the configured origins with commas; `None` if there are none.
fn list(origins: &[Origin]) -> Option<String> {
    let set = origins.iter().filter_map(|origin| origin.0.to_str().ok()).filter(|text| !text.is_empty());
    let list = set.collect::<Vec<_>>().join(", ");
    (!list.is_empty()).then_some(list)
}

/// The addresses of listeners. `[::]` and `0.0.0.0` with the same port are one, for every address.
fn addresses(listeners: &[TcpListener]) -> io::Result<Vec<SocketAddr>> {
    let all = listeners.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
    let is_named = |address: &SocketAddr| {
        let every = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port()));
        address.ip() == Ipv4Addr::UNSPECIFIED && all.contains(&every)
    };
    Ok(all.iter().copied().filter(|address| !is_named(address)).collect())
}

/// The URL that a browser on this machine opens.
fn address_for_people(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
