//! A client takes its seat, is told the state of the room, and gives the seat up.

use std::sync::{Arc, atomic::Ordering};

use futures_util::{FutureExt, future::BoxFuture};
use serde_json::value::RawValue;
use socketioxide::socket::DisconnectReason;

use super::{
    MAX_EVENT_BYTES,
    connection::MeshConnection,
    error::{Code, NOT_JOINED, Refusal},
    messages::{DONE, JoinRoom, JoinedSuccessfully, Limits},
    sending::Ack,
};
use crate::{
    core::{
        hub::join::{JoinRequest, Joined},
        model::error::Replaced,
        ports::connection::{CloseReason, Connection},
    },
    protocols::chat_json::served,
};

impl MeshConnection {
    pub(super) fn join_request(&self, join: &JoinRoom) -> Result<JoinRequest, Refusal> {
        Ok(JoinRequest {
            room: join.appointment_id.parse().map_err(|error| Refusal::field("appointment_id", error))?,
            name: join.name.parse().map_err(|error| Refusal::field("name", error))?,
            policy: self.door.policy,
            session: join.session.as_deref().map(str::to_owned),
            received: join.received,
            protected: join.can_resume,
            address: self.packets.transport.client.address(),
        })
    }

    pub(super) async fn join(self: Arc<Self>, request: JoinRequest, ack: Ack) {
        let session = request.session.as_deref();
        let has_proven_session = session
            .is_some_and(|session| self.door.common.hub.verify_session(&request.room, session).is_some());
        let present = self.seat().clone();
        let outcome = match present {
            // A join of the present room is no second join: its answer tells the present state.
            Some(seat) if *seat.room() == request.room => {
                if request.protected {
                    self.door.common.hub.protect(&seat).await;
                }
                match self.door.common.hub.view(&seat).await {
                    Ok(view) => {
                        self.welcome(&view, ack);
                        return;
                    }
                    Err(replaced) => Err(replaced.into()),
                }
            }
            Some(_) => Err(Refusal::new(Code::AlreadyJoined, "This connection sits in another room")),
            None => self.door.common.hub.join(request).await.map_err(Refusal::from),
        };
        match outcome {
            Ok(joined) => {
                self.sit_down(&joined, ack);
                self.handle_early(has_proven_session);
            }
            Err(refusal) => {
                self.refuse_early();
                self.refuse(ack, &refusal);
            }
        }
    }

    fn sit_down(self: &Arc<Self>, joined: &Joined, ack: Ack) {
        *self.seat() = Some(joined.seat.clone());
        self.has_joined.store(true, Ordering::Relaxed);
        self.door.runtime.counters.joins.increment(1);
        // The answer goes first. Events since the seat was taken follow it.
        self.welcome(joined, ack);
        if let Err(Replaced) = self.door.common.hub.attach(&joined.seat, self.clone()) {
            self.close(CloseReason::Replaced);
        }
    }

    fn welcome(&self, joined: &Joined, ack: Ack) {
        let chats = joined.history.as_deref().map(served);
        let available = chats.is_some();
        let chats = RawValue::from_string(chats.unwrap_or_else(|| "[]".into()));
        let chats = chats.expect("a store gives back the JSON it was given");
        let other = joined.view.others.first();
        let ice = self.door.common.ice_servers.for_participant(joined.seat.participant());
        let mut reply = JoinedSuccessfully {
            success: None,
            message: "Joined Successfully",
            remote_socket: other.map(|other| other.participant.to_string()),
            opponent_name: other.map(|other| other.name.as_str()),
            chats: &chats,
            chats_available: available,
            participant: joined.seat.participant().to_string(),
            session: joined.session.as_str(),
            resumed: joined.resumed,
            polite: joined.view.polite,
            peer_connected: other.is_some_and(|other| other.connected),
            seq: joined.view.seq,
            ice_servers: &ice.ice_servers,
            ice_servers_ttl: ice.ttl,
            turn_urls: &ice.turn_urls,
            limits: Limits { event_bytes: MAX_EVENT_BYTES },
        };
        let size = chats.get().len();
        self.packets.emit_answer(&reply, size);
        reply.success = Some(true);
        self.packets.acknowledge_largely(ack, &reply, size);
    }

    pub(super) async fn leave(self: Arc<Self>, ack: Ack) {
        self.refuse_early();
        let seat = self.seat().take();
        match seat {
            Some(seat) => {
                self.door.common.hub.leave(&seat).await;
                self.packets.acknowledge(ack, &DONE);
            }
            None => self.refuse(ack, &NOT_JOINED),
        }
    }

    pub(super) fn handle_disconnect(
        self: &Arc<Self>,
        reason: DisconnectReason,
    ) -> Option<BoxFuture<'static, ()>> {
        let seat = self.seat().take()?;
        let this = self.clone();
        Some(
            async move {
                let hub = &this.door.common.hub;
                match reason {
                    // A client whose connection the server closes has not asked for anything.
                    _ if this.is_closing() => hub.connection_lost(&seat, this.id).await,
                    DisconnectReason::ClientNSDisconnect => hub.leave(&seat).await,
                    DisconnectReason::TransportClose => hub.connection_closed(&seat, this.id).await,
                    _ => hub.connection_lost(&seat, this.id).await,
                }
            }
            .boxed(),
        )
    }
}
