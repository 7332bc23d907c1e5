//! The direct path: events and their answers pass beside socketioxide, on a WebSocket that a session begins
//! with.
//!
//! socketioxide parses every packet, queues every packet that it sends, and writes it in another task. Here
//! the connection's reader takes events out of the arriving bytes ([`FrameFilter`]), and the thread that
//! causes a packet writes it to the socket, between the library's frames ([`packets`], [`TcpHandle`]). That
//! costs less CPU. `MESH_DIRECT_PATH=off` sends everything through the library. `docs/mesh.md` has the table
//! of which packet goes which way.
//!
//! Both ways run: the Rust tests of the mesh door and of the isolation of doors
//! (`it::every_test_of_the_mesh_door_passes_without_the_direct_path`), the conformance, differential,
//! security and takeover tests with socket.io-client, and the tests with python-socketio. `make test-all`
//! adds the long attacks and the tests of several nodes. Only with the direct path run the tests in
//! browsers, the tests of a process, and the counts of costs.
//!
//! # What it relies on
//!
//! The versions are socketioxide `=0.18.9`, engineioxide 0.17 and tungstenite 0.30. Each line names a test
//! that fails when a new version breaks it; `it::` stands for `doors::mesh::direct_path::` in the integration
//! tests.
//!
//! - The library reads bytes only when it has handled all earlier ones:
//!   `it::fragmented_events_keep_their_order_among_others`.
//! - It writes whole frames without a mask, and the rest of a frame after a partial write: tests in
//!   `protocols::tcp`.
//! - It writes CONNECT after it has called the connect handler's middleware, in a text that begins with `40`:
//!   `it::no_answer_precedes_the_connect_packet`, and `held_texts_follow_the_librarys_text` in
//!   `protocols::tcp`.
//! - It calls the disconnect handler before it reads further bytes:
//!   `it::no_event_counts_after_a_disconnect_packet`.
//! - It takes pongs as signs of life, and needs no events: `it::heartbeat_passes_beside_events`.
//! - It negotiates no compression: `it::no_compression_is_negotiated`.
//! - It writes events and acknowledgements in the form that [`packets`] writes: conformance and differential
//!   tests.
//!
//! # What it does not handle
//!
//! - Other namespaces, and all packets but events. The library gets them, in order: tests in
//!   `mesh::inbound`, `it::fragmented_events_keep_their_order_among_others`.
//! - Arguments that do not begin with a name. The door ends the session, as the library does:
//!   `it::arguments_without_a_name_end_the_session`.
//!
//! Two differences from the library stay, since no Socket.IO client makes them:
//!
//! - An event whose name holds escapes is handled; the library ends the session:
//!   `it::event_name_with_escapes_is_handled_on_the_direct_path_only`.
//! - Frames that arrive with the request of the handshake may reach the library instead, since hyper reads
//!   them: `it::connect_packet_sent_with_the_handshake_request_is_answered`.

mod packets;

use std::sync::Arc;

use serde::Serialize;

use super::{
    inbound::{Connecting, EventReceiver, FrameFilter, Inbox},
    messages::{ENVELOPE_BYTES, ServerEvent},
};
use crate::{core::ports::connection::DeliverError, protocols::tcp::TcpHandle};

/// The direct path of one session.
pub struct DirectPath {
    tcp: Arc<TcpHandle>,
    inbox: Arc<Inbox>,
}

impl DirectPath {
    /// Opens the direct path of a session that begins on `tcp`. To be called before the handshake is
    /// answered.
    pub fn open(tcp: Arc<TcpHandle>, connecting: Arc<Connecting>) -> Self {
        let inbox = Arc::new(Inbox::default());
        tcp.filter_with(Box::new(FrameFilter::new(inbox.clone(), connecting)));
        Self { tcp, inbox }
    }

    /// Holds packets back until the library has written CONNECT: it lets a client's events in before that.
    pub fn hold_until_connected(&self) {
        self.tcp.hold_until(packets::CONNECT);
    }

    /// Gives the client's events to `receiver` from now on, in their order among all that arrives.
    pub fn receive_with(&self, receiver: Arc<dyn EventReceiver>) {
        self.inbox.open(receiver);
    }

    /// Leaves all further events to the library.
    pub fn stop_receiving(&self) {
        self.inbox.leave_to_library();
    }

    /// Sends an event that carries about `content_bytes` bytes.
    ///
    /// # Errors
    /// Too much waits already, or the connection is over.
    pub fn emit<E: ServerEvent>(&self, event: &E, content_bytes: usize) -> Result<(), DeliverError> {
        self.tcp.send_text(content_bytes + ENVELOPE_BYTES, |out| packets::write_event(out, event))
    }

    /// As [`emit`](Self::emit), for an answer that the client asked for and that may be large.
    ///
    /// # Errors
    /// The connection is over.
    pub fn emit_answer<E: ServerEvent>(&self, event: &E, content_bytes: usize) -> Result<(), DeliverError> {
        self.tcp.send_answer(content_bytes + ENVELOPE_BYTES, |out| packets::write_event(out, event))
    }

    /// Acknowledges the event with that id.
    ///
    /// # Errors
    /// Too much waits already, or the connection is over.
    pub fn acknowledge(&self, id: i64, answer: &impl Serialize) -> Result<(), DeliverError> {
        self.tcp.send_text(ENVELOPE_BYTES, |out| packets::write_ack(out, id, answer))
    }

    /// As [`acknowledge`](Self::acknowledge), for an answer that may be large.
    ///
    /// # Errors
    /// The connection is over.
    pub fn acknowledge_largely(
        &self,
        id: i64,
        answer: &impl Serialize,
        content_bytes: usize,
    ) -> Result<(), DeliverError> {
        self.tcp.send_answer(content_bytes + ENVELOPE_BYTES, |out| packets::write_ack(out, id, answer))
    }
}
