//! Several nodes as real processes with a real Redis, and failures of a node, Redis or the network.

mod balancer;
mod delivery;
mod draining;
mod node_loss;
mod person;
mod redis_loss;
mod rolling_restart;

use serde_json::Value;

use self::person::Person;
use crate::support::nodes::Nodes;

/// Ann on the first node and Bob on the second, in room 7.
async fn pair(nodes: &Nodes) -> (Person, Person) {
    let (mut ann, _) = Person::join(nodes.connect(0).await, "7", "Ann").await;
    let (bob, joined) = Person::join(nodes.connect(1).await, "7", "Bob").await;
    assert_eq!((&joined["remoteSocket"], &joined["opponent_name"]), (&ann.id, &Value::from("Ann")));
    assert_eq!(ann.hear("peer_joined").await["remoteSocket"], bob.id);
    (ann, bob)
}
