//! The servers beside Switchboard: Node services, and the two relays that this binary itself is when started
//! with `--serve=`. A relay joins the first two connections with the same URL path and carries their texts,
//! unparsed, from one to the other. It has no rooms and no names.

mod epoll;
mod janus;
mod tungstenite;

use std::{
    env,
    io::{self, Write},
    net::TcpListener,
};

use anyhow::Context;

/// Serves until it is killed.
pub fn serve(which: &str) -> anyhow::Result<()> {
    super::machine::allow_many_connections()?;
    if which == "janus" {
        return janus::become_it();
    }
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(&address).with_context(|| format!("{address} is taken"))?;
    listener.set_nonblocking(true)?;
    writeln!(io::stdout(), "open http://{}/", listener.local_addr()?)?;
    match which {
        "tungstenite" => tungstenite::serve(listener),
        "epoll" => epoll::serve(&listener),
        _ => anyhow::bail!("there is no contender {which}"),
    }
}
