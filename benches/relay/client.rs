//! A Socket.IO v5 client over one WebSocket that costs little and lets nothing pass unseen.

use std::{collections::VecDeque, net::SocketAddr};

use anyhow::{Context, bail, ensure};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, Utf8Bytes},
};

/// One connection. What is sent waits until there is nothing more to read, as in an event loop.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    /// Events that came while an ack was waited for.
    set_aside: VecDeque<Event>,
    last_ack: u64,
}

/// An event as it came.
pub struct Event(Utf8Bytes);

impl Event {
    pub fn parse(&self) -> anyhow::Result<(&str, &RawValue)> {
        serde_json::from_str(&self.0[2..]).with_context(|| format!("not an event: {}", self.0))
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = client_async(url, stream).await?;
        let mut client = Self { socket, set_aside: VecDeque::new(), last_ack: 0 };
        client.packet("0").await.context("the session was not opened")?;
        client.send("40".into()).await?;
        client.packet("40").await.context("the namespace was not connected")?;
        Ok(client)
    }

    pub async fn emit(&mut self, event: &str, payload: &str) -> anyhow::Result<()> {
        self.send(format!("42[\"{event}\",{payload}]")).await
    }

    /// Sends an event and returns its ack, which must be a success.
    pub async fn ask<T: for<'a> Deserialize<'a>>(&mut self, event: &str, payload: &str) -> anyhow::Result<T> {
        #[derive(Deserialize)]
        struct Answer<T> {
            success: bool,
            #[serde(flatten)]
            rest: T,
        }
        self.last_ack += 1;
        self.send(format!("42{}[\"{event}\",{payload}]", self.last_ack)).await?;
        let prefix = format!("43{}[", self.last_ack);
        loop {
            let text = self.text().await?;
            if let Some(answer) = text.strip_prefix(&prefix) {
                let answer = answer.strip_suffix(']').context("a cut ack")?;
                let parsed: Answer<T> = serde_json::from_str(answer).with_context(|| answer.to_owned())?;
                ensure!(parsed.success, "{event} was refused: {answer}");
                return Ok(parsed.rest);
            }
            self.set_aside.push_back(event_of(text)?);
        }
    }

    /// The next event, whatever it is.
    pub async fn next(&mut self) -> anyhow::Result<Event> {
        match self.set_aside.pop_front() {
            Some(event) => Ok(event),
            None => event_of(self.text().await?),
        }
    }

    /// The events that came before the last ack and were not asked for.
    pub fn not_asked_for(&self) -> impl Iterator<Item = &Event> {
        self.set_aside.iter()
    }

    pub async fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.socket.flush().await?)
    }

    pub async fn close(mut self) -> anyhow::Result<()> {
        Ok(self.socket.close(None).await?)
    }

    async fn send(&mut self, packet: String) -> anyhow::Result<()> {
        Ok(self.socket.feed(Message::text(packet)).await?)
    }

    async fn packet(&mut self, prefix: &str) -> anyhow::Result<()> {
        let text = self.text().await?;
        ensure!(text.starts_with(prefix), "{text}");
        Ok(())
    }

    /// The next Engine.IO packet that is not a ping.
    async fn text(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            match self.message().await? {
                Message::Text(text) if text == "2" => self.send("3".into()).await?,
                Message::Text(text) => return Ok(text),
                Message::Close(_) => bail!("the server closed the connection"),
                _ => {}
            }
        }
    }

    async fn message(&mut self) -> anyhow::Result<Message> {
        let message = match self.socket.next().now_or_never() {
            Some(message) => message,
            None => {
                self.flush().await?;
                self.socket.next().await
            }
        };
        Ok(message.context("the server closed the connection")??)
    }
}

fn event_of(text: Utf8Bytes) -> anyhow::Result<Event> {
    ensure!(text.starts_with("42["), "not an event: {text}");
    Ok(Event(text))
}
