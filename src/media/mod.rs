//! The forwarding unit (SFU): forwards a participant's media to its subscribers. Knows no door (protocol),
//! and only the ids and the clock of the core.
//!
//! - `plane`: the trait that doors use.
//! - `options`, `settings`: what operators configure, and the values that result.
//! - `description`: errors of session descriptions.
//! - `off`: the plane of a server that forwards nothing.
//! - `forwarding`: the plane that forwards.
//! - `fake`: a plane for tests, without network or media.

pub mod description;
pub mod fake;
#[cfg(feature = "media")]
pub mod forwarding;
pub mod off;
pub mod options;
pub mod plane;
pub mod settings;

pub use self::{
    description::DescriptionError,
    off::Off,
    plane::{
        DataChannel, DataRelay, EndReason, EndpointError, EndpointId, Layer, Limit, MediaEvent, MediaKind,
        MediaListener, MediaPlane, Negotiated, NegotiationError, NewEndpoint, Owner, Publication, Role,
    },
    settings::{MediaCodec, MediaSettings},
};
