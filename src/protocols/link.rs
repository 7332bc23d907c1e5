//! One TCP connection, watched: when the other end was last heard, how much it has taken, whether to cut it off. And a
//! way to read and write on it beside a library that speaks WebSocket there.

use std::{
    fmt, io,
    mem::MaybeUninit,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::{Notify, futures::OwnedNotified},
};

use super::{
    arrivals::{Arrivals, Receiver},
    outgoing::Outgoing,
};
use crate::core::{
    delivery::write_batch::{self, Flush, flush_soon},
    model::lock::lock,
    ports::connection::DeliverError,
};

/// How much is read at once where the door reads: an offer fits, and it is on the stack.
const READ_BYTES: usize = 8 * 1024;

/// What is known about a TCP connection, shared by its stream and by the door that speaks over it.
pub struct Link {
    /// Notified whenever bytes came from the other end.
    heard: Arc<Notify>,
    cut: AtomicBool,
    reader: AtomicWaker,
    outgoing: Mutex<Outgoing>,
    /// Whether frames are looked at as they arrive.
    spliced: AtomicBool,
    /// Who gets the other end's events, once there is somebody.
    receiver: Mutex<Option<Arc<dyn Receiver>>>,
}

impl Link {
    /// Resolves when the next bytes come from the other end, counted from this call on.
    pub fn next_heard(&self) -> OwnedNotified {
        self.heard.clone().notified_owned()
    }

    /// How many bytes the kernel has taken for the other end, in all.
    pub fn written(&self) -> u64 {
        lock(&self.outgoing).written()
    }

    /// Ends the connection now, without another byte in either direction.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
    }

    /// Sends the text that `write` appends, after all that was sent before. Only for a connection that speaks
    /// WebSocket, or is about to; what is sent before its first frame waits for that. `bytes` is about how long the
    /// text is.
    ///
    /// # Errors
    /// Too much waits already, or the connection is over.
    pub fn send(
        self: &Arc<Self>,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        self.with_outgoing(|outgoing| outgoing.append(bytes, write))
    }

    /// As [`send`](Self::send), for an answer that the other end asked for and that may be large.
    ///
    /// # Errors
    /// The connection is over.
    pub fn send_answer(
        self: &Arc<Self>,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), DeliverError> {
        self.with_outgoing(|outgoing| outgoing.append_answer(bytes, write))
    }

    /// Sends a WebSocket ping: every client answers it, whatever runs above.
    pub fn ping(self: &Arc<Self>) {
        // A connection that is over answers nothing.
        let _ = self.with_outgoing(Outgoing::append_ping);
    }

    /// Holds back what is sent from now on until the library has written a connect packet: it may tell its user of
    /// a connection before it tells the other end.
    pub fn hold(&self) {
        lock(&self.outgoing).hold();
    }

    /// Looks at frames as they arrive, from the first one on, for a [`Receiver`] to come.
    pub fn splice(&self) {
        self.spliced.store(true, Ordering::Release);
    }

    /// Gives `receiver` the other end's events from now on, in their order among all that arrives.
    pub fn receive_with(&self, receiver: Arc<dyn Receiver>) {
        let outgoing = lock(&self.outgoing);
        // What is over lets go of its receiver; it must not get another one.
        if outgoing.is_open() {
            *lock(&self.receiver) = Some(receiver);
        }
    }

    /// Leaves everything that arrives to the library again.
    pub fn receive_no_more(&self) {
        *lock(&self.receiver) = None;
    }

    fn new(outgoing: Outgoing) -> Self {
        Self {
            heard: Arc::default(),
            cut: AtomicBool::new(false),
            reader: AtomicWaker::new(),
            outgoing: Mutex::new(outgoing),
            spliced: AtomicBool::new(false),
            receiver: Mutex::default(),
        }
    }

    fn with_outgoing(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Outgoing) -> Result<(), DeliverError>,
    ) -> Result<(), DeliverError> {
        change(&mut lock(&self.outgoing))?;
        flush_soon(self);
        Ok(())
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }
}

impl Flush for Link {
    /// Writes as much as the kernel takes. The rest is written when it takes more, by the stream's own task.
    fn flush(&self) {
        let is_done = !self.is_cut() && lock(&self.outgoing).try_write_frames().unwrap_or(false);
        // Errors too are for the stream to find.
        if !is_done {
            self.reader.wake();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("written", &self.written()).finish_non_exhaustive()
    }
}

/// A connection's stream, which keeps its [`Link`] up to date, and something else alive for as long as it lives itself.
pub struct LinkedStream<T> {
    reader: OwnedReadHalf,
    link: Arc<Link>,
    arrivals: Arrivals,
    _kept: T,
}

impl<T> LinkedStream<T> {
    /// Watches `stream`, and drops `kept` with it.
    pub fn new(stream: TcpStream, kept: T) -> Self {
        let (reader, writer) = stream.into_split();
        let link = Arc::new(Link::new(Outgoing::new(writer)));
        Self { reader, link, arrivals: Arrivals::default(), _kept: kept }
    }

