//! Names: their holder, the proof of it, and their lifetime.

use reqwest::header::HeaderMap;
use serde_json::json;

use super::user::{connect, connected, open, outcome, register, registered};
use crate::support::{browser::Browser, client::DEADLINE, server::TestServer, wait::until};

#[tokio::test]
async fn name_belongs_to_the_holder_of_its_session() {
    let server = TestServer::start().await;
    let mut ann = registered(&server, "ann").await;
    let (name, session) = (&ann.cookies["user_username"], &ann.cookies["user_session"]);
    assert_eq!((name.as_str(), session.len()), ("ann", 43));

    let mut eve = Browser::new(&server.address);
    let taken = register(&mut eve, "ann").await;
    assert_eq!(outcome(&taken), (200, "TAKEN".into()));
    assert!(taken.all("set-cookie").is_empty());

    let before = ann.cookies.clone();
    assert_eq!(outcome(&register(&mut ann, " ann ").await), (200, "SUCCESS".into()));
    assert_eq!(ann.cookies, before, "the same session");
}

#[tokio::test]
async fn name_without_a_session_gives_no_access() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    let mut eve = registered(&server, "eve").await;
    eve.cookies.insert("user_username".into(), "ann".into());
    assert_eq!(eve.get("/v1/user").await.status, 200, "as documented");
    for session in [eve.cookies["user_session"].clone(), String::new(), "x".repeat(43)] {
        eve.cookies.insert("user_session".into(), session);
        assert_eq!(open(eve.clone()).await.ended().await, (4000, "UNAUTHENTICATED".into()));
    }
    eve.cookies.remove("user_session");
    assert_eq!(open(eve).await.ended().await, (4000, "UNAUTHENTICATED".into()));
    ann.wait_until_seated().await;
}

#[tokio::test]
async fn session_cookie_is_http_only_and_secure_over_https() {
    let server = TestServer::start().await;
    let secret_of = |answer: &crate::support::browser::Answer| {
        let cookies = answer.all("set-cookie");
        assert_eq!(cookies[0].split(';').skip(1).collect::<Vec<_>>(), [" path=/"], "as the original's");
        cookies[1].to_owned()
    };
    let plain = secret_of(&register(&mut Browser::new(&server.address), "ann").await);
    assert!(plain.starts_with("user_session=") && plain.contains("; HttpOnly; SameSite=Lax"), "{plain}");
    assert!(plain.contains("; Max-Age=2592000") && !plain.contains("Secure"), "{plain}");
    let mut encrypted = Browser::new(&server.address).sending("x-forwarded-proto", "https");
    assert!(secret_of(&register(&mut encrypted, "bob").await).contains("; Secure;"));
}

#[tokio::test]
async fn browser_has_one_name_at_a_time() {
    let server = TestServer::start().await;
    let mut ann = registered(&server, "ann").await;
    assert_eq!(outcome(&register(&mut ann, "anna").await).1, "SUCCESS");
    assert_eq!(ann.get("/v1/user").await.status, 200);
    let mut bob = Browser::new(&server.address);
    assert_eq!(outcome(&register(&mut bob, "anna").await).1, "TAKEN");
    assert_eq!(outcome(&register(&mut bob, "ann").await).1, "SUCCESS", "free again");
}

#[tokio::test]
async fn connected_user_stays_when_the_name_is_registered_again() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    let mut other_tab = ann.browser.clone();
    assert_eq!(outcome(&register(&mut other_tab, "anna").await).1, "SUCCESS");
    let heir = registered(&server, "ann").await;
    assert_eq!(open(heir.clone()).await.ended().await, (4000, "ALREADY_EXISTS".into()));
    ann.wait_until_seated().await;
    ann.socket.close(1000).await;
    connect(heir).await;
}

