//! Rooms over HTTP: found, claimed and released.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::stage::{claim, claimed, client, connect, get_room, not_found, send, sfu};
use crate::support::{
    server::TestServer,
    wait::{TIMEOUT, until},
};

/// Waits until `path` has no room.
async fn released(server: &TestServer, path: &str) {
    let free = async || (get_room(server, path).await == not_found()).then_some(());
    until("the path is free", TIMEOUT, free).await;
}

#[tokio::test]
async fn answer_has_the_fields_of_the_document_and_of_the_original() {
    let server = TestServer::start().await;
    let _sfu = sfu(&server, "sfu-1").await;
    assert_eq!(get_room(&server, "myRoom").await, not_found());
    let (status, answer) = claim(&server, "/myRoom").await;
    assert_eq!((status, &answer["roomId"], &answer["id"]), (200, &json!("sfu-1"), &json!("sfu-1")));
    assert_eq!((&answer["urlPath"], &answer["connectionStatus"]), (&json!("myRoom"), &json!("CLAIMED")));
    for path in ["myRoom", "/myRoom", "%2FmyRoom"] {
        assert_eq!(get_room(&server, path).await, (200, answer.clone()), "{path}");
        assert_eq!(get_room(&server, &format!("{path}/b")).await, not_found());
    }
    let response = server.get("/production/getRoomId?urlPath=/myRoom").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("no-store"));
    assert_eq!(response.json::<Value>().await.unwrap(), answer);
}

#[tokio::test]
async fn one_of_a_hundred_claims_gets_the_last_room() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "0")]).await;
    let _sfu = sfu(&server, "sfu-1").await;
    let paths: Vec<_> = (0..100).map(|number| format!("/path/{number}")).collect();
    let answers = join_all(paths.iter().map(|path| claim(&server, path))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 200);
    assert_eq!((won.len(), lost.len()), (1, 99));
    assert!(lost.iter().all(|answer| *answer == not_found()));
    let path = won[0].1["urlPath"].as_str().unwrap();
    assert_eq!(get_room(&server, path).await, won[0]);
}

#[tokio::test]
async fn a_hundred_claims_of_one_path_get_the_same_room() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "0")]).await;
    let (_sfu_1, _sfu_2) = (sfu(&server, "sfu-1").await, sfu(&server, "sfu-2").await);
    let answers = join_all((0..100).map(|_| claim(&server, "/a"))).await;
    assert!(answers.iter().all(|answer| answer.0 == 200 && *answer == answers[0]));
    assert_ne!(claimed(&server, "/b").await, answers[0].1["roomId"]);
    assert_eq!(claim(&server, "/c").await, not_found());
}

#[tokio::test]
async fn room_is_free_after_the_last_client_left() {
    let server = TestServer::start_env([("ARBITER_RELEASE_GRACE", "500ms")]).await;
    let _sfu = sfu(&server, "sfu-1").await;
    let room = claimed(&server, "/a").await;
    let (ann, bob) = (client(&server, "ann", &room).await, client(&server, "bob", &room).await);
    ann.leave().await;
    assert_eq!(claim(&server, "/b").await, not_found(), "Bob is still there");
    bob.leave().await;
    released(&server, "/a").await;
    assert_eq!(claimed(&server, "/b").await, room);
}

#[tokio::test]
async fn reload_of_the_only_client_keeps_the_room() {
    let server = TestServer::start_env([("ARBITER_RELEASE_GRACE", "1h")]).await;
    let _sfu = sfu(&server, "sfu-1").await;
    let room = claimed(&server, "/a").await;
    client(&server, "ann", &room).await.leave().await;
    assert_eq!(claim(&server, "/b").await, not_found());
    assert_eq!(claimed(&server, "/a").await, room);
    client(&server, "ann", &room).await;
}

#[tokio::test]
async fn unused_claim_expires() {
    let server = TestServer::start_env([("ARBITER_CLAIM_TIMEOUT", "500ms")]).await;
    let _sfu = sfu(&server, "sfu-1").await;
    let room = claimed(&server, "/a").await;
    released(&server, "/a").await;
    assert_eq!(claimed(&server, "/b").await, room);
    let _ann = client(&server, "ann", &room).await;
    // The later, unused claim has expired; the earlier one would have too.
    let _sfu = sfu(&server, "sfu-2").await;
    claimed(&server, "/c").await;
    released(&server, "/c").await;
    assert_eq!(get_room(&server, "/b").await.0, 200, "a client is in the room");
}

