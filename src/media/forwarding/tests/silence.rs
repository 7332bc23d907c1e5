//! Silence of watched endpoints.

use std::time::Duration;

use super::Network;
use crate::media::MediaEvent;

fn silences(network: &Network, client: usize) -> Vec<MediaEvent> {
    let mut told = network.clients[client].told();
    told.retain(|event| matches!(event, MediaEvent::Silent | MediaEvent::Heard));
    told
}

#[test]
fn silence_of_a_watched_endpoint_is_reported_and_so_is_its_end() {
    let mut network = Network::new();
    let ann = network.publisher("7");
    network.run_for(Duration::from_secs(2));
    let id = network.endpoint(ann);
    network.shard.watch(id, Some(Duration::from_millis(500)));
    network.run_for(Duration::from_secs(3));
    assert_eq!(silences(&network, ann), [], "it sends");
    network.clients[ann].is_away = true;
    network.run_for(Duration::from_secs(1));
    assert_eq!(silences(&network, ann), [MediaEvent::Silent]);
    network.run_for(Duration::from_secs(2));
    network.clients[ann].is_away = false;
    network.run_for(Duration::from_secs(1));
    assert_eq!(silences(&network, ann), [MediaEvent::Heard]);

    network.shard.watch(id, None);
    network.clients[ann].is_away = true;
    network.run_for(Duration::from_secs(5));
    assert_eq!(silences(&network, ann), [], "it is not watched any more");
    network.shard.watch(id, Some(Duration::from_secs(3)));
    network.run_for(Duration::from_secs(1));
    assert_eq!(silences(&network, ann), [MediaEvent::Silent], "it has been silent before");
}
