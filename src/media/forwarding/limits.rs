//! Counts the endpoints of every participant and room against the limits.

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
    media::{EndpointId, Limit, Owner, settings::MediaLimits},
};

/// The longest description that is read, in bytes. Browsers send some kilobytes; each codec and candidate
/// adds a line.
pub const MAX_DESCRIPTION_BYTES: usize = 64 * 1024;

/// The most media sections: camera, microphone, a screen with its audio, and data channels.
pub const MAX_SECTIONS: usize = 5;

/// The number of participants with a rate budget above which idle ones are removed.
const REMEMBERED: usize = 1_024;

/// Why no endpoint is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointRefused {
    /// A limit of a participant or room is reached.
    TooMany(Limit),
    /// The limit of the server is reached.
    Full,
}

/// The endpoints of every participant, and the shard of every room.
pub struct Account {
    limits: MediaLimits,
    shards: usize,
    last: AtomicU64,
    held: Mutex<Held>,
    descriptions: DefaultKeyedRateLimiter<Owner>,
}

#[derive(Default)]
struct Held {
    endpoints: HashMap<EndpointId, EndpointLocation>,
    by_owner: HashMap<Owner, usize>,
    by_room: HashMap<RoomId, InRoom>,
}

#[derive(Clone, Copy, Default)]
struct InRoom {
    endpoints: usize,
    shard: usize,
}

/// The owner and shard of an endpoint.
#[derive(Debug, Clone)]
pub struct EndpointLocation {
    /// The endpoint's owner.
    pub owner: Owner,
    /// The shard of its room.
    pub shard: usize,
}

impl Account {
    /// Makes an account without endpoints, for `shards` shards.
    pub fn new(limits: MediaLimits, shards: usize) -> Self {
        let quota = Quota::per_minute(limits.descriptions_per_minute);
        Self {
            limits,
            shards,
            last: AtomicU64::new(0),
            held: Mutex::default(),
            descriptions: RateLimiter::keyed(quota),
        }
    }

    /// Counts a description of `owner`; `false` if its rate is exceeded.
    pub fn may_negotiate(&self, owner: &Owner) -> bool {
        if self.descriptions.len() > REMEMBERED {
            self.descriptions.retain_recent();
        }
        self.descriptions.check_key(owner).is_ok()
    }

    /// Adds an endpoint. A new room goes to the shard with the fewest endpoints.
    pub fn enter(&self, owner: &Owner) -> Result<(EndpointId, usize), EndpointRefused> {
        let mut held = lock(&self.held);
        if held.endpoints.len() >= self.limits.in_all {
            return Err(EndpointRefused::Full);
        }
        if held.by_owner.get(owner).is_some_and(|count| *count >= self.limits.per_participant) {
            return Err(EndpointRefused::TooMany(Limit::EndpointsOfParticipant));
        }
        let in_room = held.by_room.get(&owner.room).copied();
        let in_room = in_room.unwrap_or_else(|| InRoom { endpoints: 0, shard: held.idlest(self.shards) });
        if in_room.endpoints >= self.limits.per_room {
            return Err(EndpointRefused::TooMany(Limit::EndpointsInRoom));
        }
        let id = EndpointId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        held.endpoints.insert(id, EndpointLocation { owner: owner.clone(), shard: in_room.shard });
        *held.by_owner.entry(owner.clone()).or_default() += 1;
        held.by_room.insert(owner.room.clone(), InRoom { endpoints: in_room.endpoints + 1, ..in_room });
        Ok((id, in_room.shard))
    }

    /// The location of an endpoint, until it is removed.
    pub fn locate(&self, id: EndpointId) -> Option<EndpointLocation> {
        lock(&self.held).endpoints.get(&id).cloned()
    }

    /// Removes an endpoint.
    pub fn remove(&self, id: EndpointId) -> Option<EndpointLocation> {
        lock(&self.held).remove(id)
    }

    /// Removes all endpoints of `owner`.
    pub fn remove_all(&self, owner: &Owner) -> Vec<(EndpointId, EndpointLocation)> {
        let mut held = lock(&self.held);
        if !held.by_owner.contains_key(owner) {
            return Vec::new();
        }
        let own = held.endpoints.iter().filter(|(_, location)| location.owner == *owner);
        let own: Vec<_> = own.map(|(id, _)| *id).collect();
        own.into_iter().filter_map(|id| Some((id, held.remove(id)?))).collect()
    }

    /// The owners of all endpoints.
    pub fn owners(&self) -> Vec<Owner> {
        lock(&self.held).by_owner.keys().cloned().collect()
    }
}

impl Held {
    fn remove(&mut self, id: EndpointId) -> Option<EndpointLocation> {
        let location = self.endpoints.remove(&id)?;
        if let Some(count) = self.by_owner.get_mut(&location.owner) {
            *count -= 1;
            if *count == 0 {
                self.by_owner.remove(&location.owner);
            }
        }
        if let Some(in_room) = self.by_room.get_mut(&location.owner.room) {
            in_room.endpoints -= 1;
            if in_room.endpoints == 0 {
                self.by_room.remove(&location.owner.room);
            }
        }
        Some(location)
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

    fn account(limits: MediaLimits) -> Account {
        Account::new(limits, 2)
    }

    const LIMITS: MediaLimits = MediaLimits {
        per_participant: 2,
        per_room: 3,
        in_all: 4,
        descriptions_per_minute: NonZeroU32::new(2).unwrap(),
    };

    fn owner(room: &str) -> Owner {
        Owner { room: room.parse().unwrap(), participant: ParticipantId::random() }
    }

    #[test]
    fn a_removed_endpoint_frees_its_place() {
        let account = account(LIMITS);
        let (ann, bob, eve) = (owner("7"), owner("7"), owner("8"));
        let (first, _) = account.enter(&ann).unwrap();
        account.enter(&ann).unwrap();
        assert_eq!(account.enter(&ann), Err(EndpointRefused::TooMany(Limit::EndpointsOfParticipant)));
        account.enter(&bob).unwrap();
        assert_eq!(account.enter(&bob), Err(EndpointRefused::TooMany(Limit::EndpointsInRoom)));
        account.enter(&eve).unwrap();
        assert_eq!(account.enter(&eve), Err(EndpointRefused::Full));
        assert!(account.remove(first).is_some() && account.remove(first).is_none());
        account.enter(&bob).unwrap();
        assert_eq!(account.remove_all(&bob).len(), 2);
        account.remove_all(&ann);
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
    fn the_rate_of_one_participant_does_not_limit_another() {
        let account = account(LIMITS);
        let (ann, bob) = (owner("7"), owner("7"));
        assert!(account.may_negotiate(&ann) && account.may_negotiate(&ann));
        assert!(!account.may_negotiate(&ann));
        assert!(account.may_negotiate(&bob));
    }
}