    /// What is known about it.
    pub const fn link(&self) -> &Arc<Link> {
        &self.link
    }

    fn check_cut(&self) -> io::Result<()> {
        if self.link.is_cut() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    /// Hands events to the receiver until there is something for the library, or nothing at all.
    ///
    /// The library asks for more only when it is done with all that it got: so what is read here comes after that.
    fn poll_arrivals(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        loop {
            let receiver = lock(&self.link.receiver).clone();
            if write_batch::gather(|| self.arrivals.sort_left(receiver.as_deref(), buf)) {
                return Poll::Ready(Ok(()));
            }
            let mut arrived = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut self.reader).poll_read(cx, &mut arrived))?;
            if arrived.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.link.heard.notify_waiters();
            let is_something = || self.arrivals.sort(arrived.filled_mut(), receiver.as_deref(), buf);
            if write_batch::gather(is_something) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<T: Unpin> AsyncRead for LinkedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.link.reader.register(cx.waker());
        self.check_cut()?;
        let has_frames = {
            let mut outgoing = lock(&self.link.outgoing);
            if let Poll::Ready(Err(error)) = outgoing.poll_frames(cx) {
                return Poll::Ready(Err(error));
            }
            outgoing.has_frames()
        };
        if has_frames && self.link.spliced.load(Ordering::Acquire) {
            return self.poll_arrivals(cx, buf);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.reader).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.link.heard.notify_waiters();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Unpin> AsyncWrite for LinkedStream<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_cut()?;
        lock(&self.link.outgoing).poll_write(cx, buf)
    }

    /// Does not wait for the link's frames, which whoever flushes knows nothing of.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_cut()?;
        let _ = lock(&self.link.outgoing).poll_frames(cx)?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outgoing = lock(&self.link.outgoing);
        let _ = outgoing.poll_frames(cx)?;
        outgoing.poll_shutdown(cx)
    }
}

impl<T> Drop for LinkedStream<T> {
    fn drop(&mut self) {
        lock(&self.link.outgoing).close();
        self.link.receive_no_more();
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

    type Library = WebSocketStream<LinkedStream<()>>;

    /// A library's end of a WebSocket on which it has already spoken, its link, and the other end.
    async fn connected() -> (Library, Arc<Link>, WebSocketStream<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let stream = LinkedStream::new(listener.accept().await.unwrap().0, ());
        let link = stream.link().clone();
        let mut library = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        library.send(Message::text("first")).await.unwrap();
        assert_eq!(heard(&mut client).await, "first");
        (library, link, client)
    }

    async fn heard(client: &mut WebSocketStream<TcpStream>) -> String {
        client.next().await.unwrap().unwrap().into_text().unwrap().to_string()
    }

    fn say(link: &Arc<Link>, text: &str) -> Result<(), DeliverError> {
        link.send(text.len(), |out| out.extend(text.bytes()))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_the_library_and_the_door_send_arrives_whole_and_each_in_order() {
        const COUNT: usize = 300;
        let text = |who: char, number: usize| format!("{who}{number} {}", "x".repeat(number * 397 % 70_000));
        let (library, link, mut client) = connected().await;
        let (mut sink, mut stream) = library.split();
        tokio::spawn(async move { while stream.next().await.is_some() {} });
        tokio::spawn(async move {
            for number in 0..COUNT {
                sink.send(Message::text(text('L', number))).await.unwrap();
            }
        });
        let door = tokio::spawn(async move {
            for number in 0..COUNT {
                while say(&link, &text('D', number)) == Err(DeliverError::TooSlow) {
                    tokio::task::yield_now().await;
                }
            }
        });
        let (mut from_library, mut from_door) = (0, 0);
        for _ in 0..2 * COUNT {
            let heard = heard(&mut client).await;
            let (who, next) =
                if heard.starts_with('L') { ('L', &mut from_library) } else { ('D', &mut from_door) };
            assert!(heard == text(who, *next), "{who}{next} is not next, or is not whole");
            *next += 1;
        }
        door.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_held_follows_the_next_connect_packet() {
        let (mut library, link, mut client) = connected().await;
        say(&link, "before").unwrap();
        link.hold();
        say(&link, "after").unwrap();
        for text in ["2", "40{}"] {
            library.send(Message::text(text)).await.unwrap();
        }
        for expected in ["before", "2", "40{}", "after"] {
            assert_eq!(heard(&mut client).await, expected);
        }
    }

    #[tokio::test]
    async fn a_connection_that_is_over_takes_nothing() {
        let (library, link, _client) = connected().await;
        drop(library);
        assert_eq!(say(&link, "?"), Err(DeliverError::Closed));
    }
}
