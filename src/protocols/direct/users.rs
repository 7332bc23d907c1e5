//! Who has registered: one record for each name, which ends when nobody uses it.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tracing::error;

use super::{NAMESPACE, session::Session, username::Username};
use crate::core::{
    model::{error::Unavailable, ids::ParticipantId},
    ports::{
        clock::Clock,
        record_store::{Created, Record, RecordKey, RecordStore},
    },
};

/// A name counts as used anew when this part of its time has passed: most visits then cost no write.
const RENEWED_AFTER: u32 = 10;

/// All users, those of other nodes and of earlier runs included.
pub struct Users {
    records: Arc<dyn RecordStore>,
    clock: Arc<dyn Clock>,
    unused: Duration,
}

/// Somebody who registered.
#[derive(Clone)]
pub struct User {
    /// Their name.
    pub username: Username,
    /// Who they are in the core, whenever and wherever they connect.
    pub participant: ParticipantId,
    /// The digest of their session.
    pub session_digest: String,
    json: Box<str>,
    expires: SystemTime,
}

/// What became of a name that somebody wanted.
pub enum Registered {
    /// It is theirs, with this session.
    Now(Session),
    /// Somebody else was faster.
    Before(User),
}

/// What is kept of a user.
#[derive(Serialize, Deserialize)]
struct Content {
    /// A digest.
    session: String,
    /// 32 hexadecimal digits and four hyphens.
    participant: String,
}

impl Users {
    /// The users in `records`; a name that is `unused` for that long is free again.
    pub fn new(records: Arc<dyn RecordStore>, clock: Arc<dyn Clock>, unused: Duration) -> Self {
        Self { records, clock, unused }
    }

    /// How long a name is kept for somebody who does not use it.
    pub fn unused(&self) -> Duration {
        self.unused
    }

    /// Who has `username`.
    pub async fn find(&self, username: &Username) -> Result<Option<User>, Unavailable> {
        let record = self.records.get(&key(username), self.clock.wall()).await?;
        Ok(record.map(|record| self.user(username, &record)))
    }

    /// Gives `username` to somebody new, unless somebody has it.
    pub async fn register(&self, username: &Username) -> Result<Registered, Unavailable> {
        let session = Session::random();
        let content = Content { session: session.digest(), participant: ParticipantId::random().to_string() };
        let json = serde_json::to_string(&content).expect("two texts are always JSON");
        let record = Record { json: json.into(), expires: Some(self.expiry()) };
        match self.records.create(&key(username), record, self.clock.wall()).await? {
            Created::Now => Ok(Registered::Now(session)),
            Created::Before(record) => Ok(Registered::Before(self.user(username, &record))),
        }
    }

    /// Keeps the name of `user`, who uses it, from ending. Does nothing if it was given up meanwhile.
    pub async fn renew(&self, user: &mut User) -> Result<(), Unavailable> {
        let expiry = self.expiry();
        if user.expires + self.unused / RENEWED_AFTER > expiry {
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
        let content: Content = serde_json::from_str(&record.json).unwrap_or_else(|_| {
            error!("the record of a user cannot be read; the name stays taken until the record ends");
            Content { session: String::new(), participant: String::new() }
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
        self.clock.wall() + self.unused
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

    /// Says what the test says.
    struct Wall(Mutex<SystemTime>);

    impl Clock for Wall {
        fn now(&self) -> Instant {
            unreachable!("names live by the calendar")
        }

        fn wall(&self) -> SystemTime {
            *lock(&self.0)
        }
    }

    fn users() -> (Users, Arc<Wall>) {
        let clock = Arc::new(Wall(Mutex::new(SystemTime::UNIX_EPOCH)));
        (Users::new(Arc::new(MemoryRecords::default()), clock.clone(), 30 * DAY), clock)
    }

    fn name(text: &str) -> Username {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_name_lasts_for_as_long_as_it_is_used_now_and_then() {
        let (users, clock) = users();
        users.register(&name("ann")).await.unwrap();
        for _ in 0..10 {
            *lock(&clock.0) += 20 * DAY;
            let mut ann = users.find(&name("ann")).await.unwrap().expect("it is still hers");
            users.renew(&mut ann).await.unwrap();
        }
        *lock(&clock.0) += 30 * DAY;
        assert!(users.find(&name("ann")).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn whoever_is_late_cannot_renew_a_name_that_is_anothers_now() {
        let (users, clock) = users();
        users.register(&name("ann")).await.unwrap();
        let mut former = users.find(&name("ann")).await.unwrap().unwrap();
        *lock(&clock.0) += 30 * DAY;
        let Registered::Now(session) = users.register(&name("ann")).await.unwrap() else {
            panic!("it is free")
        };
        users.renew(&mut former).await.unwrap();
        users.forget(&former).await.unwrap();
        let heir = users.find(&name("ann")).await.unwrap().unwrap();
        assert_eq!(heir.session_digest, session.digest());
        assert_ne!(heir.participant, former.participant);
    }
}
