//! Seats on their way from node to node: of those who come back on another one, and of a node that stops.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::inbound::close_all;
use crate::core::{
    hub::{Hub, join::Seated},
    model::{
        error::{Replaced, Unavailable},
        event::LeaveReason,
        ids::Epoch,
        lock::lock,
        seat_table::{Claim, Seat, SeatKey},
    },
    ports::node_bus::NodeMessage,
    room::{Attends, Entered, MAILBOX_WITHIN},
};

/// How long to wait for seats to be taken over before they are offered again.
const OFFERED_EVERY: Duration = Duration::from_millis(250);

/// How many rooms are asked about at once.
const AT_ONCE: usize = 64;

impl Hub {
    /// Waits for what was kept for one who came back here from another node. After [`MAILBOX_WITHIN`], it is lost.
    pub(in crate::core::hub) async fn wait_for_mailbox(
        &self,
        seat: &Seated,
        mut entered: Entered,
    ) -> Result<Entered, Replaced> {
        let Some(arrival) = entered.pending.take() else { return Ok(entered) };
        let (participant, epoch) = (seat.key.participant, seat.key.epoch);
        let answer = timeout(MAILBOX_WITHIN, arrival).await;
        entered.resumed = matches!(answer, Ok(Ok(true)));
        if answer.is_err() {
            self.announce(seat);
        }
        let mut room = lock(&seat.room);
        room.give_up_mailbox(participant, epoch, self.0.clock.now());
        if !entered.resumed {
            // The view tells what has happened since.
            room.start_afresh(participant, epoch)?;
        }
        entered.view = room.view(participant, epoch)?;
        Ok(entered)
    }

    /// Tells all nodes where somebody is whose former node says nothing: it cannot return what others still send there.
    pub(in crate::core::hub) fn announce(&self, seat: &Seated) {
        let stays = lock(&seat.room).stays();
        for node in self.0.local_node.node_bus().alive() {
            let news = NodeMessage::Seats { room: seat.key.room.clone(), stays: stays.clone(), ask: false };
            self.0.local_node.tell(node, news);
        }
    }

    /// Asks the node on which somebody sat for what it kept for them. `None`: there is nobody to ask.
    pub(in crate::core::hub) fn ask_for_mailbox(
        &self,
        former: &Seat,
        claim: &Claim,
        epoch: Epoch,
    ) -> Option<u64> {
        let local_node = &self.0.local_node;
        if !local_node.node_bus().is_alive(former.node) {
            return None;
        }
        let seat = SeatKey { room: claim.room.clone(), participant: claim.participant, epoch };
        let ask = self.0.pending_requests.mailbox(former.node, seat, self.0.clock.now());
        let message = NodeMessage::Yield { former: former.key_in(&claim.room), epoch, ask };
        let is_sent = local_node.send(former.node, message).is_ok();
        if !is_sent {
            self.0.pending_requests.close(ask);
        }
        is_sent.then_some(ask)
    }

    /// Takes over a seat of a node that stops, until its holder is back.
    pub(in crate::core::hub) async fn adopt(self, claim: Claim) {
        if self.is_draining() {
            return;
        }
        // If nobody takes it, its node offers it again.
        let Ok((claimed, coming)) = self.claim_once(&claim).await else { return };
        // Whoever came back meanwhile has a newer epoch.
        let _ = self.enter(&claim, &claimed, Attends::Later, None);
        drop(coming);
    }

    /// Deals with every connection here as lost. To be called when each client that reads has read that the node stops.
    pub async fn let_go(&self) {
        let now = self.0.clock.now();
        let lost: Vec<_> = self.all_rooms().iter().flat_map(|(_, room)| lock(room).lose_all(now)).collect();
        if !lost.is_empty() {
            self.renew_all(&lost).await;
        }
    }

    /// Has other nodes take over the seats of those who are not connected here any more, until nobody sits here and nobody
    /// who did has left anything behind, and waits until all that was said to other nodes has arrived; at most for
    /// `patience`. To be called after
    /// [`drain`](Self::drain). Returns at once if there is no other node.
    pub async fn hand_over(&self, patience: Duration) {
        let handed_over = async {
            for round in 0_usize.. {
                let others = self.0.local_node.node_bus().alive();
                let rooms = self.all_rooms();
                if others.is_empty() || !rooms.iter().any(|(_, room)| lock(room).has_something_to_hand_over())
                {
                    break;
                }
                for (number, (_, room)) in rooms.into_iter().enumerate() {
                    let node = others[(number + round) % others.len()];
                    for claim in lock(&room).adoptions(self.0.clock.now()) {
                        // What is not taken is offered again.
                        let _ = self.0.local_node.send(node, NodeMessage::Adopt { claim: Box::new(claim) });
                    }
                }
                sleep(OFFERED_EVERY).await;
            }
            self.0.local_node.node_bus().flushed().await;
        };
        if timeout(patience, handed_over).await.is_err() {
            warn!("some seats were not handed over to another node");
        }
    }

    /// Gives up the seats here that are open to newcomers and that no other node took over: their holders cannot resume.
    /// To be called after [`hand_over`](Self::hand_over).
    pub async fn give_up_open(&self) {
        let mut keys = Vec::new();
        for (_, room) in self.all_rooms() {
            keys.extend(lock(&room).open_seats());
        }
        for some in keys.chunks(AT_ONCE) {
            let given_up = some.iter().map(|key| self.give_up(key, LeaveReason::LeaseEnded));
            if let Some(error) = join_all(given_up).await.into_iter().find_map(Result::err) {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "a seat could not be released; it ends with its lease"
                );
                return;
            }
        }
    }

    /// Asks the cluster about rooms of which it is not sure who sits in them on other nodes.
    pub(in crate::core::hub) async fn settle_doubts(&self) {
        let now = self.0.clock.now();
        let all = self.0.take_doubt();
        if !all && !self.0.local_node.has_known_peers() {
            return;
        }
        let mut doubtful = self.all_rooms();
        doubtful.retain(|(_, room)| {
            let room = lock(room);
            room.is_doubtful(now) || (all && !room.is_empty())
        });
        for some in doubtful.chunks(AT_ONCE) {
            let asked = some.iter().map(|(id, room)| async move {
                let asked_at = self.0.clock.now();
                let seats = self.0.registry.seats(id).await?;
                let fenced = lock(room).hear_all(&seats, asked_at, self.0.clock.now());
                close_all(fenced);
                Ok::<_, Unavailable>(())
            });
            if let Some(error) = join_all(asked).await.into_iter().find_map(Result::err) {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "it cannot be found out who sits on other nodes"
                );
                if all {
                    self.0.doubt_all();
                }
                return;
            }
        }
    }
}
