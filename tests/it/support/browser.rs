//! A browser as a server sees it: HTTP, WebSocket connections and cookies.

use std::collections::BTreeMap;

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use reqwest::{
    header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE},
    redirect::Policy,
};
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::client::DEADLINE;

/// A browser that knows a single server.
#[derive(Clone)]
pub struct Browser {
    address: String,
    /// Values by name. A page or an attacker may change them.
    pub cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub headers: HeaderMap,
    http: reqwest::Client,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

impl Browser {
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            cookies: BTreeMap::new(),
            headers: HeaderMap::new(),
            http: reqwest::Client::builder().redirect(Policy::none()).build().unwrap(),
        }
    }

    /// The same browser, which uses another node from now on.
    pub fn led_to(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        self
    }

    /// The same browser, with one more header.
    pub fn sending(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        self
    }

    /// Sends a request and stores the cookies of the answer.
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.request(method.parse().unwrap(), url).headers(self.all_headers());
        let response = request.headers(headers).body(body).send().await.unwrap();
        self.keep_cookies(response.headers());
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, HeaderMap::new(), "").await
    }

    pub async fn post_json(&mut self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let json = HeaderValue::from_static("application/json");
        self.ask("POST", path, HeaderMap::from_iter([(reqwest::header::CONTENT_TYPE, json)]), body).await
    }

    /// Opens a WebSocket, or returns the answer that refused it.
    pub async fn open(&mut self, path: &str) -> Result<Socket, Answer> {
        self.open_with(path, HeaderMap::new()).await
    }

    pub async fn open_with(&mut self, path: &str, headers: HeaderMap) -> Result<Socket, Answer> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        request.headers_mut().extend(self.all_headers());
        request.headers_mut().extend(headers);
        match connect_async(request).await {
            Ok((socket, response)) => {
                self.keep_cookies(response.headers());
                Ok(Socket::new(socket))
            }
            Err(Error::Http(response)) => {
                let (head, body) = response.into_parts();
                let body = String::from_utf8(body.unwrap_or_default()).unwrap();
                Err(Answer { status: head.status.as_u16(), headers: head.headers, body })
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn all_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.insert(COOKIE, HeaderValue::from_bytes(pairs.join("; ").as_bytes()).unwrap());
        }
        headers
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.to_ascii_lowercase().contains("max-age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// What a WebSocket received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// The server closed it, with this code and reason.
    Close(u16, String),
    /// The connection ended without a close frame.
    Gone,
}

/// An open WebSocket: a task reads it and answers pings all the time.
pub struct Socket {
    sink: SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
    heard: mpsc::UnboundedReceiver<Heard>,
    reader: JoinHandle<()>,
}

impl Socket {
    fn new(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        let (sink, mut stream) = socket.split();
        let (sender, heard) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            let mut last = Heard::Gone;
            while let Some(Ok(message)) = stream.next().await {
                match message {
                    Message::Text(text) => drop(sender.send(Heard::Text(text.to_string()))),
                    Message::Close(Some(frame)) => {
                        last = Heard::Close(frame.code.into(), frame.reason.to_string());
                    }
                    _ => {}
                }
            }
            let _ = sender.send(last);
        });
        Self { sink, heard, reader }
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        self.send_frame(Message::text(text.into())).await;
    }

    pub async fn send_frame(&mut self, frame: Message) {
        // An error means that the server closed the connection; the next read shows how.
        let _ = self.sink.send(frame).await;
    }

    /// The next message or end of the connection.
    pub async fn next(&mut self) -> Heard {
        tokio::time::timeout(DEADLINE, self.heard.recv())
            .await
            .expect("nothing came in time")
            .unwrap_or(Heard::Gone)
    }

    /// The next text; anything else panics.
    pub async fn next_text(&mut self) -> String {
        match self.next().await {
            Heard::Text(text) => text,
            other => panic!("{other:?} instead of a text"),
        }
    }

    /// How the connection ends; texts before that are dropped.
    pub async fn ended(&mut self) -> Heard {
        loop {
            match self.next().await {
                Heard::Text(_) => {}
                end => return end,
            }
        }
    }

    /// Sends a close frame and waits for the server's.
    pub async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        self.send_frame(Message::Close(Some(frame))).await;
        self.ended().await;
    }

    /// Ends the TCP connection without a close frame.
    pub async fn vanish(self) {
        self.reader.abort();
        let _ = self.reader.await;
    }

    /// Keeps the connection open, but never reads from it or writes to it again.
    pub fn stop_reading(&self) {
        self.reader.abort();
    }
}
