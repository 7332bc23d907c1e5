//! The connections of the direct door on this node, whose names are renewed while they last.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use super::connection::DirectConnection;
use crate::core::model::{ids::ConnectionId, lock::lock};

/// All connections of users on this node.
#[derive(Default)]
pub struct Connected(Mutex<HashMap<ConnectionId, Arc<DirectConnection>>>);

impl Connected {
    /// Lists a connection until the returned guard is dropped.
    pub fn list(&self, connection: &Arc<DirectConnection>) -> ListedConnection<'_> {
        lock(&self.0).insert(connection.sender.id(), connection.clone());
        ListedConnection { connected: self, id: connection.sender.id() }
    }

    /// All connections, in no order.
    pub fn all(&self) -> Vec<Arc<DirectConnection>> {
        lock(&self.0).values().cloned().collect()
    }
}

/// A listed connection.
pub struct ListedConnection<'a> {
    connected: &'a Connected,
    id: ConnectionId,
}

impl Drop for ListedConnection<'_> {
    fn drop(&mut self) {
        lock(&self.connected.0).remove(&self.id);
    }
}
