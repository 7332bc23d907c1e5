//! What Switchboard is measured beside: Node services, and the two relays that this binary is itself when it is
//! started with `--serve=`. A relay joins the first two connections with the same URL path and carries their texts
//! from one to the other, unread. It has no rooms, no names, and no second thoughts.

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
