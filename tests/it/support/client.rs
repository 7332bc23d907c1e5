//! A small Socket.IO client over WebSocket, which sends exact packets and keeps everything it receives.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// Limit for a single step of a test.
pub const DEADLINE: Duration = Duration::from_secs(30);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Sink = Arc<Mutex<SplitSink<Socket, Message>>>;

/// A connected client: a task reads and answers pings all the time.
pub struct Client {
    sink: Sink,
    reader: JoinHandle<()>,
    packets: mpsc::UnboundedReceiver<String>,
    heard: VecDeque<(String, String)>,
    acks: VecDeque<(u64, Value)>,
    last_ack: u64,
    /// The Engine.IO session id, a secret of this client.
    pub sid: String,
}

impl Client {
    pub async fn connect(address: &str, path: &str) -> Self {
        Self::try_connect(address, path).await.expect("the server opens the session")
    }

    /// `None` if no server listens there, or the server is stopping.
    pub async fn try_connect(address: &str, path: &str) -> Option<Self> {
        let url = format!("ws://{address}{path}?EIO=4&transport=websocket");
        let (socket, _) = connect_async(url).await.ok()?;
        let (sink, stream) = socket.split();
        let (sink, (sender, packets)) = (Arc::new(Mutex::new(sink)), mpsc::unbounded_channel());
        let reader = tokio::spawn(read(stream, sink.clone(), sender));
        let (heard, acks) = (VecDeque::new(), VecDeque::new());
        let mut client = Self { sink, reader, packets, heard, acks, last_ack: 0, sid: String::new() };
        let open = client.packet().await?;
        client.sid = json_of(open.strip_prefix('0').unwrap())["sid"].as_str().unwrap().into();
        client.send_text("40").await;
        let connected = client.packet().await?;
        connected.starts_with("40").then_some(client)
    }

    /// Joins as a client that can resume and returns the whole answer; a refusal panics.
    pub async fn join(&mut self, room: &str, name: &str) -> Value {
        self.joins(json!({"appointment_id": room, "name": name, "session": null})).await
    }

    /// Like [`join`](Self::join), for a client that cannot resume.
    pub async fn join_unprotected(&mut self, room: &str, name: &str) -> Value {
        self.joins(json!({"appointment_id": room, "name": name})).await
    }

    pub async fn joins(&mut self, request: Value) -> Value {
        let answer = self.ask("join_room", request).await;
        assert_eq!(answer["success"], true, "{answer}");
        let event = self.next("joined_successfully").await;
        assert_eq!(event["participant"], answer["participant"]);
        answer
    }

    pub async fn emit(&mut self, event: &str, payload: Value) {
        self.send_text(format!("42{}", json!([event, payload]))).await;
    }

    /// Sends an event and returns its ack.
    pub async fn ask(&mut self, event: &str, payload: Value) -> Value {
        self.ask_text(&json!([event, payload]).to_string()).await
    }

    /// Like [`ask`](Self::ask), with the exact JSON of the packet.
    pub async fn ask_text(&mut self, packet: &str) -> Value {
        let answer = self.try_ask_text(packet).await;
        answer.unwrap_or_else(|| panic!("closed instead of acknowledging {packet:.200}"))
    }

    /// Like [`ask`](Self::ask); `None` if the connection is closed before the ack.
    pub async fn try_ask(&mut self, event: &str, payload: Value) -> Option<Value> {
        self.try_ask_text(&json!([event, payload]).to_string()).await
    }

    async fn try_ask_text(&mut self, packet: &str) -> Option<Value> {
        self.last_ack += 1;
        let id = self.last_ack;
        self.send_text(format!("42{id}{packet}")).await;
        loop {
            if let Some(position) = self.acks.iter().position(|(ack, _)| *ack == id) {
                return Some(self.acks.remove(position)?.1);
            }
            self.read().await?;
        }
    }

    /// Sends an event that must be refused and returns the error code. The `error` event must have the same
    /// code.
    pub async fn refused(&mut self, event: &str, payload: Value) -> String {
        self.refused_text(&json!([event, payload]).to_string()).await
    }

