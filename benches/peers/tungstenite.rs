//! The relay with a library: the remaining cost when no text is parsed, checked or stored.

use std::{
    collections::HashMap,
    net::TcpListener as StdListener,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{FutureExt, SinkExt, StreamExt, future::join};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Message, Result,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::WebSocketConfig,
    },
};

/// The read buffer of a connection, as small as Switchboard's.
const READ_BUFFER: usize = 1024;

type Socket = WebSocketStream<TcpStream>;

/// Connections that wait for their peer, by path.
type Waiting = Arc<Mutex<HashMap<String, Socket>>>;

pub fn serve(listener: StdListener) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        let waiting = Waiting::default();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // An error of one connection ends only that one.
            tokio::spawn(welcome(stream, waiting.clone()).map(drop));
        }
    })
}

async fn welcome(stream: TcpStream, waiting: Waiting) -> Result<()> {
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the library wants it like this")]
    let read_path = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let socket = accept_hdr_async_with_config(stream, read_path, Some(config)).await?;
    let first = waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
    match first {
        Some(first) => relay(first, socket).await,
        None => {
            waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(path, socket);
            Ok(())
        }
    }
}

/// Relays until one side leaves, then until the other does.
async fn relay(mut first: Socket, mut second: Socket) -> Result<()> {
    loop {
        let goes_on = tokio::select! {
            message = first.next() => carry(message, &mut first, &mut second).await?,
            message = second.next() => carry(message, &mut second, &mut first).await?,
        };
        if !goes_on {
            break;
        }
    }
    join(first.for_each(async |_| ()), second.for_each(async |_| ())).await;
    Ok(())
}

/// Relays all received texts in one write. `false` at the end.
async fn carry(mut message: Option<Result<Message>>, from: &mut Socket, to: &mut Socket) -> Result<bool> {
    loop {
        match message {
            Some(Ok(text @ Message::Text(_))) => to.feed(text).await?,
            Some(Ok(Message::Close(_))) | None => return Ok(false),
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) => {}
        }
        match from.next().now_or_never() {
            Some(next) => message = next,
            None => break,
        }
    }
    to.flush().await?;
    Ok(true)
}
