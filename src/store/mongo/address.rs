//! Where the database is, and the settings no address may weaken.

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

/// Where chats go if the address names no database.
const DEFAULT_DATABASE: &str = "switchboard";

/// How long to look for a server that takes writes; leaves time to be told that there is none.
const SELECT_WITHIN: Duration = Duration::from_millis(1_500);

/// How long to wait for a connection, or for a server to show that it is alive.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// How often a server must show that it is alive. One that hangs is given up after this and [`CONNECT_WITHIN`].
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How many connections to a server there are unless the address says otherwise: a save holds one while the
/// majority writes its journal, which is most of its time.
const CONNECTIONS: u32 = 32;

/// Why an address is not one. Never quotes the part of it that may hold a password.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The part before the `?` cannot be read.
    #[error(
        "the MongoDB address must look like mongodb://user:password@host:27017/database?options, \
         with special characters in user and password percent-encoded"
    )]
    Address,
    /// The part after the `?` cannot be read, or contradicts itself.
    #[error("the MongoDB address has an option that cannot be: {0}")]
    Options(String),
}

/// An address that was found to be one.
pub(super) struct Address(ConnectionString);

impl Address {
    /// Reads `uri`; warns if it asks for less than a chat's durability needs.
    pub(super) fn parse(uri: &str) -> Result<Self, ConfigError> {
        let (place, options) = uri.split_once('?').unwrap_or((uri, ""));
        // A `@` this late means that the `?` belonged to the password.
        if options.contains('@') || ConnectionString::parse(place).is_err() {
            return Err(ConfigError::Address);
        }
        let address = ConnectionString::parse(uri).map_err(wrong_options)?;
        // Complete at once, save for a name that DNS has to resolve: that can fail now and work later.
        if let Some(Err(error)) = ClientOptions::parse(address.clone()).into_future().now_or_never() {
            return Err(wrong_options(error));
        }
        if weakens(&address) {
            tracing::warn!(
                "the MongoDB address pending_requests for a weaker write concern; w=majority, j=true is used"
            );
        }
        Ok(Self(address))
    }

    /// Makes a client; resolves names, but does not need the database to be up.
    pub(super) async fn connect(&self) -> Result<Database, Error> {
        let mut options = ClientOptions::parse(self.0.clone()).await?;
        harden(&mut options);
        let client = Client::with_options(options)?;
        Ok(client.default_database().unwrap_or_else(|| client.database(DEFAULT_DATABASE)))
    }
}

fn wrong_options(error: Error) -> ConfigError {
    match *error.kind {
        ErrorKind::InvalidArgument { message, .. } => ConfigError::Options(message),
        kind => ConfigError::Options(kind.to_string()),
    }
}

fn weakens(address: &ConnectionString) -> bool {
    address.write_concern.as_ref().is_some_and(|concern| {
        concern.journal == Some(false) || !matches!(concern.w, None | Some(Acknowledgment::Majority))
    })
}

/// Sets what durability and the time limit rest on, whatever the address says.
fn harden(options: &mut ClientOptions) {
    let durable = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(SELECT_WITHIN);
    options.write_concern = Some(durable.build());
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.server_selection_timeout = Some(SELECT_WITHIN);
    options.connect_timeout = Some(CONNECT_WITHIN);
    options.heartbeat_freq = Some(HEARTBEAT);
    options.max_pool_size.get_or_insert(CONNECTIONS);
    options.app_name.get_or_insert_with(|| "switchboard".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_not_weaken_a_save() {
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
    async fn whatever_the_address_says_the_settings_stand() {
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
