//! Kick: closes all connections, for administrators only.

use reqwest::header::HeaderMap;

use super::user::{connect, connected, open};
use crate::support::{
    browser::{Answer, Browser},
    client::DEADLINE,
    server::TestServer,
    wait::until,
};

const TOKEN: &str = "sixteen letters!";

async fn kick(server: &TestServer, headers: &[(&'static str, &str)]) -> Answer {
    let browser = Browser::new(&server.address);
    let mut browser = headers.iter().fold(browser, |browser, (name, value)| browser.sending(name, value));
    browser.get("/v1/kick-active-users").await
}

#[tokio::test]
async fn kick_closes_every_connection_and_lets_users_return() {
    let server = TestServer::start_env([("DIRECT_LEASE", "1h")]).await;
    let (mut ann, mut bob) = (connected(&server, "ann").await, connected(&server, "bob").await);
    let away = connected(&server, "cy").await;
    away.socket.vanish().await;
    until("the loss is noticed", DEADLINE, || async {
        (server.metric("switchboard_participants_connected").await == Some(2.0)).then_some(())
    })
    .await;
    for method in ["GET", "POST"] {
        let kicked =
            Browser::new(&server.address).ask(method, "/v1/kick-active-users", HeaderMap::new(), "").await;
        assert_eq!((kicked.status, kicked.body.as_str()), (200, "OK"), "{method}");
        assert_eq!(ann.ended().await, (4002, "KICKED".into()));
        assert_eq!(bob.ended().await, (4002, "KICKED".into()));
        assert_eq!(server.metric("switchboard_participants").await, Some(0.0), "those who are away, too");
        (ann, bob) = (connect(ann.browser).await, connect(bob.browser).await);
        ann.say("bob", 1).await;
        assert_eq!(bob.hear().await.1, 1);
    }
    let (mut ann, mut late) = (ann, open(away.browser).await);
    late.wait_until_seated().await;
    assert!(ann.reaches("cy").await);
}

#[tokio::test]
async fn kick_without_the_token_is_refused() {
    let server = TestServer::start_env([("ADMIN_TOKEN", TOKEN)]).await;
    let mut ann = connected(&server, "ann").await;
    let bearer = format!("Bearer {TOKEN}");
    let refused: &[&[(&str, &str)]] = &[
        &[("x-forwarded-for", "192.0.2.7")],
        &[("x-forwarded-for", "127.0.0.1")],
        &[("x-real-ip", "127.0.0.1")],
        &[("host", "call.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "cross-site"), ("authorization", &bearer)],
        &[("sec-purpose", "prefetch")],
        &[("x-forwarded-for", "192.0.2.7"), ("authorization", "Bearer sixteen letters?")],
        &[("x-forwarded-for", "192.0.2.7"), ("authorization", "Bearer ")],
        &[("x-forwarded-for", "192.0.2.7"), ("authorization", "Basic sixteen letters!")],
    ];
    for headers in refused {
        let answer = kick(&server, headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, "Forbidden"), "{headers:?}");
    }
    let mut looking = Browser::new(&server.address);
    assert_eq!(looking.ask("HEAD", "/v1/kick-active-users", HeaderMap::new(), "").await.status, 405);
    ann.wait_until_seated().await;

    let allowed = kick(&server, &[("x-forwarded-for", "192.0.2.7"), ("authorization", &bearer)]).await;
    assert_eq!(allowed.status, 200);
    assert_eq!(ann.ended().await.0, 4002);
}

#[tokio::test]
async fn open_kick_still_refuses_other_origins() {
    let server = TestServer::start_env([("DIRECT_OPEN_KICK", "true")]).await;
    assert_eq!(kick(&server, &[("x-forwarded-for", "192.0.2.7")]).await.status, 200);
    assert_eq!(kick(&server, &[("sec-fetch-site", "cross-site")]).await.status, 403);
}
