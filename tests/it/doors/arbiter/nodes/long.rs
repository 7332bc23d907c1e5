//! The death of an SFU's node, whose records expire.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_of_an_sfus_node_is_announced_and_frees_its_room() {
    let mut nodes = Nodes::start_with_store(2, &[]).await;
    let _sfu = sfu(&nodes[0], "sfu-1").await;
    claimed(&nodes[1], "/a").await;
    let mut ann = client(&nodes[1], "ann", "sfu-1").await;
    nodes.kill(0).await;
    assert_eq!(ann.told().await, json!({"type": "sfuDisconnect"}));
    until("the room is forgotten", TIMEOUT, async || {
        (get_room(&nodes[1], "/a").await == not_found()).then_some(())
    })
    .await;
    let mut sfu = sfu(&nodes[1], "sfu-1").await;
    assert_eq!(ann.identify_client("ann", "sfu-1").await, ok());
    assert_eq!(ann.tell_sfu("producer", json!({})).await, ok());
    assert_eq!(sfu.told().await["sender"], "ann");
}