#[tokio::test]
async fn names_in_every_script_survive_the_cookie() {
    let server = TestServer::start().await;
    let mut ann = connected(&server, "ann").await;
    for name in ["Zoë", "נועה", "Dr. Müller (100%)", "👩\u{200d}⚕\u{fe0f}", "a/b=c&d"] {
        let mut user = connected(&server, name).await;
        assert!(user.browser.cookies["user_username"].is_ascii());
        assert_eq!(user.browser.get("/v1/user").await.status, 200);
        ann.say(name, "hello").await;
        let message = user.next().await;
        assert_eq!((&message["originator"], &message["target"]), (&json!("ann"), &json!(name)));
    }
    let mut zoe = registered(&server, "Zoe\u{308}2").await;
    zoe.cookies.insert("user_username".into(), "Zoë2".into());
    connect(zoe).await.say("Zo\u{eb}2", 1).await;
}

#[tokio::test]
async fn unused_name_becomes_free() {
    let server = TestServer::start_env([("DIRECT_NAME_LIFETIME", "1s")]).await;
    let ann = registered(&server, "ann").await;
    let freed = until("the name is free", DEADLINE, || async {
        let answer = register(&mut Browser::new(&server.address), "ann").await;
        (outcome(&answer).1 == "SUCCESS").then_some(())
    });
    freed.await;
    assert_eq!(open(ann).await.ended().await, (4000, "UNAUTHENTICATED".into()));
}

#[tokio::test]
async fn names_per_address_are_limited() {
    let server = TestServer::start_env([("DIRECT_NAMES_PER_ADDRESS", "3")]).await;
    let mut ann = registered(&server, "ann").await;
    for name in ["bob", "cy"] {
        registered(&server, name).await;
    }
    let refused = register(&mut Browser::new(&server.address), "dan").await;
    assert_eq!(outcome(&refused), (429, "TOO_MANY_REQUESTS".into()));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(outcome(&register(&mut Browser::new(&server.address), "ann").await).1, "TAKEN");
    assert_eq!(outcome(&register(&mut ann, "ann").await).1, "SUCCESS", "one's own costs nothing");
    let mut elsewhere = Browser::new(&server.address).sending("x-forwarded-for", "192.0.2.7");
    assert_eq!(outcome(&register(&mut elsewhere, "dan").await).1, "SUCCESS");
}

#[tokio::test]
async fn connection_attempts_per_address_are_limited() {
    let server = TestServer::start_env([("NEW_SESSIONS_PER_ADDRESS", "5")]).await;
    let mut ann = registered(&server, "ann").await;
    let mut refused = None;
    for _ in 0..20 {
        refused = refused.or(ann.open("/v1/connect").await.err());
    }
    let refused = refused.expect("at some point it is enough");
    assert_eq!(refused.status, 429);
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn other_origins_cannot_act_for_a_user() {
    let server = TestServer::start_env([("CORS_ORIGINS", "https://clinic.example")]).await;
    let own = format!("http://{}", server.address);
    let origins = ["https://evil.example", "null", "https://clinic.example", &own];
    for (number, origin) in origins.into_iter().enumerate() {
        let allowed = number >= 2;
        let mut visitor = registered(&server, &format!("visitor-{number}")).await.sending("origin", origin);
        let opened = visitor.open("/v1/connect").await;
        assert_eq!(opened.err().map(|answer| answer.status), (!allowed).then_some(403), "{origin}");
        let registered = register(&mut visitor, &format!("new-{number}")).await;
        assert_eq!(registered.status == 200, allowed, "{origin}");
        assert_eq!(registered.headers.contains_key("access-control-allow-credentials"), allowed);
        let kicked = visitor.ask("POST", "/v1/kick-active-users", HeaderMap::new(), "").await;
        assert_eq!(kicked.status == 200, allowed, "{origin}");
    }
}

#[tokio::test]
async fn name_and_session_survive_a_restart() {
    let server = TestServer::start().await;
    let ann = connected(&server, "ann").await;
    let server = server.killed_and_restarted().await;
    assert_eq!(outcome(&register(&mut Browser::new(&server.address), "ann").await).1, "TAKEN");
    connect(ann.browser).await;
}
