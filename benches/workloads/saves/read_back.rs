//! The check that the stored messages are exactly the acknowledged ones.

use std::net::SocketAddr;

use anyhow::ensure;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    http, live,
    messages::{ROOMS, SAVERS, Way, body, entry, id, room},
};
use crate::load::mesh::{Client, join_room};

/// The history in the answer to `join_room`.
#[derive(Deserialize)]
struct History {
    chats: Vec<Box<RawValue>>,
}

/// Reads every room's history after each saver has saved `each` messages. Fails when a message is missing,
/// changed or repeated.
pub async fn check(server: SocketAddr, way: Way, each: u32) -> anyhow::Result<()> {
    let mut expected = vec![Vec::new(); ROOMS as usize];
    for (saver, number) in (0..SAVERS).flat_map(|saver| (0..each).map(move |number| (saver, number))) {
        let place = match way {
            Way::Live => live::room_of(saver),
            Way::Http => http::room_of(saver, number),
        };
        expected[place as usize].push(entry(&id(saver, number), &body(saver, number)));
    }
    for (number, mut expected) in (0..).zip(expected) {
        let mut client = Client::connect(server).await?;
        let answer = client.ask_anything("join_room", &join_room(&room(number), "Ann", None)).await?;
        let History { chats } = serde_json::from_str(&answer)?;
        let mut kept = chats.iter().map(|chat| essence(way, chat)).collect::<anyhow::Result<Vec<_>>>()?;
        kept.sort_unstable();
        expected.sort_unstable();
        ensure!(
            kept == expected,
            "room {number} keeps {} messages, {} were saved",
            kept.len(),
            expected.len()
        );
    }
    Ok(())
}

/// Messages saved over HTTP are stored unchanged; the server adds sender and time to live ones.
fn essence(way: Way, chat: &RawValue) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Said {
        id: String,
        body: String,
    }
    if way == Way::Http {
        return Ok(chat.get().to_owned());
    }
    let said: Said = serde_json::from_str(chat.get())?;
    Ok(entry(&said.id, &said.body))
}
