//! The names that every door uses: `use crate::protocols::prelude::*;` imports them all.

pub use std::{sync::Arc, time::Duration};

pub use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing,
};
pub use futures_util::future::BoxFuture;
pub use http::StatusCode;

pub use super::{
    admission::ClientAddress,
    door::{Common, Door},
    http::EmptyRefusal,
    options::duration,
    runtime::DoorRuntime,
    websocket::{
        CloseStatus, NotAHandshake, Socket, SocketConnection, SocketLimits, SocketMessage, SocketSender,
        upgrade,
    },
};
pub use crate::core::{
    hub::join::{JoinRequest, Joined, RoomPolicy, Seated},
    model::{
        event::{Event, Numbered, Signal, SignalKind},
        ids::{ConnectionId, Name, ParticipantId, RoomId},
    },
    ports::connection::{CloseReason, Connection, DeliverError},
};