    pub async fn refused_text(&mut self, packet: &str) -> String {
        let answer = self.ask_text(packet).await;
        assert_eq!(answer["success"], false, "{answer} to {packet:.200}");
        let event = self.next("error").await;
        assert_eq!(event["code"], answer["error"]["code"]);
        assert_eq!(event["message"], answer["message"]);
        assert!(event["message"].as_str().is_some_and(|message| !message.is_empty()));
        event["code"].as_str().unwrap().to_owned()
    }

    /// The payload of the next event of that name; events before it are dropped.
    pub async fn next(&mut self, event: &str) -> Value {
        json_of(&self.next_text(event).await)
    }

    /// Like [`next`](Self::next), byte for byte.
    pub async fn next_text(&mut self, event: &str) -> String {
        loop {
            while let Some((name, payload)) = self.heard.pop_front() {
                if name == event {
                    return payload;
                }
            }
            self.read().await.unwrap_or_else(|| panic!("closed instead of {event}"));
        }
    }

    /// The name and payload of the next event.
    pub async fn next_any(&mut self) -> (String, Value) {
        self.try_next_any().await.expect("closed instead of an event")
    }

    /// Like [`next_any`](Self::next_any); `None` once the connection is closed.
    pub async fn try_next_any(&mut self) -> Option<(String, Value)> {
        while self.heard.is_empty() {
            self.read().await?;
        }
        self.take_heard()
    }

    /// An event received while another packet was awaited.
    pub fn take_heard(&mut self) -> Option<(String, Value)> {
        self.heard.pop_front().map(|(name, payload)| (name, json_of(&payload)))
    }

    /// All events received before the ack of one more request.
    pub async fn heard_so_far(&mut self) -> Vec<String> {
        self.ask("nothing", json!({})).await;
        let mut names: Vec<_> = self.heard.drain(..).map(|(name, _)| name).collect();
        // Another event may come between the answer to the request itself and its ack.
        let answer = names.iter().rposition(|name| name == "error").expect("the answer to the request");
        names.remove(answer);
        names
    }

    /// Number of received events of that name that no test has read yet.
    pub fn count_heard(&self, event: &str) -> usize {
        self.heard.iter().filter(|(name, _)| name == event).count()
    }

    /// Waits for the server to close the connection.
    pub async fn closed(&mut self) {
        while self.read().await.is_some() {}
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    pub async fn send(&mut self, message: Message) {
        // An error means that the server closed the connection; the next read shows it.
        let _ = self.sink.lock().await.send(message).await;
    }

    /// Keeps the connection open, but never reads from it or writes to it again.
    pub fn stop_reading(&self) {
        self.reader.abort();
    }

    /// Ends the TCP connection without a close frame.
    pub fn vanish(self) {
        self.reader.abort();
    }

    async fn read(&mut self) -> Option<()> {
        let packet = self.packet().await?;
        let message = packet.strip_prefix('4')?;
        match message.as_bytes().first() {
            Some(b'2') => {
                let (name, payload) = event_of(&message[1..]);
                self.heard.push_back((name, payload));
            }
            Some(b'3') => {
                let digits = message[1..].chars().take_while(char::is_ascii_digit).count();
                let mut answers: Vec<Value> = serde_json::from_str(&message[1 + digits..]).unwrap();
                self.acks.push_back((message[1..=digits].parse().unwrap(), answers.remove(0)));
            }
            _ => {}
        }
        Some(())
    }

    /// The next Engine.IO packet that is not a ping; `None` once the connection is closed.
    pub async fn packet(&mut self) -> Option<String> {
        tokio::time::timeout(DEADLINE, self.packets.recv()).await.expect("nothing came in time")
    }
}

async fn read(mut stream: SplitStream<Socket>, sink: Sink, packets: mpsc::UnboundedSender<String>) {
    while let Some(Ok(message)) = stream.next().await {
        match message {
            Message::Text(text) if text == "2" => {
                let _ = sink.lock().await.send(Message::text("3")).await;
            }
            Message::Text(text) if text != "1" => {
                let _ = packets.send(text.to_string());
            }
            Message::Text(_) | Message::Close(_) => return,
            _ => {}
        }
    }
}

/// Splits `["name",payload]` and keeps the bytes of the payload.
fn event_of(packet: &str) -> (String, String) {
    let inner = packet.strip_prefix('[').unwrap().strip_suffix(']').unwrap();
    let (name, payload) = inner.split_once(',').unwrap_or((inner, "null"));
    (serde_json::from_str(name).unwrap(), payload.to_owned())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
