//! The forwarding unit: takes what one participant sends and hands it to those who asked for it. Knows no door, and of
//! the core only what things are called.
//!
//! - `plane`: what doors ask of it.
//! - `options`, `settings`: what can be set, and what follows from it.
//! - `description`: what goes wrong with descriptions.
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
        CloseReason, DataChannel, DataRelay, EndpointId, Layer, Limit, MediaEvent, MediaKind, MediaListener,
        MediaPlane, Negotiated, NegotiationError, NewEndpoint, OpenError, Owner, Publication, Role,
    },
    settings::{MediaCodec, MediaSettings},
};
