//! The address of the database, and settings that no address may weaken.

use std::{future::IntoFuture, time::Duration};

use futures_util::FutureExt;
use mongodb::{
    Client, Database,
    error::{Error, ErrorKind},
    options::{
        Acknowledgment, ClientOptions, ConnectionString, ReadConcern, ReadPreference, SelectionCriteria,
        WriteConcern,
    },
};
use thiserror::Error;

/// The database to use if the address names none.
const DEFAULT_DATABASE: &str = "switchboard";

/// How long to look for a server that accepts writes. Shorter than a caller's wait, so that the caller gets
/// the error.
const SELECT_WITHIN: Duration = Duration::from_millis(1_500);

/// Time-out of a connection attempt, and of a check of a server.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(1);

/// Interval of the checks of a server. One that hangs is given up after this and [`ATTEMPT_WITHIN`].
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// Default of the most connections to one server. A save holds one while the majority writes its journal.
const CONNECTIONS: u32 = 32;

/// Why an address is invalid. Never quotes the part that may hold a password.
#[derive(Debug, Error)]
pub enum MongoAddressError {
    /// The part before the `?` cannot be read.
    #[error(
        "the MongoDB address must look like mongodb://user:password@host:27017/database?options, \
         with special characters in user and password percent-encoded"
    )]
    Address,
    /// The part after the `?` cannot be read, or contradicts itself.
    #[error("the MongoDB address has an invalid option: {0}")]
    Options(String),
    /// MongoDB refuses databases of that name.
    #[error(
        "no MongoDB database can be called {0:?}: a name has at most 63 bytes, and no blank, dot, quote, `$`, `/`, `\\`, \
         `*`, `<`, `>`, `:`, `|` or `?`, and is not local"
    )]
    Database(String),
}

/// A valid address.
pub(super) struct Address(ConnectionString);

impl Address {
    /// Parses `uri`; warns if it asks for less durability than a chat needs.
    pub(super) fn parse(uri: &str) -> Result<Self, MongoAddressError> {
        let (place, options) = uri.split_once('?').unwrap_or((uri, ""));
        // A later `@` means that the `?` was part of the password.
        if options.contains('@') {
            return Err(MongoAddressError::Address);
        }
        check_name(place)?;
        if ConnectionString::parse(place).is_err() {
            return Err(MongoAddressError::Address);
        }
        let address = ConnectionString::parse(uri).map_err(wrong_options)?;
        // Ready at once, unless DNS has to resolve a name: that can fail now and succeed later.
        if let Some(Err(error)) = ClientOptions::parse(address.clone()).into_future().now_or_never() {
            return Err(wrong_options(error));
        }
        if weakens(&address) {
            tracing::warn!("the MongoDB address asks for a weaker write concern; w=majority, j=true is used");
        }
        Ok(Self(address))
    }

    /// Makes a client. Resolves names, but the database need not be up.
    pub(super) async fn connect(&self) -> Result<Database, Error> {
        let mut options = ClientOptions::parse(self.0.clone()).await?;
        harden(&mut options);
        let client = Client::with_options(options)?;
        Ok(client.default_database().unwrap_or_else(|| client.database(DEFAULT_DATABASE)))
    }
}

/// Refuses names of databases that a server refuses, on any system. Source: MongoDB, "Naming restrictions".
fn check_name(place: &str) -> Result<(), MongoAddressError> {
    let path = place.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let name = path.map(|(_, name)| name).unwrap_or_default();
    // Behind what is no address of servers, the name may be a part of a password.
    let is_place = ConnectionString::parse(&place[..place.len() - name.len()]).is_ok();
    if name.is_empty() || name.contains(['@', '%']) || !is_place {
        return Ok(());
    }
    let is_allowed = |c: char| !r#"/\. "$*<>:|?"#.contains(c) && !c.is_control();
    // `local` is the server's own, and never replicated.
    let is_name = name.len() < 64 && name != "local" && name.chars().all(is_allowed);
    if is_name { Ok(()) } else { Err(MongoAddressError::Database(name.to_owned())) }
}

fn wrong_options(error: Error) -> MongoAddressError {
    match *error.kind {
        ErrorKind::InvalidArgument { message, .. } => MongoAddressError::Options(message),
        kind => MongoAddressError::Options(kind.to_string()),
    }
}

fn weakens(address: &ConnectionString) -> bool {
    address.write_concern.as_ref().is_some_and(|concern| {
        concern.journal == Some(false) || !matches!(concern.w, None | Some(Acknowledgment::Majority))
    })
}

/// Sets the options on which durability and the time limit depend, overriding the address.
fn harden(options: &mut ClientOptions) {
    let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(SELECT_WITHIN);
    options.write_concern = Some(durable.build());
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.server_selection_timeout = Some(SELECT_WITHIN);
    options.connect_timeout = Some(ATTEMPT_WITHIN);
    options.heartbeat_freq = Some(CHECK_EVERY);
    options.max_pool_size.get_or_insert(CONNECTIONS);
    options.app_name.get_or_insert_with(|| "switchboard".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_weakens_durability_is_noticed() {
        for (options, weaker) in [
            ("", false),
            ("?w=majority&journal=true", false),
            ("?wtimeoutMS=0", false),
            ("?w=0", true),
            ("?w=1", true),
            ("?w=2", true),
            ("?w=majority&journal=false", true),
        ] {
            let address = ConnectionString::parse(format!("mongodb://db.example/{options}")).unwrap();
            assert_eq!(weakens(&address), weaker, "{options}");
        }
    }

    #[tokio::test]
    async fn hardened_options_override_the_address() {
        let uri = "mongodb://db.example/?w=1&journal=false&readPreference=secondary&readConcernLevel=local\
                   &serverSelectionTimeoutMS=60000&maxPoolSize=5";
        let mut options = ClientOptions::parse(uri).await.unwrap();
        harden(&mut options);
        let concern = options.write_concern.unwrap();
        assert_eq!((concern.w, concern.journal), (Some(Acknowledgment::Majority), Some(true)));
        assert!(concern.w_timeout.is_some());
        assert_eq!(options.read_concern, Some(ReadConcern::majority()));
        assert_eq!(options.server_selection_timeout, Some(SELECT_WITHIN));
        assert_eq!(options.max_pool_size, Some(5));
    }

    #[test]
    fn a_name_that_no_database_can_have_is_refused_and_named() {
        let long = "x".repeat(64);
        for name in ["my.clinic", "$clinic", "my clinic", "local", &long] {
            let Err(error) = Address::parse(&format!("mongodb://db.example/{name}?w=1")) else {
                panic!("{name} was taken")
            };
            assert!(error.to_string().contains(name), "{name}: {error}");
        }
        for name in ["clinic", "clinic-2_b", "Praxis", ""] {
            assert!(Address::parse(&format!("mongodb://db.example/{name}")).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_wrong_address_is_refused_without_quoting_a_password() {
        for uri in [
            "",
            "db.example",
            "ann:secret@db.example",
            "secret://db.example",
            "mongodb://ann:secret",
            "mongodb://ann:sec/ret@db.example",
            "mongodb://ann:1?secret@db.example",
            "mongodb://ann:secret@db.example:secret",
            "mongodb://ann:secret@db.example/?w=nothing&w=0&journal=maybe",
            "mongodb://ann:secret@db.example/?socketTimeoutMS=5",
            "mongodb://ann:secret@one.example,two.example/?directConnection=true",
        ] {
            let Err(error) = Address::parse(uri) else { panic!("{uri} was taken") };
            assert!(!format!("{error} {error:?}").contains("ret"), "{error}");
        }
    }
}
