//! HTTP as clients and proxies speak it, the same at every door.

use reqwest::{Method, header::HeaderMap};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{browser::Browser, server::TestServer, wait::TIMEOUT};

/// Sends exact bytes. Returns the beginning of what the server answers first.
async fn exchange(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = async {
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            let count = stream.read_buf(&mut answer).await.unwrap();
            assert!(count > 0, "no answer to {request:?}");
        }
    };
    tokio::time::timeout(TIMEOUT, read).await.expect("an answer");
    String::from_utf8(answer).unwrap()
}

async fn status(address: &str, request: &str) -> String {
    exchange(address, request).await.split(' ').nth(1).unwrap().to_owned()
}

/// Requests with a body: method, path, type and a body that is accepted.
const WITH_BODY: [(&str, &str, &str, &str); 7] = [
    ("PUT", "/api/v1/signalling/save-chats/7", "application/json", "{\"chats\":[]}"),
    ("POST", "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAA", "text/plain", "40"),
    (
        "POST",
        "/api/v1/signalling/socket/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAAAA",
        "text/plain",
        "40",
    ),
    ("POST", "/v1/register", "application/json", "{\"username\":\"ann\"}"),
    ("POST", "/api/v1/register", "application/json", "{\"username\":\"ann\"}"),
    ("PATCH", "/claimRoom", "application/json", "{\"urlPath\":\"/7\"}"),
    (
        "POST",
        "/signal",
        "application/json",
        "{\"call\":\"7\",\"session\":\"x\",\"kind\":\"OFFER\",\"body\":{}}",
    ),
];

