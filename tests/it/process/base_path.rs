//! The server under a path prefix, behind proxies that strip it and behind proxies that do not.

use serde_json::json;

use crate::support::{browser::Browser, client::Client, server::TestServer};

async fn under(base: &'static str) -> (TestServer, Browser) {
    let server = TestServer::start_env([("BASE_PATH", base)]).await;
    let browser = Browser::new(&server.address);
    (server, browser)
}

#[tokio::test]
async fn every_path_answers_with_the_prefix_and_without_it() {
    let (_server, mut browser) = under("/visits").await;
    for path in [
        "/",
        "/room/7?name=Ann",
        "/preview.png",
        "/demos/direct",
        "/demos/demo.css",
        "/api/v1/signalling/health-status",
        "/api/v1/ice-servers/",
        "/socket.io",
        "/healthcheck",
        "/api/v1/user",
        "/getClientConfig",
        "/getRoomId?urlPath=7",
        "/production/getRoomId/?urlPath=7",
        "/ws",
        "/nothing",
    ] {
        let (stripped, whole) = (browser.get(path).await, browser.get(&format!("/visits{path}")).await);
        assert_eq!((stripped.status, &stripped.body), (whole.status, &whole.body), "{path}");
        assert_eq!(
            stripped.status == 404,
            path.contains("nothing") || path.contains("oomId") || path.contains("user"),
            "{path}"
        );
    }
    assert_eq!(browser.get("/visits").await.status, 200);
    assert_eq!(browser.get("/visitsx").await.status, 404);
    assert_eq!(browser.get("/visits/visits/").await.status, 404, "the prefix is stripped once");
}

#[tokio::test]
async fn the_page_tells_the_browser_its_prefix() {
    let (_server, mut browser) = under("visits/clinic/").await;
    for path in ["/", "/room/7", "/visits/clinic", "/visits/clinic/room/7", "/visits/clinic/demos/signals/"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("<base href=\"/visits/clinic/\""), "{path}");
        let links = page.body.split('"').filter(|text| text.starts_with('/'));
        assert!(links.clone().all(|link| link.starts_with("/visits/clinic/")), "{path} {links:?}");
    }
    let page = browser.get("/visits/clinic/").await.body;
    let (_, script) = page.split_once("src=\"./").unwrap();
    let script = script.split_once('"').unwrap().0;
    let script = browser.get(&format!("/visits/clinic/{script}")).await;
    assert_eq!((script.status, script.all("content-type")), (200, vec!["text/javascript"]));
}

#[tokio::test]
async fn cookies_and_redirects_have_the_prefix() {
    let (_server, mut browser) = under("/visits").await;
    for at in ["", "/visits"] {
        let taken =
            browser.post_json(&format!("{at}/v1/register"), json!({"username": "ann"}).to_string()).await;
        let cookies = taken.all("set-cookie");
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        for cookie in cookies {
            assert!(cookie.to_lowercase().contains("path=/visits"), "{cookie}");
            assert!(
                !cookie.to_lowercase().contains("path=/visits/"),
                "it covers the prefix itself: {cookie}"
            );
        }
        let calls = browser.get(&format!("{at}/call")).await;
        assert_eq!((calls.status, calls.all("location")), (301, vec!["/visits/call/"]));
        let mut navigating = browser.clone().sending("accept", "text/html");
        let page = navigating.get(&format!("{at}/room")).await;
        assert_eq!((page.status, page.all("location")), (303, vec!["/visits/"]));
    }
    browser.cookies.clear();
    let forgotten = browser.get("/visits/v1/user").await;
    assert!(forgotten.all("set-cookie").iter().all(|cookie| cookie.contains("Path=/visits")));
}

#[tokio::test]
async fn participants_meet_with_the_prefix_and_without_it() {
    let (server, mut browser) = under("/visits").await;
    let mut ann = Client::connect(&server.address, "/visits/socket.io/").await;
    let mut ben = Client::connect(&server.address, "/api/v1/signalling/socket/").await;
    let joined = ann.join("7", "Ann").await;
    ben.join("7", "Ben").await;
    assert_eq!(ann.next("peer_joined").await["opponent_name"], "Ben", "{joined}");
    for path in ["/visits/arbiter", "/visits/room/", "/visits/v1/connect", "/visits/ws"] {
        browser.open(path).await.unwrap_or_else(|answer| panic!("{path}: {answer:?}"));
    }
}

#[tokio::test]
async fn a_prefix_may_be_the_path_of_a_door() {
    let (_server, mut browser) = under("/room").await;
    for (path, title) in
        [("/room", "Switchboard"), ("/room/", "Switchboard"), ("/room/room/7", "Switchboard")]
    {
        let page = browser.clone().sending("accept", "text/html").get(path).await;
        assert!(page.status == 200 && page.body.contains(title), "{path}");
    }
    // The proxy has stripped the prefix of /room/room and of /room/room/7.
    browser.open("/room").await.unwrap();
    assert_eq!(browser.get("/room/7").await.status, 200);
    browser.open("/room/room").await.unwrap();

    let (_server, mut browser) = under("/call").await;
    for path in ["/call/call/7", "/call/7"] {
        assert!(browser.get(path).await.body.contains("\"call\":\"7\""), "{path}");
    }
}

#[test]
fn an_invalid_prefix_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for base in ["https://a.example/visits", "/a//b", "/a/../b", "/visits?x"] {
        let output = crate::support::server::command(folder.path()).env("BASE_PATH", base).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("BASE_PATH"), "{text}");
    }
}
