//! Accepts TCP connections and serves HTTP/1.1 on them, with every limit set by hand.

use std::{
    convert::Infallible,
    io,
    net::{Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, StatusCode, Version, header, uri::Authority},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;
use tracing::{debug, warn};

use crate::protocols::{proxies::PeerAddress, tcp::WatchedStream};

/// Time-out for the head of a request, and for an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request, in bytes, and the most headers in it.
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// How long sent data may go unacknowledged before the kernel gives a connection up.
const UNACKNOWLEDGED_TIMEOUT: Duration = Duration::from_secs(20);

/// The most connections that wait to be accepted; Linux caps it at `net.core.somaxconn`.
///
/// When all clients reconnect at once, a client whose connection does not fit retries only after a second.
const BACKLOG: u32 = 4096;

/// The pause after a failed accept, such as one for lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Binds `address`; `[::]` without IPv4 if `only_ipv6`. Must be called within a Tokio runtime.
///
/// # Errors
///
/// The address cannot be bound; the error names it and says why.
pub fn bind(address: SocketAddr, only_ipv6: bool) -> anyhow::Result<TcpListener> {
    use anyhow::Context;

    listen(address, only_ipv6).with_context(|| format!("cannot listen on {address}"))
}

fn listen(address: SocketAddr, only_ipv6: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.is_ipv6() {
        SockRef::from(&socket).set_only_v6(only_ipv6)?;
    }
    // Closing connections of the previous process must not keep the address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `router` on `listener` until `stop`, with at most as many connections as `room` has permits.
///
/// After `stop` it finishes requests under way, and returns when all connections have ended.
pub async fn serve(listener: TcpListener, router: Router, room: Arc<Semaphore>, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let accept = accept_all(&listener, &router, &room, &stop, &connections);
    stop.run_until_cancelled(accept).await;
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    room: &Arc<Semaphore>,
    stop: &CancellationToken,
    connections: &TaskTracker,
) {
    loop {
        let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    serve_connection(stream, peer, router, stop, permit).await;
                });
            }
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    if let Err(error) = set_options(&stream) {
        debug!(error = &error as &dyn std::error::Error, "a connection ended before it began");
        return;
    }
    // The permit lives as long as the connection, an upgraded one included.
    let stream = WatchedStream::new(stream, permit);
    let handle = stream.handle().clone();
    let stream = TokioIo::new(stream);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(handle.clone());
        request.extensions_mut().insert(PeerAddress(peer));
        let response = has_valid_host(&request).then(|| router.clone().call(request.map(Body::new)));
        async {
            let Some(response) = response else { return Ok(no_valid_host()) };
            Ok::<_, Infallible>(response.await.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(stream, service)
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        // Errors of the connection come from the client, and hyper has answered them.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// True for a request with one `Host`, or of HTTP/1.0 with none. Source: RFC 9112, section 3.2.
fn has_valid_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => host.to_str().is_ok_and(is_host),
        (Some(_), Some(_)) => false,
    }
}

/// True for `host` and `host:port`, and for the empty text that stands for no host.
fn is_host(text: &str) -> bool {
    let end_of_host = text.find(']').map_or(0, |bracket| bracket + 1);
    let (host, port) =
        text.split_at(text[end_of_host..].find(':').map_or(text.len(), |colon| end_of_host + colon));
    let is_authority = |host: &str| !host.contains('@') && host.parse::<Authority>().is_ok();
    let is_address = |host: &str| host.strip_suffix(']').is_some_and(|it| it.parse::<Ipv6Addr>().is_ok());
    let is_valid = host.strip_prefix('[').map_or_else(|| is_authority(host), is_address);
    (host.is_empty() || is_valid) && port.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}

fn no_valid_host() -> Response<Body> {
    let mut response = Response::new(Body::from("400 Bad Request: one valid Host header is required\n"));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // What follows may have been meant for another server.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    // Two small messages in a row must not wait for each other's acknowledgement (40 ms).
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(UNACKNOWLEDGED_TIMEOUT))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_TIMEOUT))?;
    Ok(())
}
