//! Addresses to listen on.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket},
    str::FromStr,
};

/// The addresses that one entry stands for: itself, those of a host name (`localhost:8080`), or every address
/// of the machine (`:8080`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress(pub Vec<SocketAddr>);

/// As [`ListenAddress`]; `off` or an empty text for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionalListenAddress(pub Vec<SocketAddr>);

impl FromStr for ListenAddress {
    type Err = String;

    /// Names and `:8080` stand for IPv6 addresses only where this machine has IPv6.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (host, port) =
            text.rsplit_once(':').ok_or("an address is like 0.0.0.0:8080, [::]:8080 or :8080")?;
        let port: u16 = port.parse().map_err(|_| format!("{port} is no port"))?;
        if matches!(host, "" | "*") {
            let every = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
            return Ok(Self(
                every.map(|ip| SocketAddr::new(ip, port)).into_iter().filter(is_usable).collect(),
            ));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self(vec![SocketAddr::new(address.ip().to_canonical(), port)]));
        }
        let found = text.to_socket_addrs().map_err(|error| format!("{host} is not known: {error}"))?;
        let mut addresses: Vec<_> = found.filter(is_usable).collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.is_empty() { Err(format!("{host} has no address")) } else { Ok(Self(addresses)) }
    }
}

impl FromStr for OptionalListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text.trim().to_ascii_lowercase().as_str(), "off" | "none" | "") {
            return Ok(Self(Vec::new()));
        }
        text.parse::<ListenAddress>().map(|address| Self(address.0))
    }
}

/// False for an IPv6 address on a machine without IPv6.
fn is_usable(address: &SocketAddr) -> bool {
    address.is_ipv4() || UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_an_address_a_host_name_or_a_port() {
        let parse = |text: &str| text.parse::<ListenAddress>().map(|it| it.0);
        let shown = |text| parse(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown("0.0.0.0:80"), ["0.0.0.0:80"]);
        assert_eq!(shown(" [::1]:80"), ["[::1]:80"]);
        assert_eq!(shown(":80"), ["[::]:80", "0.0.0.0:80"]);
        assert_eq!(shown("*:80"), shown(":80"));
        assert_eq!(shown("[::ffff:127.0.0.1]:80"), ["127.0.0.1:80"]);
        assert!(parse("localhost:80").unwrap().iter().all(|address| address.ip().is_loopback()));
        for wrong in ["8080", "here", "0.0.0.0:http", "::1", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!("Off".parse::<OptionalListenAddress>(), Ok(OptionalListenAddress(Vec::new())));
    }
}
