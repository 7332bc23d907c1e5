//! The listeners for clients and operators.

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use anyhow::Context;
use tokio::net::TcpListener;

use crate::{config::Config, listener, protocols::door::Door};

/// The bound listeners for clients and operators.
pub(super) struct Listeners {
    pub(super) doors: Vec<TcpListener>,
    pub(super) ops: Vec<TcpListener>,
}

impl Listeners {
    pub(super) fn bind(config: &Config, doors: &[Arc<dyn Door>]) -> anyhow::Result<Self> {
        let further = doors.iter().flat_map(|door| door.listen());
        let further_ops = doors.iter().flat_map(|door| door.ops_listen());
        Ok(Self {
            doors: bind_all("LISTEN", config.listen().into_iter().chain(further))?,
            ops: bind_all("OPS_LISTEN", config.ops_listen().iter().copied().chain(further_ops))?,
        })
    }
}

/// Binds each address once.
fn bind_all(
    setting: &'static str,
    addresses: impl Iterator<Item = SocketAddr>,
) -> anyhow::Result<Vec<TcpListener>> {
    let addresses: Vec<_> = addresses.collect();
    let mut bound = HashSet::new();
    let mut listeners = Vec::new();
    for address in &addresses {
        // Each bind of port 0 takes another free port.
        let is_new = address.port() == 0 || bound.insert(*address);
        if is_new && !addresses.iter().any(|other| covers(*other, *address)) {
            // Otherwise the address of IPv6 would take the port of IPv4 too.
            let has_ipv4 = addresses.iter().any(|other| other.is_ipv4() && other.port() == address.port());
            listeners.push(listener::bind(*address, has_ipv4).context(setting)?);
        }
    }
    Ok(listeners)
}

/// True if `all` stands for every address of the machine, including `one`, so that both cannot be bound.
fn covers(all: SocketAddr, one: SocketAddr) -> bool {
    let is_same_port = all.port() == one.port() && all.is_ipv4() == one.is_ipv4() && one.port() != 0;
    is_same_port && all.ip().is_unspecified() && !one.ip().is_unspecified()
}
