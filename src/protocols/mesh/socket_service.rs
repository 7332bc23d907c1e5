//! The service of socketioxide at one path, and its settings.

use std::{sync::Arc, time::Duration};

use axum::Router;
use socketioxide::{ParserConfig, SocketIo};

use super::{MAX_EVENT_BYTES, MAX_PACKET_BYTES, MeshDoor, namespace, session_end::SocketService};
use crate::core::model::lock::lock;

/// How often a client is pinged, and how long it has to answer. A dead connection is noticed within
/// their sum, 9.5 s.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_millis(4_500);

/// How long a client has, after opening a session, to send its CONNECT packet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How much the library reads from a WebSocket at once: little where events pass beside it.
const READ_BYTES: usize = 4 * 1024;
const READ_BYTES_BESIDE_DIRECT_PATH: usize = 512;

/// The most packets that may wait in the library for one client. [`MAX_WAITING_BYTES`] bounds their bytes.
///
/// [`MAX_WAITING_BYTES`]: super::transport::MAX_WAITING_BYTES
pub const MAX_WAITING_PACKETS: usize = 1024;

/// Makes the service at `path`; the door closes its clients when the server stops.
pub fn open(door: &Arc<MeshDoor>, path: &'static str) -> SocketService {
    let parser = ParserConfig::common()
        .max_incoming_binaries(0)
        .max_incoming_binary_buf_size(0)
        .packet_completion_timeout(CONNECT_TIMEOUT);
    let (service, io) = SocketIo::builder()
        .req_path(path)
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .max_payload(MAX_PACKET_BYTES as u64)
        .max_buffer_size(MAX_WAITING_PACKETS)
        .ws_max_message_size(MAX_EVENT_BYTES)
        .ws_max_frame_size(MAX_EVENT_BYTES)
        .ws_read_buffer_size(if door.direct_path { READ_BYTES_BESIDE_DIRECT_PATH } else { READ_BYTES })
        .with_parser(parser)
        .build_with_inner_svc(Router::new());
    io.ns("/", namespace::OnConnection(door.clone()));
    lock(&door.sockets).push(io);
    service
}
