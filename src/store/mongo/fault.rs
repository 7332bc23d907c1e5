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

impl From<DriverError> for MongoFault {
    fn from(error: DriverError) -> Self {
        match *error.kind {
            ErrorKind::ServerSelection { message, .. } | ErrorKind::DnsResolve { message, .. } => {
                Self::NoServer(message)
            }
            ErrorKind::Io(error) => Self::Connection(error.kind()),
            ErrorKind::ConnectionPoolCleared { .. } => Self::Connection(io::ErrorKind::ConnectionReset),
            ErrorKind::Authentication { .. } => Self::Authentication,
            ErrorKind::Command(error) => Self::Refused(error.code),
            ErrorKind::Write(WriteFailure::WriteError(error)) => Self::Refused(error.code),
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
