//! What operators can set about media.
#![allow(clippy::doc_markdown, reason = "option texts are for the terminal, where addresses stand bare")]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    num::NonZeroU32,
};

use clap::ValueEnum;
use thiserror::Error;

use super::settings::{Limits, MediaCodec, MediaSettings};

/// Where media goes when nothing is set; a free port where the whole server is at free ports.
const DEFAULT_PORT: u16 = 8100;

/// More threads than any machine has cores for.
const MAX_THREADS: usize = 64;

/// What can be set about media.
#[derive(Debug, Clone, clap::Args)]
pub struct MediaOptions {
    /// Whether media is forwarded, for doors whose participants send to the server instead of each other.
    #[arg(help_heading = "Media", long, env, value_name = "ON|OFF", default_value = "on")]
    pub media: Switch,

    /// The UDP and TCP port at which media arrives, the same on every address; open both in the firewall. 8100, unless
    /// people connect at a free port (0): then it is a free one too.
    #[arg(help_heading = "Media", long, env, value_name = "PORT")]
    pub media_port: Option<u16>,

    /// Addresses of this machine at which media arrives, separated by commas; 0.0.0.0 is none. If not set, those by
    /// which it reaches the internet, or else its own for itself.
    #[arg(help_heading = "Media", long, env, value_name = "ADDRESSES", value_delimiter = ',', value_parser = address)]
    pub media_listen: Vec<IpAddr>,

    /// What people are told instead, where a router or a container translates addresses: one for each address of
    /// --media-listen, or of those that are taken when that is not set.
    #[arg(help_heading = "Media", long, env, value_name = "ADDRESSES", value_delimiter = ',', value_parser = address)]
    pub media_advertise: Vec<IpAddr>,

    /// What is forwarded, what is preferred first. Nothing is translated.
    #[arg(
        help_heading = "Media",
        long,
        env,
        value_name = "CODECS",
        value_delimiter = ',',
        default_value = "opus,vp8,h264"
    )]
    pub media_codecs: Vec<MediaCodec>,

    /// On how many threads rooms are spread; each has a port of its own, one after the other.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value_t = 1)]
    pub media_threads: usize,

    /// How many connections for media there may be on this server. Each takes about half a megabyte.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value_t = 1_000)]
    pub media_max_endpoints: usize,

    /// How many there may be in one room.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value_t = 250)]
    pub media_endpoints_per_room: usize,

    /// How many one participant may have: one to send, and one for each other whom it sees.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value_t = 50)]
    pub media_endpoints_per_participant: usize,

    /// How many offers and answers one participant may make in a minute.
    #[arg(help_heading = "Media", long, env, value_name = "NUMBER", default_value = "120")]
    pub media_offers_per_minute: NonZeroU32,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Media is forwarded
    On,
    /// Nothing is forwarded
    Off,
}

/// Why media cannot be forwarded as it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MediaOptionsError {
    /// Each address that is told stands for one at which media arrives.
    #[error("MEDIA_ADVERTISE must have an address for each of MEDIA_LISTEN")]
    Advertise,
    /// Nobody could be served.
    #[error("MEDIA_THREADS must be from 1 to {MAX_THREADS}")]
    Threads,
}

impl MediaOptions {
    /// The settings, where people connect at `doors`; nothing if media is off.
    ///
    /// # Errors
    /// What does not fit together.
    pub fn settings(&self, doors: &[SocketAddr]) -> Result<Option<MediaSettings>, MediaOptionsError> {
        if self.media == Switch::Off {
            return Ok(None);
        }
        if !(1..=MAX_THREADS).contains(&self.media_threads) {
            return Err(MediaOptionsError::Threads);
        }
        let is_free = doors.iter().all(|door| door.port() == 0);
        let settings = MediaSettings {
            listen: self.listen()?,
            advertise: self.media_advertise.clone(),
            port: self.media_port.unwrap_or(if is_free { 0 } else { DEFAULT_PORT }),
            threads: self.media_threads,
            codecs: self.media_codecs.clone(),
            limits: Limits {
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

/// The addresses by which this machine reaches the internet, the old kind first; as many as are to be `told`, if any.
fn own_addresses(told: usize) -> Vec<IpAddr> {
    // Nobody is there, and nothing is sent: the system only says which way it would go.
    let elsewhere = ["192.0.2.1:9", "[2001:db8::1]:9"];
    let mut addresses: Vec<_> = elsewhere.into_iter().filter_map(own_address_towards).collect();
    if addresses.is_empty() {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    if told > 0 {
        addresses.truncate(told);
    }
    addresses
}

fn own_address_towards(elsewhere: &str) -> Option<IpAddr> {
    let elsewhere: SocketAddr = elsewhere.parse().ok()?;
    let any = if elsewhere.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(elsewhere).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified())
}

/// One address of one machine. What stands for all of them does not do: answers must come from where packets went.
fn address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr = text.trim().parse().map_err(|_| "an address is like 192.0.2.7".to_owned())?;
    if address.is_unspecified() || address.is_multicast() {
        return Err("must be one address of this machine, not all of them".into());
    }
    Ok(address)
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
    fn with_nothing_set_media_has_an_address_that_clients_can_be_told() {
        let settings = settings(&[], "0.0.0.0:8080").unwrap().unwrap();
        assert_eq!(settings.port, DEFAULT_PORT);
        assert!(!settings.listen.is_empty() && settings.listen.iter().all(|one| !one.is_unspecified()));
    }

    #[test]
    fn a_server_at_a_free_port_forwards_at_a_free_port() {
        let free = settings(&[], "127.0.0.1:0").unwrap().unwrap();
        assert_eq!(free.port, 0);
        let fixed = settings(&["--media-port", "9000"], "127.0.0.1:0").unwrap().unwrap();
        assert_eq!([fixed.port_of(0), fixed.port_of(1)], [9_000, 9_001]);
    }

    #[test]
    fn what_is_told_stands_for_what_is_listened_at() {
        let args = ["--media-listen", "127.0.0.1,127.0.0.2", "--media-advertise", "192.0.2.7"];
        assert_eq!(settings(&args, "127.0.0.1:0").unwrap_err(), MediaOptionsError::Advertise);
        let nat = settings(&["--media-advertise", "192.0.2.7"], "127.0.0.1:0").unwrap().unwrap();
        assert_eq!(nat.listen.len(), 1);
        assert!(Settings::try_parse_from(["test", "--media-listen", "0.0.0.0"]).is_err());
        assert!(settings(&["--media", "off"], "127.0.0.1:0").unwrap().is_none());
    }
}