#[tokio::test]
async fn a_request_has_one_valid_host_or_is_of_http_1_0_without_any() {
    let server = TestServer::start().await;
    for (request, expected) in [
        ("GET / HTTP/1.1\r\nHost: a.example\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: a.example:8080\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n", "200"),
        ("GET / HTTP/1.1\r\nhost:\r\n", "200"),
        ("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n", "200"),
        ("GET / HTTP/1.0\r\n", "200"),
        ("GET / HTTP/1.0\r\nHost: a.example\r\n", "200"),
        ("GET / HTTP/1.1\r\n", "400"),
        ("GET http://a.example/ HTTP/1.1\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nhost: a.example\r\n", "400"),
        ("GET / HTTP/1.0\r\nHost: a.example\r\nHost: a.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a.example, b.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a.example/b\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: ann@a.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a.example:http\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: [::1]a.example\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: [a.example]:80\r\n", "400"),
        ("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n", "400"),
        ("GET /v1/user HTTP/1.1\r\n", "400"),
    ] {
        assert_eq!(status(&server.address, &format!("{request}\r\n")).await, expected, "{request}");
    }
    assert_eq!(status(&server.ops_address, "GET /healthz HTTP/1.1\r\n\r\n").await, "400");
    assert_eq!(status(&server.ops_address, "GET /healthz HTTP/1.0\r\n\r\n").await, "200");
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_sent() {
    let server = TestServer::start().await;
    for (method, path, media_type, body) in WITH_BODY {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: a.example\r\nContent-Type: {media_type}\r\n\
             Expect: 100-Continue\r\n"
        );
        let large = format!("{head}Content-Length: 50000000\r\n\r\n");
        assert_eq!(status(&server.address, &large).await, "413", "{path}");
        if !path.contains("sid=") {
            let small = format!("{head}Content-Length: {}\r\n\r\n", body.len());
            assert_eq!(status(&server.address, &small).await, "100", "{path}");
        }
    }
    let head = "Host: a.example\r\nExpect: 100-continue\r\nContent-Length: 50000000\r\n\r\n";
    for (request, expected) in [
        ("POST /nothing", "404"),
        ("POST /", "404"),
        ("POST /v1/user", "405"),
        ("GET /getRoomId?urlPath=7", "404"),
    ] {
        let request = format!("{request} HTTP/1.1\r\n{head}");
        assert_eq!(status(&server.address, &request).await, expected, "{request}");
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused_with_the_encoding_that_is_read() {
    let server = TestServer::start().await;
    let mut client = Browser::new(&server.address);
    for (method, path, media_type, body) in WITH_BODY {
        let mut headers =
            HeaderMap::from_iter([("content-type".parse().unwrap(), media_type.parse().unwrap())]);
        let plain = client.ask(method, path, headers.clone(), body).await;
        for coding in ["gzip", "GZIP", "br", "x-unknown", "identity, deflate"] {
            headers.insert("content-encoding", coding.parse().unwrap());
            // The client sees the response to the larger one only if the server reads its body.
            for body in [body.to_owned(), "x".repeat(30_000)] {
                let refused = client.ask(method, path, headers.clone(), body).await;
                assert_eq!(
                    (refused.status, refused.all("accept-encoding")),
                    (415, vec!["identity"]),
                    "{path} {coding}"
                );
            }
        }
        for coding in ["identity", "Identity", ""] {
            headers.insert("content-encoding", coding.parse().unwrap());
            assert_eq!(client.ask(method, path, headers.clone(), body).await.status, plain.status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let server = TestServer::start().await;
    let mut client = Browser::new(&server.address);
    let documented = [
        "GET /api/v1/signalling/health-status",
        "OPTIONS /api/v1/signalling/health-status",
        "PUT /api/v1/signalling/save-chats/7",
        "GET /api/v1/ice-servers",
        "POST /api/v1/ice-servers",
        "GET /healthcheck",
        "GET /api/healthcheck",
        "POST /v1/register",
        "POST /api/v1/register",
        "GET /v1/connect",
        "GET /v1/user",
        "GET /api/v1/user",
        "PUT /v1/user",
        "GET /v1/kick-active-users",
        "POST /v1/kick-active-users",
        "GET /room",
        "GET /getAllRooms",
        "GET /getUpdateSpeakerInterval",
        "GET /getThresholdSpeaker",
        "GET /getClientConfig",
        "GET /getRoomId",
        "PATCH /claimRoom",
        "DELETE /createRoom",
        "GET /production/getRoomId",
        "PATCH /production/claimRoom",
        "DELETE /production/createRoom",
        "GET /arbiter",
        "GET /production",
        "GET /call/a.b",
        "GET /ws",
        "POST /signal",
        "OPTIONS /signal",
        "GET /socket.io",
        "GET /api/v1/signalling/socket",
        "GET /demos/direct",
    ];
    for documented in documented {
        let (method, path) = documented.split_once(' ').unwrap();
        let plain = client.ask(method, path, HeaderMap::new(), "").await;
        let with_slash = client.ask(method, &format!("{path}/"), HeaderMap::new(), "").await;
        assert!(!plain.body.contains("There is nothing here"), "{documented}");
        let is_same = if path.starts_with("/call/") {
            // Each join has a session of its own.
            plain.status == 200 && with_slash.status == 200
        } else {
            (plain.status, &plain.body) == (with_slash.status, &with_slash.body)
        };
        assert!(is_same, "{documented}: {plain:?} {with_slash:?}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/getAllRooms", "/close?room=7", "/evict", "/debug"] {
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let (plain, with_slash) =
            (server.get_ops(path).await, server.get_ops(&format!("{name}/?{query}")).await);
        assert_eq!(plain.status(), with_slash.status(), "{path}");
    }
    assert_eq!(server.get_ops("/healthz/").await.status(), 200);
    assert_eq!(server.get("/healthcheck//").await.status(), 404, "one slash only");
    for path in [
        "/v1/connect/",
        "/ws/",
        "/arbiter/",
        "/production/",
        "/room/",
        "/socket.io/?EIO=4&transport=websocket",
    ] {
        client.open(path).await.unwrap_or_else(|answer| panic!("{path}: {answer:?}"));
    }
    let preflight = reqwest::Client::new()
        .request(Method::OPTIONS, format!("http://{}/api/v1/ice-servers/", server.address))
        .header("origin", format!("http://{}", server.address))
        .header("access-control-request-method", "GET");
    assert!(preflight.send().await.unwrap().headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_client_that_waits_gets_its_body_through() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = "PUT /api/v1/signalling/save-chats/7/ HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n\
                Content-Length: 12\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.starts_with(b"HTTP/1.1 100 Continue\r\n\r\n") {
        stream.read_buf(&mut answer).await.unwrap();
    }
    stream.write_all(b"{\"chats\":[]}").await.unwrap();
    tokio::time::timeout(TIMEOUT, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(String::from_utf8(answer).unwrap().contains("HTTP/1.1 200 OK"));
}
