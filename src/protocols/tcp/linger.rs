//! The end of a connection on which the server has sent a Close frame.
//!
//! A kernel that closes a connection with unread bytes resets it, and a reset takes the Close frame away from
//! a client that has not read it yet. So the server reads on, and drops what it reads.
//!
//! Source: RFC 6455, section 7.1.1; RFC 9112, section 9.6.

use std::{future::poll_fn, io, sync::Arc, time::Duration};

use tokio::{net::tcp::OwnedReadHalf, time::timeout};

use super::TcpHandle;

/// How long a client has to read the Close frame and to close the connection.
const TIME: Duration = Duration::from_secs(2);

/// How much a client may have on its way meanwhile.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Bytes read at once, on the stack.
const READ_BYTES: usize = 16 * 1024;

/// Writes what waits, then reads until the client closes the connection. Both are bounded; `owned` lives as
/// long.
pub(super) async fn linger<T>(reader: OwnedReadHalf, handle: Arc<TcpHandle>, owned: T) {
    // An error means that the connection is over.
    let _ = timeout(TIME, end(&reader, &handle)).await;
    handle.writer().close();
    drop((reader, owned));
}

async fn end(reader: &OwnedReadHalf, handle: &TcpHandle) -> io::Result<()> {
    poll_fn(|cx| handle.writer().poll_frames(cx)).await?;
    poll_fn(|cx| handle.writer().poll_shutdown(cx)).await?;
    let mut left = MAX_BYTES;
    while left > 0 {
        reader.readable().await?;
        match drop_some(reader) {
            Ok(0) => break,
            Ok(count) => left = left.saturating_sub(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn drop_some(reader: &OwnedReadHalf) -> io::Result<usize> {
    reader.try_read(&mut [0; READ_BYTES])
}
