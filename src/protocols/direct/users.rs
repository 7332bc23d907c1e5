//! Registered users: one record for each name, which expires when the name is unused.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tracing::error;

use super::{NAMESPACE, session::NameSession, username::Username};
use crate::core::{
    model::{error::Unavailable, ids::ParticipantId},
    ports::{
        clock::Clock,
        record_store::{Created, Record, RecordKey, RecordStore},
    },
};

/// A name is renewed after this fraction of its lifetime, so that most connections cost no write.
const RENEWED_AFTER: u32 = 10;

/// All users, registered on any node, before or after a restart.
pub struct Users {
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
}

/// A registered user.
#[derive(Clone)]
pub struct User {
    /// The name.
    pub username: Username,
    /// The participant id in the core, the same for every connection.
    pub participant: ParticipantId,
    /// The digest of the session that proves the name.
    pub session_digest: String,
    json: Box<str>,
    expires: SystemTime,
}

/// Result of a registration.
pub enum Registered {
    /// The name is registered, and this session proves it.
    New(NameSession),
    /// Another client registered the name first.
    Taken(User),
}

/// The stored record of a user.
#[derive(Serialize, Deserialize)]
struct UserRecord {
    /// Digest of the session.
    session: String,
    /// Participant id: 32 hexadecimal digits and four hyphens.
    participant: String,
}

impl Users {
    /// The users in `records`. A name that is unused for `lifetime` becomes free.
    pub fn new(records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>, lifetime: Duration) -> Self {
        Self { records, clock, lifetime }
    }

    /// How long an unused name stays registered.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The user registered as `username`.
    pub async fn find(&self, username: &Username) -> Result<Option<User>, Unavailable> {
        let record = self.records.get(&key(username), self.clock.wall()).await?;
        Ok(record.map(|record| self.user(username, &record)))
    }

    /// Registers `username`, unless it is registered.
    pub async fn register(&self, username: &Username) -> Result<Registered, Unavailable> {
        let session = NameSession::random();
        let content =
            UserRecord { session: session.digest(), participant: ParticipantId::random().to_string() };
        let json = serde_json::to_string(&content).expect("two texts are always JSON");
        let record = Record { json: json.into(), expires: Some(self.expiry()) };
        match self.records.create(&key(username), record, self.clock.wall()).await? {
            Created::Stored => Ok(Registered::New(session)),
            Created::Existing(record) => Ok(Registered::Taken(self.user(username, &record))),
        }
    }

    /// Renews the name of `user`. Does nothing if the name is no longer this user's.
    pub async fn renew(&self, user: &mut User) -> Result<(), Unavailable> {
        let expiry = self.expiry();
        if user.expires + self.lifetime / RENEWED_AFTER > expiry {
            return Ok(());
        }
        let record = Record { json: user.json.clone(), expires: Some(expiry) };
        let now = self.clock.wall();
        if self.records.replace(&key(&user.username), &user.json, record, now).await? {
            user.expires = expiry;
        }
        Ok(())
    }

    /// Frees the name of `user`.
    pub async fn forget(&self, user: &User) -> Result<(), Unavailable> {
        self.records.remove(&key(&user.username), &user.json).await.map(drop)
    }

    fn user(&self, username: &Username, record: &Record) -> User {
        let content: UserRecord = serde_json::from_str(&record.json).unwrap_or_else(|_| {
            error!("the record of a user is invalid; the name stays taken until the record expires");
            UserRecord { session: String::new(), participant: String::new() }
        });
        User {
            username: username.clone(),
            participant: content.participant.parse().unwrap_or_else(|_| ParticipantId::random()),
            session_digest: content.session,
            json: record.json.clone(),
            expires: record.expires.unwrap_or_else(|| self.expiry()),
        }
    }

    fn expiry(&self) -> SystemTime {
        self.clock.wall() + self.lifetime
    }
}

fn key(username: &Username) -> RecordKey {
    RecordKey { namespace: NAMESPACE, name: username.as_str().into() }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Instant};

    use super::*;
    use crate::core::{model::lock::lock, tests::memory_records::MemoryRecords};

    const DAY: Duration = Duration::from_hours(24);

    /// A clock that the test sets.
    struct WallClock(Mutex<SystemTime>);

    impl Clock for WallClock {
        fn now(&self) -> Instant {
            unreachable!("names expire by wall time")
        }

        fn wall(&self) -> SystemTime {
            *lock(&self.0)
        }
    }

    fn users() -> (Users, Arc<WallClock>) {
        let clock = Arc::new(WallClock(Mutex::new(SystemTime::UNIX_EPOCH)));
        (Users::new(Arc::new(MemoryRecords::default()), clock.clone(), 30 * DAY), clock)
    }

    fn name(text: &str) -> Username {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_renewed_name_does_not_expire() {
        let (users, clock) = users();
        users.register(&name("ann")).await.unwrap();
        for _ in 0..10 {
            *lock(&clock.0) += 20 * DAY;
            let mut ann = users.find(&name("ann")).await.unwrap().expect("the name is still registered");
            users.renew(&mut ann).await.unwrap();
        }
        *lock(&clock.0) += 30 * DAY;
        assert!(users.find(&name("ann")).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_former_user_cannot_renew_or_free_a_name_registered_again() {
        let (users, clock) = users();
        users.register(&name("ann")).await.unwrap();
        let mut former = users.find(&name("ann")).await.unwrap().unwrap();
        *lock(&clock.0) += 30 * DAY;
        let Registered::New(session) = users.register(&name("ann")).await.unwrap() else {
            panic!("it is free")
        };
        users.renew(&mut former).await.unwrap();
        users.forget(&former).await.unwrap();
        let heir = users.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(heir.session_digest, session.digest());
        assert_ne!(heir.participant, former.participant);
    }
}
