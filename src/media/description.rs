//! What goes wrong with descriptions (SDP), in words that may be told to clients: nothing of their text is repeated.

use thiserror::Error;

/// Why a description cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum DescriptionError {
    /// Longer than the server reads.
    #[error("the description is too long")]
    TooLong,
    /// It has more media sections (`m=`) than the server takes.
    #[error("the description has too many media sections")]
    TooManySections,
    /// It is no SDP, or no WebRTC description.
    #[error("the description cannot be understood")]
    Unreadable,
    /// The client sends nothing that could be forwarded, or does not ask for anything that is sent to it: no section fits, or no
    /// codec.
    #[error("the description has no media that can be forwarded")]
    NothingInCommon,
    /// An answer that nobody asked for, or one that does not fit the offer.
    #[error("the description does not fit what was negotiated")]
    OutOfPlace,
}
