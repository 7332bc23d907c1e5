//! Saves over HTTP, on one connection.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::messages::{ROOMS, body, entry, id, room};

/// A saver that goes from room to room and saves one message in each.
pub struct Saver {
    number: u32,
    server: SocketAddr,
    requests: SendRequest<Full<Bytes>>,
    _connection: AbortOnDropHandle<()>,
}

impl Saver {
    pub async fn open(server: SocketAddr, number: u32) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        // Its errors show in the requests.
        let connection = tokio::spawn(async { connection.await.unwrap_or_default() });
        Ok(Self { number, server, requests, _connection: AbortOnDropHandle::new(connection) })
    }

    /// Saves message `number`; returns when it is durable.
    pub async fn save(&mut self, number: u32) -> anyhow::Result<()> {
        let room = room(room_of(self.number, number));
        let entry = entry(&id(self.number, number), &body(self.number, number));
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("/api/v1/signalling/save-chats/{room}"))
            .header(HOST, self.server.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(format!(r#"{{"chats":[{entry}]}}"#)))?;
        let response = self.requests.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await.context("a cut answer")?.to_bytes();
        ensure!(status == StatusCode::OK, "a save was refused: {status}, {answer:?}");
        Ok(())
    }
}

/// The room of a message.
pub const fn room_of(saver: u32, number: u32) -> u32 {
    (saver + number) % ROOMS
}
