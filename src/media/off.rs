//! The plane of a server that forwards nothing.

use async_trait::async_trait;

use super::plane::{
    EndpointError, EndpointId, Layer, MediaPlane, Negotiated, NegotiationError, NewEndpoint, Owner,
};

/// Refuses every call as unavailable.
#[derive(Debug, Clone, Copy, Default)]
pub struct Off;

#[async_trait]
impl MediaPlane for Off {
    fn is_on(&self) -> bool {
        false
    }

    async fn answer(&self, _endpoint: NewEndpoint, _offer: &str) -> Result<Negotiated, EndpointError> {
        Err(EndpointError::Unavailable)
    }

    async fn offer(&self, _endpoint: NewEndpoint) -> Result<Negotiated, EndpointError> {
        Err(EndpointError::Unavailable)
    }

    async fn accept(&self, _endpoint: EndpointId, _answer: &str) -> Result<(), NegotiationError> {
        Err(NegotiationError::Unavailable)
    }

    async fn reoffer(&self, _endpoint: EndpointId, _offer: &str) -> Result<String, NegotiationError> {
        Err(NegotiationError::Unavailable)
    }

    fn candidate(&self, _endpoint: EndpointId, _candidate: &str) {}

    fn layer(&self, _endpoint: EndpointId, _layer: Layer) {}

    fn close(&self, _endpoint: EndpointId) {}

    fn close_participant(&self, _owner: &Owner) {}

    fn owners(&self) -> Vec<Owner> {
        Vec::new()
    }

    async fn shut_down(&self) {}
}
