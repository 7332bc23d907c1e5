//! Seats move from node to node: a participant joins another one, or its node drains.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::super::{Hub, join::Seated};
use crate::core::{
    model::{
        error::Replaced,
        ids::{Epoch, NodeId, RoomId},
        lock::lock,
        seat_table::{Claim, Seat},
    },
    ports::node_bus::NodeMessage,
    room::{Entered, EntryMode, MAILBOX_WITHIN},
};

/// How often seats are offered to other nodes that none has taken over.
const OFFERED_EVERY: Duration = Duration::from_millis(250);

/// How long a join waits at most until other nodes know of its reset. They answer within milliseconds.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(1);

/// How soon a node is told again whose messages the bus refuses.
const CONFIRMED_AGAIN: Duration = Duration::from_millis(50);

impl Hub {
    /// Waits until all participants have moved to other nodes and all messages to them have arrived.
    ///
    /// Returns after `deadline` at the latest, and at once if there is no other node. Every mailbox is
    /// fetched before.
    ///
    /// Offers a seat to another node when its participant has not returned for `away_for` after the loss of
    /// its connection. Before that, the take-over and the participant's own join would be two moves at once,
    /// which is a reset.
    pub async fn migrate_all(&self, away_for: Duration, deadline: Duration) {
        let migrated = async {
            for round in 0_usize.. {
                let others = self.0.local_node.bus().alive();
                let rooms = self.all_rooms();
                if others.is_empty() || !rooms.iter().any(|(_, room)| lock(room).awaits_migration()) {
                    break;
                }
                for (number, (_, room)) in rooms.into_iter().enumerate() {
                    let node = others[(number + round) % others.len()];
                    for claim in lock(&room).take_over_claims(away_for, self.0.clock.now()) {
                        // A seat that is not taken over is offered again.
                        let _ =
                            self.0.local_node.send(node, NodeMessage::TakeOver { claim: Box::new(claim) });
                    }
                }
                sleep(OFFERED_EVERY).await;
            }
            self.0.local_node.bus().flushed().await;
        };
        if timeout(deadline, migrated).await.is_err() {
            warn!("some seats were not taken over by another node");
        }
    }

    /// Takes over a seat of a node that drains, until its holder joins.
    pub(super) async fn take_over(self, claim: Claim) {
        if self.is_draining() {
            return;
        }
        // If no node takes it over, its node offers it again.
        let Ok((claimed, gated)) = self.claim_once(&claim).await else { return };
        // A holder that joined meanwhile has a newer epoch.
        let _ = self.enter(&claim, &claimed, EntryMode::TakeOver, None);
        drop(gated);
    }

    /// Requests the mailbox of a participant from the node where it sat. Returns that node; `None` if it
    /// cannot be asked.
    pub(in crate::core::hub) fn request_mailbox(
        &self,
        former: &Seat,
        room: &RoomId,
        epoch: Epoch,
    ) -> Option<NodeId> {
        let (local, node) = (&self.0.local_node, former.node);
        let message = NodeMessage::FetchMailbox { former: former.key_in(room), epoch };
        (local.bus().is_alive(node) && local.send(node, message).is_ok()).then_some(node)
    }

    /// Waits for what the answer to a join needs of other nodes.
    ///
    /// That is the mailbox of a participant that came from one of them; without it, after [`MAILBOX_WITHIN`],
    /// the answer is a reset. After a reset, the others' nodes must know where the participant is.
    pub(in crate::core::hub) async fn finish_move(
        &self,
        seat: &Seated,
        mut entered: Entered,
    ) -> Result<Entered, Replaced> {
        let (participant, epoch) = (seat.key.participant, seat.key.epoch);
        if let Some(mailbox) = entered.mailbox.take() {
            let has_arrived = matches!(timeout(MAILBOX_WITHIN, mailbox).await, Ok(Ok(true)));
            let mut room = lock(&seat.room);
            room.give_up_mailbox(participant, epoch, self.0.clock.now());
            entered.resumed = has_arrived && !room.needs_reset(participant, epoch)?;
            if !entered.resumed {
                // The view tells what has happened since.
                room.drop_replay(participant, epoch)?;
            }
            entered.view = room.view(participant, epoch)?;
        }
        if entered.returned && !entered.resumed {
            // A node that hangs for longer does not keep the participant away. `docs/failures.md` says what
            // that can cost.
            let _ = timeout(CONFIRMED_WITHIN, self.confirm_reset(seat)).await;
        }
        Ok(entered)
    }

    /// Waits until the nodes of the others know the stream that a participant's reset has begun.
    ///
    /// Until then they send to the former stream, perhaps to a dead node. The reset covers what they
    /// acknowledge before the join is answered; what they acknowledge later arrives.
    async fn confirm_reset(&self, seat: &Seated) {
        let nodes = lock(&seat.room).nodes_to_tell(seat.key.participant, seat.key.epoch);
        let told = nodes.into_iter().map(async |node| {
            while self.0.local_node.bus().is_alive(node) && !self.confirm_seats(seat, node).await {
                sleep(CONFIRMED_AGAIN).await;
            }
        });
        join_all(told).await;
    }

    /// Tells `node` the seats of a room, and waits until it knows them. `false`: the bus did not take them.
    async fn confirm_seats(&self, seat: &Seated, node: NodeId) -> bool {
        let message = |request| lock(&seat.room).seats_for(node, false, Some(request));
        let Ok(answer) = self.ask(node, message) else { return false };
        answer.await.is_ok()
    }
}
