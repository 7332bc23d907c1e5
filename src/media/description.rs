//! Errors of session descriptions (SDP). Their texts may be sent to clients: they repeat nothing of the
//! description.

use thiserror::Error;

/// Why a description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum DescriptionError {
    /// The description is longer than the server reads.
    #[error("the description is too long")]
    TooLong,
    /// The description has more media sections (`m=`) than the server accepts.
    #[error("the description has too many media sections")]
    TooManySections,
    /// The description is not SDP, or not a WebRTC description.
    #[error("the description cannot be understood")]
    Unreadable,
    /// No media section or codec of the client can be forwarded in the wanted direction.
    #[error("the description has no media that can be forwarded")]
    NothingInCommon,
    /// An answer without an open offer, or one that does not fit the offer.
    #[error("the description does not fit what was negotiated")]
    OutOfPlace,
}
