//! A WebSocket as its door sees it: messages in order, then how the connection ended.

use std::{fmt, time::Duration};

use futures_util::{StreamExt, stream::SplitStream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message as Frame, Utf8Bytes, protocol::frame::coding::CloseCode},
};

use super::{CLOSE_TIMEOUT, CloseStatus, SocketEnd, SocketMessage, SocketSender, sender::WriterTask};

/// An open WebSocket. Reads only while [`next`](Self::next) is awaited: backpressure reaches the client.
pub struct Socket {
    stream: SplitStream<WebSocketStream<TokioIo<Upgraded>>>,
    sender: SocketSender,
    max_silence: Duration,
    /// Reason in the client's Close frame.
    close_reason: Option<Utf8Bytes>,
    /// Code in the client's Close frame.
    close_code: Option<u16>,
    writer: WriterTask,
}

impl Socket {
    pub(super) fn new(
        stream: SplitStream<WebSocketStream<TokioIo<Upgraded>>>,
        sender: SocketSender,
        max_silence: Duration,
        writer: WriterTask,
    ) -> Self {
        Self { stream, sender, max_silence, close_reason: None, close_code: None, writer }
    }

    /// The sending half.
    pub fn sender(&self) -> SocketSender {
        self.sender.clone()
    }

    /// Returns the next message, or how the connection ended. Must not be called after an end.
    ///
    /// When it returns an end, the client has received everything that could be sent to it.
    pub async fn next(&mut self) -> Result<SocketMessage, SocketEnd> {
        loop {
            let frame = tokio::select! {
                biased;
                () = self.sender.closing() => {
                    self.wait_for_close().await;
                    return Err(SocketEnd::ClosedByServer);
                }
                frame = timeout(self.max_silence, self.stream.next()) => frame,
            };
            if let Ok(Some(Ok(_))) = &frame {
                self.sender.note_received();
            }
            match frame {
                Ok(Some(Ok(Frame::Text(text)))) => return Ok(SocketMessage::Text(text)),
                Ok(Some(Ok(Frame::Binary(_)))) => return Ok(SocketMessage::Binary),
                Ok(Some(Ok(Frame::Close(frame)))) => {
                    self.close_code = frame.as_ref().map(|frame| frame.code.into());
                    self.close_reason = frame.map(|frame| frame.reason);
                    self.sender.refuse_further();
                    // Reading on sends the answer, and waits for the client to close TCP.
                    let _ = timeout(CLOSE_TIMEOUT, self.stream.next()).await;
                    return Err(SocketEnd::ClosedByClient);
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => {
                    if let Some(status) = status_for(&error) {
                        self.sender.close(status);
                        let _ = timeout(CLOSE_TIMEOUT, self.writer.ended.notified()).await;
                    }
                    return Err(SocketEnd::Lost);
                }
                Ok(None) | Err(_) => return Err(SocketEnd::Lost),
            }
        }
    }

    /// The code in the client's Close frame, if there was one.
    pub fn close_code(&self) -> Option<u16> {
        self.close_code
    }

    /// The reason in the client's Close frame, if there was one.
    pub(super) fn close_reason(&self) -> Option<&str> {
        self.close_reason.as_deref()
    }

    /// Closes the connection as [`SocketSender::close`] does, and returns when it is closed. Also for a lost
    /// connection: a client that was only silent may still read the Close frame.
    pub async fn close(mut self, status: CloseStatus) {
        self.sender.close(status);
        self.wait_for_close().await;
    }

    /// Waits for the client's Close frame; drops the messages before it.
    async fn wait_for_close(&mut self) {
        let answered = async {
            self.writer.ended.notified().await;
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        let _ = timeout(CLOSE_TIMEOUT, answered).await;
    }
}

/// The status that tells the client what was wrong with its frames; `None` for a failure of the network.
fn status_for(error: &Error) -> Option<CloseStatus> {
    let (code, reason) = match error {
        Error::Capacity(_) => (CloseCode::Size, "message too big"),
        Error::Utf8(_) => (CloseCode::Invalid, "not UTF-8"),
        Error::Protocol(_) => (CloseCode::Protocol, "not WebSocket"),
        _ => return None,
    };
    Some(CloseStatus { code: code.into(), reason })
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}
