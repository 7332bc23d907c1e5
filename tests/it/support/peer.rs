//! A client on a plain WebSocket, which sends exact texts and keeps everything it receives.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::Value;
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::Request, protocol::CloseFrame},
};

use super::client::DEADLINE;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Sink = Arc<Mutex<SplitSink<Socket, Message>>>;

/// An open connection: a task reads it and answers pings all the time.
pub struct Peer {
    sink: Sink,
    reader: JoinHandle<()>,
    heard: mpsc::UnboundedReceiver<Heard>,
}

/// What a connection received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// A close frame: its code, 1005 for none, and its reason.
    Closed(u16, String),
    /// The TCP connection ended, after a close frame or without one.
    Gone,
}

impl Peer {
    /// Opens `path` at `address` (`127.0.0.1:8080`).
    pub async fn connect(address: &str, path: &str) -> Self {
        Self::request(format!("ws://{address}{path}").into_client_request().unwrap()).await.unwrap()
    }

    /// Like [`connect`](Self::connect), with other headers. Returns the error of a refusal.
    pub async fn request(request: Request<()>) -> Result<Self, Error> {
        let (socket, _) = timeout(DEADLINE, connect_async(request)).await.expect("an answer in time")?;
        Ok(Self::new(socket))
    }

    /// Like [`connect`](Self::connect), from another loopback address.
    pub async fn connect_from(from: IpAddr, address: &str, path: &str) -> Self {
        let request = format!("ws://{address}{path}").into_client_request().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        let stream = socket.connect(address.parse().unwrap()).await.unwrap();
        let opening = client_async(request, MaybeTlsStream::Plain(stream));
        Self::new(timeout(DEADLINE, opening).await.expect("an answer in time").unwrap().0)
    }

    fn new(socket: Socket) -> Self {
        let (sink, stream) = socket.split();
        let sink = Arc::new(Mutex::new(sink));
        let (sender, heard) = mpsc::unbounded_channel();
        let reader = tokio::spawn(read(stream, sink.clone(), sender));
        Self { sink, reader, heard }
    }

    pub async fn say(&self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// Sends texts in one write.
    pub async fn say_together(&self, texts: &[&str]) {
        let mut sink = self.sink.lock().await;
        for text in texts {
            // As in `send`.
            let _ = sink.feed(Message::text(*text)).await;
        }
        let _ = sink.flush().await;
    }

    pub async fn send(&self, message: Message) {
        // An error means that the server closed the connection; the next read shows how.
        let _ = self.sink.lock().await.send(message).await;
    }

    pub async fn hear(&mut self) -> Heard {
        timeout(DEADLINE, self.heard.recv()).await.expect("nothing came in time").unwrap_or(Heard::Gone)
    }

    /// The next message, byte for byte.
    pub async fn next_text(&mut self) -> String {
        match self.hear().await {
            Heard::Text(text) => text,
            other => panic!("{other:?} instead of a message"),
        }
    }

    pub async fn next(&mut self) -> Value {
        let text = self.next_text().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text:.200}"))
    }

    /// The code and reason of the server's close frame; messages before it are dropped.
    pub async fn hear_close(&mut self) -> (u16, String) {
        loop {
            match self.hear().await {
                Heard::Text(_) => {}
                Heard::Closed(code, reason) => return (code, reason),
                Heard::Gone => panic!("gone without a close frame"),
            }
        }
    }

    pub async fn close(&self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
        self.send(Message::Close(Some(frame))).await;
    }

    /// Closes as a browser does, and waits for the server's close frame.
    pub async fn leave(mut self) {
        self.send(Message::Close(None)).await;
        while self.hear().await != Heard::Gone {}
    }

    /// Keeps the connection open, but never reads from it or writes to it again.
    pub fn stop_reading(&self) {
        self.reader.abort();
    }
}

/// A dropped client ends its TCP connection without a close frame.
impl Drop for Peer {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(mut stream: SplitStream<Socket>, sink: Sink, heard: mpsc::UnboundedSender<Heard>) {
    while let Some(Ok(message)) = stream.next().await {
        let _ = match message {
            Message::Text(text) => heard.send(Heard::Text(text.to_string())),
            Message::Close(frame) => {
                let _ = sink.lock().await.flush().await;
                let frame = frame
                    .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                heard.send(Heard::Closed(frame.0, frame.1))
            }
            // The library sends pongs with the next write.
            Message::Ping(_) => sink.lock().await.flush().await.map_or(Ok(()), Ok),
            _ => Ok(()),
        };
    }
    let _ = heard.send(Heard::Gone);
}
