//! The options for media.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where addresses stand bare")]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    num::NonZeroU32,
};

use clap::ValueEnum;
use thiserror::Error;

use super::settings::{MediaCodec, MediaLimits, MediaSettings};

/// The default port, unless the whole server is at free ports.
const DEFAULT_PORT: u16 = 8100;

/// The most threads: more than the cores of any machine.
const MAX_THREADS: usize = 64;

/// The largest number of a limit. A larger one limits nothing.
const MAX_COUNT: usize = 1_000_000;

/// The options for media.
#[derive(Debug, Clone, clap::Args)]
pub struct MediaOptions {
    /// Forward media, for doors whose participants send to the server instead of each other.
    #[arg(
        help_heading = "Media",
        long,
        env,
        value_name = "ON|OFF",
        default_value = "on",
        ignore_case = true
    )]
    pub media: Switch,

    /// UDP and TCP port for media, the same on every address; open both in the firewall. 8100, or a free port
    /// if clients connect at a free port (0).
    #[arg(help_heading = "Media", long, env, value_name = "PORT")]
    pub media_port: Option<u16>,

    /// Addresses of this machine for media, separated by commas; not 0.0.0.0. If not set, the addresses by
    /// which the machine reaches the internet, or else loopback.
    #[arg(help_heading = "Media", long, env, value_name = "ADDRESSES", value_delimiter = ',', value_parser = address)]
    pub media_listen: Vec<IpAddr>,

    /// Addresses that clients are told instead, where a router or a container translates addresses. One for
    /// each address of --media-listen, or of its default.
    #[arg(help_heading = "Media", long, env, value_name = "ADDRESSES", value_delimiter = ',', value_parser = address)]
    pub media_advertise: Vec<IpAddr>,

    /// Codecs to forward, the preferred one first. Nothing is transcoded.
    #[arg(
        help_heading = "Media",
        long,
        env,
        value_name = "CODECS",
        value_delimiter = ',',
        default_value = "opus,vp8,h264",
        value_parser = codec
    )]
    pub media_codecs: Vec<MediaCodec>,

    /// Threads among which rooms are divided; each has a port of its own, one after the other.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value_t = 1)]
    pub media_threads: usize,

    /// Media connections on this server. Each takes about half a megabyte.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value = "1000", value_parser = count)]
    pub media_max_endpoints: usize,

    /// Media connections in one room.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value = "250", value_parser = count)]
    pub media_endpoints_per_room: usize,

    /// Media connections of one participant: one to send, and one for each other participant that it
    /// receives.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value = "50", value_parser = count)]
    pub media_endpoints_per_participant: usize,

    /// Offers and answers of one participant in a minute.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value = "120")]
    pub media_offers_per_minute: NonZeroU32,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Forward media
    #[value(aliases = ["true", "yes", "1"])]
    On,
    /// Forward nothing
    #[value(aliases = ["false", "no", "0"])]
    Off,
}

/// Why the media options are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MediaOptionsError {
    /// The number of advertised addresses differs from that of listening addresses.
    #[error("MEDIA_ADVERTISE must have an address for each of MEDIA_LISTEN")]
    Advertise,
    /// The number of threads is out of range.
    #[error("MEDIA_THREADS must be from 1 to {MAX_THREADS}")]
    Threads,
    /// The threads have more ports than there are after the first.
    #[error("MEDIA_PORT is too high: each of MEDIA_THREADS has a port of its own, up to 65535")]
    Ports,
}

impl MediaOptions {
    /// Derives the settings for a server whose clients connect at `doors`; `None` if media is off.
    ///
    /// # Errors
    ///
    /// The options contradict each other.
    pub fn settings(&self, doors: &[SocketAddr]) -> Result<Option<MediaSettings>, MediaOptionsError> {
        if self.media == Switch::Off {
            return Ok(None);
        }
        if !(1..=MAX_THREADS).contains(&self.media_threads) {
            return Err(MediaOptionsError::Threads);
        }
        if self
            .media_port
            .is_some_and(|port| usize::from(port) + self.media_threads > 1 + usize::from(u16::MAX))
        {
            return Err(MediaOptionsError::Ports);
        }
        let is_free = doors.iter().all(|door| door.port() == 0);
        let settings = MediaSettings {
            listen: self.listen()?,
            advertise: self.media_advertise.clone(),
            port: self.media_port.unwrap_or(if is_free { 0 } else { DEFAULT_PORT }),
            threads: self.media_threads,
            codecs: self.media_codecs.clone(),
            limits: MediaLimits {
                per_participant: self.media_endpoints_per_participant,
                per_room: self.media_endpoints_per_room,
                in_all: self.media_max_endpoints,
                descriptions_per_minute: self.media_offers_per_minute,
            },
        };
        Ok(Some(settings))
    }

