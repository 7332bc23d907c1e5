//! The server's own origin and other origins, behind proxies and without.

use std::collections::HashMap;

use nix::sys::signal::Signal;
use reqwest::{Method, Response};

use crate::support::server::TestServer;

const PATHS: [&str; 4] = [
    "/socket.io/?EIO=4&transport=polling",
    "/api/v1/ice-servers",
    "/api/v1/signalling/socket/?EIO=4&transport=polling",
    "/v1/connect",
];

async fn ask(server: &TestServer, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = reqwest::Client::new().request(method, format!("http://{}{path}", server.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_own_page_may_use_the_server_behind_a_proxy_that_states_where_it_is() {
    let server = TestServer::start().await;
    for (page, headers) in [
        // `proxy_set_header Host $http_host`, on any port
        ("https://a.example:8443", &[("host", "a.example:8443")][..]),
        ("http://a.example:8081", &[("host", "a.example:8081")]),
        ("https://a.example", &[("host", "a.example:443")]),
        ("http://a.example", &[("host", "a.example:80")]),
        ("https://a.example", &[("host", "a.example")]),
        ("https://a.example", &[("host", "A.Example")]),
        // `proxy_set_header Host $host`, with the port beside it
        ("https://a.example:8443", &[("host", "a.example"), ("x-forwarded-port", "8443")]),
        ("https://a.example:8443", &[("host", "inner"), ("x-forwarded-host", "a.example:8443")]),
        (
            "https://a.example",
            &[("host", "inner:8080"), ("x-forwarded-host", "a.example"), ("x-forwarded-proto", "https")],
        ),
        (
            "https://a.example",
            &[("host", "inner:8080"), ("forwarded", "for=192.0.2.1;proto=https;host=a.example")],
        ),
    ] {
        for path in PATHS {
            let page = [("origin", page)];
            let answer = ask(&server, Method::GET, path, &[headers, &page].concat()).await;
            assert_ne!(answer.status(), 403, "{path} {page:?} {headers:?}");
        }
    }
}

#[tokio::test]
async fn another_port_or_scheme_is_another_origin() {
    let server = TestServer::start().await;
    for (page, headers) in [
        // `proxy_set_header Host $host` says the default port.
        ("https://a.example:8443", &[("host", "a.example")][..]),
        ("http://a.example", &[("host", "a.example:443")]),
        ("http://a.example", &[("host", "a.example"), ("x-forwarded-proto", "https")]),
        ("https://a.example:8444", &[("host", "a.example"), ("x-forwarded-port", "8443")]),
        ("https://inner", &[("host", "inner"), ("x-forwarded-host", "a.example")]),
        ("https://b.a.example", &[("host", "a.example")]),
        ("null", &[("host", "a.example")]),
    ] {
        let answer = ask(&server, Method::GET, PATHS[0], &[headers, &[("origin", page)]].concat()).await;
        assert_eq!(answer.status(), 403, "{page} {headers:?}");
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(page), "the page can read why");
        assert_eq!(header(&answer, "access-control-allow-credentials"), None);
        assert!(answer.text().await.unwrap().contains("origin_not_allowed"));
    }
}

#[tokio::test]
async fn forwarded_addresses_count_from_trusted_proxies_only() {
    for (proxies, status) in [("127.0.0.0/8", 200), ("none", 403), ("192.0.2.1", 403)] {
        let server = TestServer::start_env([("TRUSTED_PROXIES", proxies)]).await;
        for stated in [
            &[("x-forwarded-host", "a.example")][..],
            &[("x-forwarded-host", "a.example:443"), ("x-forwarded-proto", "https")],
            &[("forwarded", "host=a.example;proto=https")],
        ] {
            let headers = [stated, &[("origin", "https://a.example")]].concat();
            let answer = ask(&server, Method::GET, PATHS[0], &headers).await;
            assert_eq!(answer.status(), status, "{proxies} {stated:?}");
        }
    }
}

#[tokio::test]
async fn the_first_refused_origin_and_the_first_untrusted_proxy_are_logged() {
    let server = TestServer::start_env([("TRUSTED_PROXIES", "none"), ("LOG_FORMAT", "json")]).await;
    for page in ["https://a.example:8443", "https://b.example"] {
        let headers = [("host", "a.example"), ("origin", page), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(ask(&server, Method::GET, PATHS[0], &headers).await.status(), 403);
    }
    for _ in 0..2 {
        assert_eq!(
            ask(&server, Method::GET, PATHS[1], &[("x-forwarded-for", "192.0.2.1")]).await.status(),
            200
        );
    }
    server.signal(Signal::SIGTERM);
    let (_, log) = server.ended().await;
    let lines = |text| log.lines().filter(|line| line.contains(text)).collect::<Vec<_>>();
    let [refusal] = lines("a page of another origin was refused")[..] else { panic!("{log}") };
    for part in ["a.example:8443", "host", "CORS_ORIGINS"] {
        assert!(refusal.contains(part), "{part} in {refusal}");
    }
    assert_eq!(lines("TRUSTED_PROXIES").len(), 1, "{log}");
    assert!(!log.contains("192.0.2.1"), "{log}");
}

#[tokio::test]
async fn listed_origins_get_credentials_and_others_do_not() {
    let listed = "https://clinic.example, HTTPS://School.Example:443, https://*.spa.example, *";
    let server = TestServer::start_env([("CORS_ORIGINS", listed)]).await;
    let own = format!("http://{}", server.address);
    let expected = HashMap::from([
        ("https://clinic.example", true),
        ("https://school.example", true),
        ("https://a.spa.example", true),
        (own.as_str(), true),
        ("https://spa.example", false),
        ("https://clinic.example:8443", false),
        ("http://clinic.example", false),
        ("https://evil.example", false),
        ("null", false),
    ]);
    for (page, has_credentials) in expected {
        let preflight = [("origin", page), ("access-control-request-method", "PUT")];
        let save = "/api/v1/signalling/save-chats/7";
        for (method, path, headers) in [
            (Method::GET, PATHS[0], &preflight[..1]),
            (Method::GET, PATHS[1], &preflight[..1]),
            (Method::GET, "/healthcheck", &preflight[..1]),
            (Method::GET, "/getClientConfig", &preflight[..1]),
            (Method::OPTIONS, save, &preflight),
        ] {
            let answer = ask(&server, method, path, headers).await;
            let credentials = has_credentials.then_some("true");
            assert_eq!(answer.status(), 200, "{page} at {path}");
            assert_eq!(header(&answer, "access-control-allow-credentials"), credentials, "{page} at {path}");
            assert_eq!(header(&answer, "access-control-allow-origin"), Some(page), "{path}");
            let vary: Vec<_> = answer.headers().get_all("vary").iter().collect();
            assert!(
                vary.iter().any(|vary| vary.to_str().unwrap().to_lowercase().contains("origin")),
                "{vary:?}"
            );
        }
    }
}
