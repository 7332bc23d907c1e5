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
    runtime::Handle,
};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{
    handle::{InboundFilter, Refused, TcpHandle},
    linger::linger,
};
use crate::core::delivery::write_batch;

/// How much is read at once where a filter reads: an offer fits, and it is on the stack.
const READ_BYTES: usize = 8 * 1024;

/// A TCP stream that keeps its [`TcpHandle`] up to date. It owns a `T`, such as a permit, for as long as it
/// lives.
pub struct WatchedStream<T: Send + 'static> {
    /// Both until the drop.
    reader: Option<(OwnedReadHalf, T)>,
    handle: Arc<TcpHandle>,
    filtering: Filtering,
    /// The client has closed its direction.
    is_at_end: bool,
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

impl<T: Send + 'static> WatchedStream<T> {
    /// Watches `stream`, and drops `owned` with it.
    pub fn new(stream: TcpStream, owned: T) -> Self {
        let (reader, writer) = stream.into_split();
        let handle = Arc::new(TcpHandle::new(writer));
        let reader = Some((reader, owned));
        Self { reader, handle, filtering: Filtering::Before, is_at_end: false }
    }

    /// The door's side of the connection.
    pub const fn handle(&self) -> &Arc<TcpHandle> {
        &self.handle
    }

    fn check_cut(&self) -> io::Result<()> {
        if self.handle.is_cut() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// The code for a Close frame that the library sends without one.
    fn close_code(&self) -> Option<CloseCode> {
        let Filtering::With(filter) = &self.filtering else { return None };
        filter.close_code().map(|code| self.handle.close_code().unwrap_or(code))
    }

    /// True if the client may not have read the server's last words.
    ///
    /// These are a Close frame that is no answer to the client's, or an answer to a request that was not read
    /// to its end.
    fn must_linger(&self) -> bool {
        let is_answer = matches!(&self.filtering, Filtering::With(filter) if filter.close_code().is_none());
        if self.is_at_end || is_answer || self.handle.is_cut() {
            return false;
        }
        let writer = self.handle.writer();
        if writer.has_frames() { writer.has_closed() } else { writer.written() > 0 && self.has_unread() }
    }

    fn has_unread(&self) -> bool {
        self.reader.as_ref().is_some_and(|(reader, _)| matches!(reader.try_read(&mut [0]), Ok(1)))
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
    let refuse = |Refused(code)| {
        handle.refuse(code);
        refused()
    };
    if handle.is_refused() {
        return Poll::Ready(Err(refused()));
    }
    ready!(filter.poll_readable(cx));
    if write_batch::gather(|| filter.filter_pending(buf)).map_err(refuse)? {
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
        if write_batch::gather(|| filter.filter(received.filled_mut(), buf)).map_err(refuse)? {
            return Poll::Ready(Ok(()));
        }
        if handle.is_refused() {
            return Poll::Ready(Err(refused()));
        }
    }
}

fn refused() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl<T: Unpin + Send> AsyncRead for WatchedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.handle.reader().register(cx.waker());
        self.check_cut()?;
        let has_frames = self.poll_frames(cx)?;
        let this = &mut *self;
        let Some((reader, _)) = &mut this.reader else { return Poll::Ready(Ok(())) };
        let before = buf.filled().len();
        if has_frames && matches!(this.filtering, Filtering::Before) {
            this.filtering = this.handle.take_filter().map_or(Filtering::Without, Filtering::With);
        }
        if let Filtering::With(filter) = &mut this.filtering {
            ready!(poll_filtered(reader, &this.handle, &mut **filter, cx, buf))?;
        } else {
            ready!(Pin::new(reader).poll_read(cx, buf))?;
            if buf.filled().len() > before {
                this.handle.notify_received();
            }
        }
        this.is_at_end |= buf.filled().len() == before;
        Poll::Ready(Ok(()))
    }
}

impl<T: Unpin + Send> AsyncWrite for WatchedStream<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_cut()?;
        self.handle.writer().poll_write(cx, buf, || self.close_code())
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

impl<T: Send + 'static> Drop for WatchedStream<T> {
    fn drop(&mut self) {
        drop(self.handle.take_filter());
        let runtime = Handle::try_current();
        if self.must_linger()
            && let (Ok(runtime), Some((reader, owned))) = (runtime, self.reader.take())
        {
            runtime.spawn(linger(reader, self.handle.clone(), owned));
        } else {
            self.handle.writer().close();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{SinkExt, StreamExt};
    use tokio::net::TcpListener;
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{
            Message,
            protocol::{CloseFrame, Role},
        },
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
    async fn close_frame_arrives_although_the_library_leaves_bytes_unread() {
        let (mut library, handle, client) = connected().await;
        let (mut sink, mut stream) = client.split();
        let sending = tokio::spawn(async move { sink.send(Message::binary(vec![0; 8_000_000])).await });
        let frame = CloseFrame { code: CloseCode::Size, reason: "".into() };
        library.close(Some(frame.clone())).await.unwrap();
        drop(library);
        sending.await.unwrap().unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), Message::Close(Some(frame)));
        assert_eq!(send(&handle, "?"), Err(DeliverError::Closed));
    }

    #[tokio::test]
    async fn a_connection_that_is_over_takes_no_text() {
        let (library, handle, _client) = connected().await;
        drop(library);
        assert_eq!(send(&handle, "?"), Err(DeliverError::Closed));
    }
}