    fn listen(&self) -> Result<Vec<IpAddr>, MediaOptionsError> {
        let told = self.media_advertise.len();
        let listen =
            if self.media_listen.is_empty() { own_addresses(told) } else { self.media_listen.clone() };
        if told == 0 || told == listen.len() { Ok(listen) } else { Err(MediaOptionsError::Advertise) }
    }
}

/// The addresses by which this machine reaches the internet, IPv4 first; at most `told` if that is not 0.
fn own_addresses(told: usize) -> Vec<IpAddr> {
    // Documentation addresses: nothing is sent, the system only chooses a route.
    let remote = ["192.0.2.1:9", "[2001:db8::1]:9"];
    let mut addresses: Vec<_> = remote.into_iter().filter_map(own_address_towards).collect();
    if addresses.is_empty() {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    if told > 0 {
        addresses.truncate(told);
    }
    addresses
}

fn own_address_towards(remote: &str) -> Option<IpAddr> {
    let remote: SocketAddr = remote.parse().ok()?;
    let any = if remote.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(remote).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified())
}

/// Parses one address of one machine. Wildcards are invalid: answers must come from the address that the
/// packet went to.
fn address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.trim().parse().map_err(|_| "an address is like 192.0.2.7".to_owned())?;
    if address.is_unspecified() || address.is_multicast() {
        return Err("must be one address of this machine, not all of them".into());
    }
    Ok(address)
}

fn codec(text: &str) -> Result<MediaCodec, String> {
    MediaCodec::from_str(text.trim(), true).map_err(|_| "a codec is opus, vp8 or h264".into())
}

/// Parses a limit of at least one; `MEDIA=off` forwards nothing.
fn count(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| (1..=MAX_COUNT).contains(number));
    number.ok_or_else(|| format!("must be a number from 1 to {MAX_COUNT}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Settings {
        #[command(flatten)]
        media: MediaOptions,
    }

    fn settings(args: &[&str], doors: &str) -> Result<Option<MediaSettings>, MediaOptionsError> {
        let args = std::iter::once(&"test").chain(args);
        Settings::parse_from(args).media.settings(&[doors.parse().unwrap()])
    }

    #[test]
    fn without_settings_media_has_addresses_for_clients() {
        let settings = settings(&[], "0.0.0.0:8080").unwrap().unwrap();
        assert_eq!(settings.port, DEFAULT_PORT);
        assert!(!settings.listen.is_empty() && settings.listen.iter().all(|one| !one.is_unspecified()));
    }

    #[test]
    fn a_server_at_a_free_port_uses_a_free_port_for_media() {
        let free = settings(&[], "127.0.0.1:0").unwrap().unwrap();
        assert_eq!(free.port, 0);
        let fixed = settings(&["--media-port", "9000"], "127.0.0.1:0").unwrap().unwrap();
        assert_eq!([fixed.port_of(0), fixed.port_of(1)], [9_000, 9_001]);
        let too_high = settings(&["--media-port", "65535", "--media-threads", "2"], "127.0.0.1:0");
        assert_eq!(too_high.unwrap_err(), MediaOptionsError::Ports);
    }

    #[test]
    fn each_advertised_address_belongs_to_a_listening_one() {
        let args = ["--media-listen", "127.0.0.1,127.0.0.2", "--media-advertise", "192.0.2.7"];
        assert_eq!(settings(&args, "127.0.0.1:0").unwrap_err(), MediaOptionsError::Advertise);
        let nat = settings(&["--media-advertise", "192.0.2.7"], "127.0.0.1:0").unwrap().unwrap();
        assert_eq!(nat.listen.len(), 1);
        assert!(Settings::try_parse_from(["test", "--media-listen", "0.0.0.0"]).is_err());
        assert!(settings(&["--media", "off"], "127.0.0.1:0").unwrap().is_none());
    }
}
