//! The account of what every participant and every room has, held to the limits.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{
    core::model::{ids::RoomId, lock::lock},
    media::{EndpointId, Limit, Owner, settings::Limits},
};

/// The longest description that is read. Browsers' have some kilobytes; each codec and candidate adds a line.
pub const MAX_DESCRIPTION_BYTES: usize = 64 * 1024;

/// Camera, microphone, a screen with its sound, and data channels.
pub const MAX_SECTIONS: usize = 5;

/// From this many on, those who have negotiated lately are looked through for those who no longer matter.
const REMEMBERED: usize = 1_024;

/// Why nothing more is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Too much for one participant or room.
    TooMany(Limit),
    /// The server has as many endpoints as it may.
    Full,
}

/// Who has which endpoints, and on which shard rooms are.
pub struct Account {
    limits: Limits,
    shards: usize,
    last: AtomicU64,
    held: Mutex<Held>,
    descriptions: DefaultKeyedRateLimiter<Owner>,
}

#[derive(Default)]
struct Held {
    endpoints: HashMap<EndpointId, Place>,
    by_owner: HashMap<Owner, usize>,
    by_room: HashMap<RoomId, InRoom>,
}

#[derive(Clone, Copy, Default)]
struct InRoom {
    endpoints: usize,
    shard: usize,
}

/// Where an endpoint is.
#[derive(Debug, Clone)]
pub struct Place {
    /// Whose it is.
    pub owner: Owner,
    /// All of a room is on one shard.
    pub shard: usize,
}

impl Account {
    /// An account of nothing, for `shards` shards.
    pub fn new(limits: Limits, shards: usize) -> Self {
        let quota = Quota::per_minute(limits.descriptions_per_minute);
        Self {
            limits,
            shards,
            last: AtomicU64::new(0),
            held: Mutex::default(),
            descriptions: RateLimiter::keyed(quota),
        }
    }

    /// Counts a description of `owner`'s; `false` if there were too many.
    pub fn may_negotiate(&self, owner: &Owner) -> bool {
        if self.descriptions.len() > REMEMBERED {
            self.descriptions.retain_recent();
        }
        self.descriptions.check_key(owner).is_ok()
    }

    /// Enters a new endpoint; a new room goes where the fewest endpoints are.
    pub fn enter(&self, owner: &Owner) -> Result<(EndpointId, usize), Refused> {
        let mut held = lock(&self.held);
        if held.endpoints.len() >= self.limits.in_all {
            return Err(Refused::Full);
        }
        if held.by_owner.get(owner).is_some_and(|count| *count >= self.limits.per_participant) {
            return Err(Refused::TooMany(Limit::EndpointsOfParticipant));
        }
        let in_room = held.by_room.get(&owner.room).copied();
        let in_room = in_room.unwrap_or_else(|| InRoom { endpoints: 0, shard: held.idlest(self.shards) });
        if in_room.endpoints >= self.limits.per_room {
            return Err(Refused::TooMany(Limit::EndpointsInRoom));
        }
        let id = EndpointId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        held.endpoints.insert(id, Place { owner: owner.clone(), shard: in_room.shard });
        *held.by_owner.entry(owner.clone()).or_default() += 1;
        held.by_room.insert(owner.room.clone(), InRoom { endpoints: in_room.endpoints + 1, ..in_room });
        Ok((id, in_room.shard))
    }

    /// Where an endpoint is, while there is one.
    pub fn place(&self, id: EndpointId) -> Option<Place> {
        lock(&self.held).endpoints.get(&id).cloned()
    }

    /// Strikes an endpoint out, once.
    pub fn strike(&self, id: EndpointId) -> Option<Place> {
        lock(&self.held).strike(id)
    }

    /// Strikes out all endpoints of `owner`.
    pub fn strike_all(&self, owner: &Owner) -> Vec<(EndpointId, Place)> {
        let mut held = lock(&self.held);
        if !held.by_owner.contains_key(owner) {
            return Vec::new();
        }
        let own = held.endpoints.iter().filter(|(_, place)| place.owner == *owner);
        let own: Vec<_> = own.map(|(id, _)| *id).collect();
        own.into_iter().filter_map(|id| Some((id, held.strike(id)?))).collect()
    }

    /// Everybody who has an endpoint.
    pub fn owners(&self) -> Vec<Owner> {
        lock(&self.held).by_owner.keys().cloned().collect()
    }
}

impl Held {
    fn strike(&mut self, id: EndpointId) -> Option<Place> {
        let place = self.endpoints.remove(&id)?;
        if let Some(count) = self.by_owner.get_mut(&place.owner) {
            *count -= 1;
            if *count == 0 {
                self.by_owner.remove(&place.owner);
            }
        }
        if let Some(in_room) = self.by_room.get_mut(&place.owner.room) {
            in_room.endpoints -= 1;
            if in_room.endpoints == 0 {
                self.by_room.remove(&place.owner.room);
            }
        }
        Some(place)
    }

    fn idlest(&self, shards: usize) -> usize {
        let mut load = vec![0; shards];
        for in_room in self.by_room.values() {
            load[in_room.shard] += in_room.endpoints;
        }
        (0..shards).min_by_key(|shard| load[*shard]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::core::model::ids::ParticipantId;

    fn account(limits: Limits) -> Account {
        Account::new(limits, 2)
    }

    const LIMITS: Limits = Limits {
        per_participant: 2,
        per_room: 3,
        in_all: 4,
        descriptions_per_minute: NonZeroU32::new(2).unwrap(),
    };

    fn owner(room: &str) -> Owner {
        Owner { room: room.parse().unwrap(), participant: ParticipantId::random() }
    }

    #[test]
    fn what_is_struck_out_makes_room_again() {
        let account = account(LIMITS);
        let (ann, bob, eve) = (owner("7"), owner("7"), owner("8"));
        let (first, _) = account.enter(&ann).unwrap();
        account.enter(&ann).unwrap();
        assert_eq!(account.enter(&ann), Err(Refused::TooMany(Limit::EndpointsOfParticipant)));
        account.enter(&bob).unwrap();
        assert_eq!(account.enter(&bob), Err(Refused::TooMany(Limit::EndpointsInRoom)));
        account.enter(&eve).unwrap();
        assert_eq!(account.enter(&eve), Err(Refused::Full));
        assert!(account.strike(first).is_some() && account.strike(first).is_none());
        account.enter(&bob).unwrap();
        assert_eq!(account.strike_all(&bob).len(), 2);
        account.strike_all(&ann);
        assert_eq!(account.owners(), [eve]);
    }

    #[test]
    fn a_room_stays_on_its_shard_and_the_next_goes_to_the_other() {
        let account = account(LIMITS);
        let (_, here) = account.enter(&owner("7")).unwrap();
        let (_, there) = account.enter(&owner("8")).unwrap();
        assert_ne!(here, there);
        assert_eq!(account.enter(&owner("7")).unwrap().1, here);
    }

    #[test]
    fn one_participants_haste_is_not_anothers() {
        let account = account(LIMITS);
        let (ann, bob) = (owner("7"), owner("7"));
        assert!(account.may_negotiate(&ann) && account.may_negotiate(&ann));
        assert!(!account.may_negotiate(&ann));
        assert!(account.may_negotiate(&bob));
    }
}