#[tokio::test]
async fn room_joined_without_a_claim_is_not_handed_out() {
    let server = TestServer::start_env([("ARBITER_RELEASE_GRACE", "300ms")]).await;
    let _sfu = sfu(&server, "sfu-1").await;
    let ann = client(&server, "ann", "sfu-1").await;
    assert_eq!(claim(&server, "/a").await, not_found());
    ann.leave().await;
    until("the room is free", TIMEOUT, async || (claim(&server, "/a").await.0 == 200).then_some(())).await;
}

#[tokio::test]
async fn death_of_an_sfu_frees_its_path_at_once() {
    let server = TestServer::start().await;
    let first = sfu(&server, "sfu-1").await;
    let room = claimed(&server, "/a").await;
    let _ann = client(&server, "ann", &room).await;
    let _second = sfu(&server, "sfu-2").await;
    first.leave().await;
    released(&server, "/a").await;
    assert_eq!(claimed(&server, "/a").await, "sfu-2");
    assert_eq!(claim(&server, "/b").await, not_found(), "the dead one is not handed out");
}

#[tokio::test]
async fn refused_sfu_is_not_handed_out() {
    let server = TestServer::start_env([("ARBITER_SFU_SECRET", "only SFUs know it")]).await;
    connect(&server).await.identify_sfu("sfu-1").await;
    assert_eq!(claim(&server, "/a").await, not_found());
}

#[tokio::test]
async fn bad_requests_get_the_documented_errors() {
    let server = TestServer::start().await;
    let _sfu = sfu(&server, "sfu-1").await;
    let missing = (400, json!({"message": "missing urlPath"}));
    for query in ["", "?", "?urlPath", "?urlPath=", "?urlpath=a", "?other=1"] {
        for stage in ["", "/production"] {
            let response = server.get(&format!("{stage}/getRoomId{query}")).await;
            let answer = (response.status().as_u16(), response.json::<Value>().await.unwrap());
            assert_eq!(answer, missing, "{query}");
        }
    }
    let bodies =
        ["", "{", "null", "[\"/a\"]", "{}", r#"{"urlPath":null}"#, r#"{"urlPath":7}"#, r#"{"urlPath":""}"#];
    for body in bodies.map(str::as_bytes).iter().copied().chain([&[0xff, 0xfe][..]]) {
        assert_eq!(send(&server, "PATCH", "/claimRoom", body.to_vec()).await, missing);
    }
    for path in ["x".repeat(1_025), "a\u{0}b".to_owned(), "%ff".to_owned()] {
        assert_eq!(claim(&server, &path).await.0, 400, "{path:.20}");
    }
    assert_eq!(send(&server, "PATCH", "/claimRoom", "x".repeat(20_000)).await.0, 413);
    for (method, path) in
        [("GET", "/claimRoom"), ("POST", "/getRoomId"), ("GET", "/production/x"), ("DELETE", "/createRoom")]
    {
        let unknown = (404, json!({"message": "Not Found"}));
        assert_eq!(send(&server, method, path, "").await, unknown, "{method} {path}");
    }
    assert_eq!(claim(&server, "/").await.1["urlPath"], "/", "the root is a path like any other");
}

#[tokio::test]
async fn cors_allows_every_origin() {
    let server = TestServer::start().await;
    for path in ["/getRoomId", "/production/claimRoom", "/createRoom"] {
        let request = reqwest::Client::new()
            .request(reqwest::Method::OPTIONS, format!("http://{}{path}", server.address))
            .header("origin", "https://page.example")
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "content-type");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("access-control-allow-origin"), "*");
        assert_eq!(header("access-control-allow-methods"), "GET,POST,PUT,DELETE,HEAD,OPTIONS,PATCH");
        assert_eq!(header("access-control-allow-headers"), "*");
        assert_eq!(header("access-control-max-age"), "86400");
    }
    let response = server.get("/getRoomId").await;
    assert_eq!(response.headers()["access-control-allow-origin"], "*", "errors can be read as well");
}

#[tokio::test]
async fn rate_limited_client_gets_retry_after() {
    let server = TestServer::start_env([("EVENTS_PER_ADDRESS", "1")]).await;
    let mut last = server.get("/getRoomId?urlPath=a").await;
    for _ in 0..50 {
        if last.status() == 429 {
            break;
        }
        last = server.get("/getRoomId?urlPath=a").await;
    }
    assert_eq!(last.status(), 429);
    assert!(last.headers().contains_key("retry-after"));
    assert_eq!(last.json::<Value>().await.unwrap(), json!({"message": "Too Many Requests"}));
    let mut peer = connect(&server).await;
    assert_eq!(peer.ask(&json!({})).await, json!({"statusCode": 429, "message": "Too Many Requests"}));
}
