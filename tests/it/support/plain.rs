//! A plain WebSocket client: it says what it is told to say, answers pings by itself, and forgets nothing it hears.

use std::sync::Arc;

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::CloseFrame},
};

use super::client::DEADLINE;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// An open WebSocket. It reads, and answers pings, whatever the test does meanwhile.
pub struct PlainSocket {
    sink: Arc<Mutex<SplitSink<Stream, Message>>>,
    reader: JoinHandle<()>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// A close frame: its code, 1005 for none, and its reason.
    Closed(u16, String),
    /// TCP ended, after a close frame or without one.
    Gone,
}

impl PlainSocket {
    pub async fn open(address: &str, path: &str) -> Self {
        let (stream, _) = connect_async(format!("ws://{address}{path}")).await.unwrap();
        let (sink, stream) = stream.split();
        let (sender, heard) = mpsc::unbounded_channel();
        let reader = tokio::spawn(read(stream, sender));
        Self { sink: Arc::new(Mutex::new(sink)), reader, heard }
    }

    pub async fn say(&self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    pub async fn send(&self, message: Message) {
        // An error means that the server has closed; what is heard next will show it.
        let _ = self.sink.lock().await.send(message).await;
    }

    pub async fn close(&self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
        self.send(Message::Close(Some(frame))).await;
    }

    /// The next thing the server says.
    pub async fn hear(&mut self) -> Heard {
        let heard = timeout(DEADLINE, self.heard.recv()).await.expect("nothing was heard in time");
        heard.unwrap_or(Heard::Gone)
    }

    /// The next message, which must be a text.
    pub async fn hear_text(&mut self) -> String {
        match self.hear().await {
            Heard::Text(text) => text,
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// The code and the reason that the server closes with; messages before that are dropped.
    pub async fn hear_close(&mut self) -> (u16, String) {
        loop {
            match self.hear().await {
                Heard::Text(_) => {}
                Heard::Closed(code, reason) => return (code, reason),
                Heard::Gone => panic!("gone without a close frame"),
            }
        }
    }

    /// Holds the connection open without reading from it or answering on it any more.
    pub fn stop_reading(&self) {
        self.reader.abort();
    }
}

async fn read(mut stream: SplitStream<Stream>, heard: mpsc::UnboundedSender<Heard>) {
    while let Some(Ok(message)) = stream.next().await {
        let _ = match message {
            Message::Text(text) => heard.send(Heard::Text(text.to_string())),
            Message::Close(frame) => {
                let frame = frame
                    .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                heard.send(Heard::Closed(frame.0, frame.1))
            }
            _ => Ok(()),
        };
    }
    let _ = heard.send(Heard::Gone);
}
