//! Closing all connections: an administrator's business. Source: direct document, "Admin API".

use axum::http::{Extensions, HeaderMap};
use tracing::info;

use super::{DirectDoor, NAMESPACE};
use crate::{
    core::model::error::Unavailable,
    protocols::administrator::{is_administrator, is_foreign_page},
};

impl DirectDoor {
    /// Closes every connection on every node, and gives up the seats of those who are away too. They may come back at
    /// once.
    ///
    /// # Errors
    /// The cluster or another node does not answer; some are left.
    pub async fn kick_all(&self) -> Result<(), Unavailable> {
        self.hub.dismiss(NAMESPACE).await?;
        info!(door = NAMESPACE, "all connections were closed on request");
        Ok(())
    }

    /// Whether whoever asks may do that: somebody on this machine, an administrator, or, if so set, anybody. Never the
    /// page of another site in anybody's name.
    pub fn may_kick(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        !is_foreign_page(headers)
            && self.origins.allows(headers)
            && (self.open_kick || is_administrator(headers, extensions, &self.admin_token))
    }
}
