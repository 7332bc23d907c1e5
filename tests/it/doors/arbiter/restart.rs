//! Crashes of the server: the next process forgets the SFUs of the former one, and has its pool again.

use serde_json::json;

use super::stage::{claim, claimed, client, first_client, get_room, not_found, sfu};
use crate::support::server::TestServer;

#[tokio::test]
async fn people_who_rejoin_after_a_crash_meet_in_a_living_room() {
    let server = TestServer::start().await;
    let (_ann, dead) = first_client(&server, "ann", "/a").await;
    let server = server.killed_and_restarted().await;
    assert_eq!(get_room(&server, "/a").await, not_found());
    let room = claimed(&server, "/a").await;
    assert_ne!(room, dead, "nothing was created since: the pool is there again");
    for id in ["ann", "bob", "cy"] {
        assert_eq!(claimed(&server, "/a").await, room);
        let mut client = client(&server, id, &room).await;
        assert_eq!(client.tell_sfu("producer", json!({})).await, json!({"statusCode": 200}));
    }
    assert_eq!(claim(&server, "/b").await, not_found(), "one room was created");
}

#[tokio::test]
async fn external_sfu_of_a_crashed_server_is_not_claimed_until_it_is_back() {
    let server = TestServer::start().await;
    let _sfu = sfu(&server, "sfu-1").await;
    claimed(&server, "/a").await;
    let server = server.killed_and_restarted().await;
    assert_eq!(get_room(&server, "/a").await, not_found());
    assert_eq!(claim(&server, "/a").await, not_found());
    let _sfu = sfu(&server, "sfu-1").await;
    assert_eq!(claimed(&server, "/b").await, "sfu-1");
}
