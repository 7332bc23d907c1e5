//! The names that every door uses: `use crate::protocols::prelude::*;` imports them all.

pub use std::{sync::Arc, time::Duration};

pub use axum::{
    Router,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing,
};
pub use futures_util::future::BoxFuture;
pub use http::StatusCode;

pub use super::{
    admission::ClientAddress,
    door::{Common, Door},
    options::duration,
    runtime::{DoorRuntime, count_refusal},
    websocket::{
        CloseStatus, NotAHandshake, SocketEnd, SocketLimits, SocketMessage, SocketReceiver, SocketSender,
        upgrade,
    },
};
pub use crate::core::{
    hub::{
        Hub,
        join::{JoinRequest, Joined, RoomPolicy, Seated},
    },
    model::{
        event::{Event, Numbered, Signal, SignalKind},
        ids::{ConnectionId, Name, ParticipantId, RoomId},
    },
    ports::connection::{CloseReason, Connection, DeliverError},
};
