//! Errors of the database, without any content of chats.

use std::io;

use mongodb::error::{Error as DriverError, ErrorKind, WriteFailure};
use thiserror::Error;

/// The server's code for an insertion that a unique index rejects.
pub(super) const DUPLICATE_KEY: i32 = 11_000;

/// Why an operation failed.
///
/// Replaces the driver's error, which quotes the server's whole answer with documents and keys.
#[derive(Debug, Error)]
pub(super) enum MongoFault {
    #[error("no server takes writes: {0}")]
    NoServer(String),
    #[error("the connection failed: {0}")]
    Connection(io::ErrorKind),
    #[error("authentication failed")]
    Authentication,
    #[error("the server refused, with code {0}")]
    Refused(i32),
    #[error("the user may not run {0}: give it the role readWrite on the database (MONGODB_URI)")]
    NotPermitted(String),
    #[error("the server refuses the name of the database or of a collection (MONGODB_URI)")]
    Name,
    #[error("the server has a database whose name differs only in case: write it the same way (MONGODB_URI)")]
    NameCase,
    #[error("a majority has not confirmed the write, code {0}")]
    Unconfirmed(i32),
    #[error("conflicts with other writers did not end")]
    Contended,
    #[error("chats of an earlier release are being converted")]
    Rekeying,
    #[error("a stored document is damaged")]
    BadDocument,
    #[error("the driver failed: {0}")]
    Driver(&'static str),
}

/// The server's codes for refusals that an administrator can end.
const UNAUTHORIZED: i32 = 13;
const INVALID_NAMESPACE: i32 = 73;
const DATABASE_DIFFERS_IN_CASE: i32 = 13_297;

impl MongoFault {
    fn refused(code: i32, message: &str) -> Self {
        match code {
            UNAUTHORIZED => Self::NotPermitted(command_in(message).unwrap_or("a command").to_owned()),
            INVALID_NAMESPACE => Self::Name,
            DATABASE_DIFFERS_IN_CASE => Self::NameCase,
            code => Self::Refused(code),
        }
    }
}

/// The command in "not authorized on clinic to execute command { update: … }". The rest may quote content.
fn command_in(message: &str) -> Option<&str> {
    let (command, _) = message.split_once("execute command { ")?.1.split_once(':')?;
    let is_name = command.len() < 40 && command.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then_some(command)
}

impl From<DriverError> for MongoFault {
    fn from(error: DriverError) -> Self {
        match *error.kind {
            ErrorKind::ServerSelection { message, .. } | ErrorKind::DnsResolve { message, .. } => {
                Self::NoServer(message)
            }
            ErrorKind::Io(error) => Self::Connection(error.kind()),
            ErrorKind::ConnectionPoolCleared { .. } => Self::Connection(io::ErrorKind::ConnectionReset),
            ErrorKind::Authentication { .. } => Self::Authentication,
            ErrorKind::Command(error) => Self::refused(error.code, &error.message),
            ErrorKind::Write(WriteFailure::WriteError(error)) => Self::refused(error.code, &error.message),
            ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Self::Unconfirmed(error.code),
            ErrorKind::InsertMany(error) => {
                let refused = error.write_errors.into_iter().flatten().next().map(|error| error.code);
                let unconfirmed = error.write_concern_error.map(|error| error.code);
                match (unconfirmed, refused) {
                    (Some(code), _) => Self::Unconfirmed(code),
                    (None, code) => Self::Refused(code.unwrap_or_default()),
                }
            }
            ErrorKind::InvalidTlsConfig { .. } => Self::Driver("the TLS settings cannot be used"),
            ErrorKind::IncompatibleServer { .. } => Self::Driver("the server is too old or too new"),
            ErrorKind::Shutdown => Self::Driver("the client was shut down"),
            ErrorKind::InvalidArgument { .. } => Self::Driver("an argument was refused"),
            _ => Self::Driver("the answer made no sense"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_an_administrator_can_change_and_quotes_nothing_else() {
        let message =
            "not authorized on clinic to execute command { createIndexes: \"messages\", x: \"canary\" }";
        let refused = |code, message: &str| MongoFault::refused(code, message).to_string();
        assert!(refused(13, message).contains("may not run createIndexes: give it the role readWrite"));
        assert!(!refused(13, message).contains("canary"));
        assert!(refused(13, "not authorized: canary").contains("may not run a command"));
        assert!(refused(73, "Invalid namespace specified 'canary'").contains("name of the database"));
        assert!(refused(13_297, "canary").contains("differs only in case"));
        assert_eq!(refused(50, "canary"), "the server refused, with code 50");
    }
}
