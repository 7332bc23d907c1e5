//! Offers that the built-in SFU repeats after a delay.

use super::*;

#[tokio::test]
async fn changed_tracks_are_offered_again_after_a_delay() {
    let stage = Stage::open(&[]).await;
    let (_, [mut ann, mut bob]) = stage.pair().await;
    ann.describe("producer", None, "offer", &sound_alone(1)).await;
    ann.told().await;
    assert_eq!(bob.told().await["remotePeerId"], "ann");
    stage.until_endpoints(&[1, 2, 3, 5]).await;
}
