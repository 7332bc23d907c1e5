//! Outages of Redis of every kind and length.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_of_a_cut_off_node_arrive_when_it_is_connected_again() {
    for failure in [Cut, Silent, Mute, Deaf] {
        let nodes = Nodes::start_env(2, &LONG_LEASE).await;
        let (mut ann, mut bob) = pair(&nodes).await;
        nodes.network(1).set(failure);
        nodes.readiness(1, false).await;
        signal_each_other(&mut ann, &mut bob, 0..50).await;
        nodes.network(1).set(Works);
        hear_each_other(&mut ann, &mut bob, 0..50).await;
        nodes.ready(1).await;
        signal_each_other(&mut ann, &mut bob, 50..60).await;
        hear_each_other(&mut ann, &mut bob, 50..60).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_outage_of_redis_affects_no_connected_participant() {
    sit_through_all([15, 25, 45, 90]).await;
}
