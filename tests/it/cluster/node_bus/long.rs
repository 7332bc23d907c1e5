//! Ten thousand messages while Redis and the network fail again and again.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_messages_each_way_arrive_once_and_in_order_despite_faults() {
    let mut pair = Pair::meet().await;
    for round in 0..8 {
        let before = pair.last;
        pair.tell(600).await;
        pair.have_heard(before + 1).await;
        pair.break_something(round).await;
        pair.tell(650).await;
        pair.mend(round).await;
    }
    assert_eq!(pair.last, 10_000);
    pair.have_heard(pair.last).await;
    for node in &pair.nodes {
        assert_eq!(node.recorder.messages(), ((1..=pair.last).collect(), false));
    }
}
