//! The forwarding unit: takes what one participant sends and hands it to those who asked for it. Knows no door, and of
//! the core only what things are called.
//!
//! - `plane`: what doors ask of it.
//! - `description`: what goes wrong with descriptions.
//! - `off`: the plane of a server that forwards nothing.
//! - `fake`: a plane for tests, without network or media.

pub mod description;
pub mod fake;
pub mod off;
pub mod plane;

pub use self::{
    description::DescriptionError,
    off::Off,
    plane::{
        CloseReason, DataChannel, DataRelay, EndpointId, Layer, Limit, MediaEvent, MediaKind, MediaListener,
        MediaPlane, Negotiated, NegotiationError, NewEndpoint, OpenError, Owner, Publication, Role,
    },
};
