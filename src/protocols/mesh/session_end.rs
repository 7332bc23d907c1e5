//! Ends a session that began with long polling. The library ends such a session only when its client asks for
//! it, so the server asks in the client's place.
//!
//! Source: Engine.IO protocol v4, "HTTP long-polling".

use axum::{Router, body::Body};
use http::{Method, Request, Uri};
use socketioxide::{service::SocketIoService, socket::Sid};
use tokio_util::task::TaskTracker;
use tower::Service;

/// The service of Socket.IO at one path.
pub type SocketService = SocketIoService<Router>;

/// The end of one session.
pub struct SessionEnd {
    service: SocketService,
    uri: Uri,
    tasks: TaskTracker,
}

impl SessionEnd {
    /// The end of `session`, which `service` serves at `path`. `None` if there is no such path.
    pub fn new(service: &SocketService, path: &str, session: Sid, tasks: &TaskTracker) -> Option<Self> {
        let uri = format!("{path}?EIO=4&transport=polling&sid={session}").parse().ok()?;
        Some(Self { service: service.clone(), uri, tasks: tasks.clone() })
    }

    /// Closes the session. The library refuses that once the session is upgraded to a WebSocket.
    pub fn begin(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // Engine.IO's close packet.
        let mut request = Request::new(Body::from("1"));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let mut service = self.service.clone();
        self.tasks.spawn_on(async move { drop(Service::call(&mut service, request).await) }, &runtime);
    }
}
