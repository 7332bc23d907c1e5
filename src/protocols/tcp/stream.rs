//! The library's side of a client's TCP connection.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, tcp::OwnedReadHalf},
};

use super::handle::{InboundFilter, TcpHandle};
use crate::core::delivery::write_batch;

/// How much is read at once where a filter reads: an offer fits, and it is on the stack.
const READ_BYTES: usize = 8 * 1024;

/// A TCP stream that keeps its [`TcpHandle`] up to date. It owns a `T`, such as a permit, for as long as it
/// lives.
pub struct WatchedStream<T> {
    reader: OwnedReadHalf,
    handle: Arc<TcpHandle>,
    filtering: Filtering,
    _owned: T,
}

/// Which bytes pass the filter.
enum Filtering {
    /// No frame was written yet: none.
    Before,
    /// All.
    With(Box<dyn InboundFilter>),
    /// None, since no filter was set.
    Without,
}

impl<T> WatchedStream<T> {
    /// Watches `stream`, and drops `owned` with it.
    pub fn new(stream: TcpStream, owned: T) -> Self {
        let (reader, writer) = stream.into_split();
        let handle = Arc::new(TcpHandle::new(writer));
        Self { reader, handle, filtering: Filtering::Before, _owned: owned }
    }

    /// The door's side of the connection.
    pub const fn handle(&self) -> &Arc<TcpHandle> {
        &self.handle
    }

    fn check_cut(&self) -> io::Result<()> {
        if self.handle.is_cut() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// Writes what the door has to send. Returns whether WebSocket is spoken.
    fn poll_frames(&self, cx: &mut Context<'_>) -> io::Result<bool> {
        let mut writer = self.handle.writer();
        match writer.poll_frames(cx) {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(writer.has_frames()),
        }
    }
}

/// Reads until the filter has bytes for the library, or the connection ends.
///
/// The library asks for more only when it is done with all that it got, so what is read here comes after
/// that.
fn poll_filtered(
    reader: &mut OwnedReadHalf,
    handle: &TcpHandle,
    filter: &mut dyn InboundFilter,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    if write_batch::gather(|| filter.filter_pending(buf)) {
        return Poll::Ready(Ok(()));
    }
    let mut space = [MaybeUninit::uninit(); READ_BYTES];
    loop {
        let mut received = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *reader).poll_read(cx, &mut received))?;
        if received.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
        handle.notify_received();
        if write_batch::gather(|| filter.filter(received.filled_mut(), buf)) {
            return Poll::Ready(Ok(()));
        }
    }
}

impl<T: Unpin> AsyncRead for WatchedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.handle.reader().register(cx.waker());
        self.check_cut()?;
        let has_frames = self.poll_frames(cx)?;
        let this = &mut *self;
        if has_frames && matches!(this.filtering, Filtering::Before) {
            this.filtering = this.handle.take_filter().map_or(Filtering::Without, Filtering::With);
        }
        if let Filtering::With(filter) = &mut this.filtering {
            return poll_filtered(&mut this.reader, &this.handle, &mut **filter, cx, buf);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.reader).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            this.handle.notify_received();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Unpin> AsyncWrite for WatchedStream<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_cut()?;
        self.handle.writer().poll_write(cx, buf)
    }

    /// Does not wait for the door's frames, of which the library knows nothing.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_cut()?;
        let _ = self.handle.writer().poll_frames(cx)?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut writer = self.handle.writer();
        let _ = writer.poll_frames(cx)?;
        writer.poll_shutdown(cx)
    }
}

impl<T> Drop for WatchedStream<T> {
    fn drop(&mut self) {
        self.handle.writer().close();
        drop(self.handle.take_filter());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use tokio::net::TcpListener;
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{Message, protocol::Role},
    };

    use super::*;
    use crate::core::ports::connection::DeliverError;

    type Library = WebSocketStream<WatchedStream<()>>;

    /// A library's side of a WebSocket on which it has already spoken, the door's side, and the client.
    async fn connected() -> (Library, Arc<TcpHandle>, WebSocketStream<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stream = WatchedStream::new(listener.accept().await.unwrap().0, ());
        let handle = stream.handle().clone();
        let mut library = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        library.send(Message::text("first")).await.unwrap();
        assert_eq!(next_text(&mut client).await, "first");
        (library, handle, client)
    }

    async fn next_text(client: &mut WebSocketStream<TcpStream>) -> String {
        client.next().await.unwrap().unwrap().into_text().unwrap().to_string()
    }

    fn send(handle: &Arc<TcpHandle>, text: &str) -> Result<(), DeliverError> {
        handle.send_text(text.len(), |out| out.extend(text.bytes()))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn texts_of_the_library_and_the_door_arrive_whole_and_each_in_order() {
        const COUNT: usize = 300;
        let text =
            |side: char, number: usize| format!("{side}{number} {}", "x".repeat(number * 397 % 70_000));
        let (library, handle, mut client) = connected().await;
        let (mut sink, mut stream) = library.split();
        tokio::spawn(async move { while stream.next().await.is_some() {} });
        tokio::spawn(async move {
            for number in 0..COUNT {
                sink.send(Message::text(text('L', number))).await.unwrap();
            }
        });
        let door = tokio::spawn(async move {
            for number in 0..COUNT {
                while send(&handle, &text('D', number)) == Err(DeliverError::TooSlow) {
                    tokio::task::yield_now().await;
                }
            }
        });
        let (mut from_library, mut from_door) = (0, 0);
        for _ in 0..2 * COUNT {
            let received = next_text(&mut client).await;
            let (side, next) =
                if received.starts_with('L') { ('L', &mut from_library) } else { ('D', &mut from_door) };
            assert!(received == text(side, *next), "{side}{next} is not next, or is not whole");
            *next += 1;
        }
        door.await.unwrap();
    }

    #[tokio::test]
    async fn held_texts_follow_the_librarys_text() {
        let (mut library, handle, mut client) = connected().await;
        send(&handle, "before").unwrap();
        handle.hold_until(*b"40");
        send(&handle, "after").unwrap();
        for text in ["2", "40{}"] {
            library.send(Message::text(text)).await.unwrap();
        }
        for expected in ["before", "2", "40{}", "after"] {
            assert_eq!(next_text(&mut client).await, expected);
        }
    }

    #[tokio::test]
    async fn a_connection_that_is_over_takes_no_text() {
        let (library, handle, _client) = connected().await;
        drop(library);
        assert_eq!(send(&handle, "?"), Err(DeliverError::Closed));
    }
}
