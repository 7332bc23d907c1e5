//! The call page as served: files, encodings, caching and security headers.

use std::{collections::HashSet, fs, path::Path};

use reqwest::{Method, Response};
use serde_json::Value;

use crate::support::server::TestServer;

async fn request(server: &TestServer, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = reqwest::Client::new().request(method, format!("http://{}{path}", server.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn get(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Response {
    request(server, Method::GET, path, headers).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The path of the page's script, from the page: `./assets/index-….js`.
async fn script(server: &TestServer) -> String {
    let page = get(server, "/", &[]).await.text().await.unwrap();
    let (_, from) = page.split_once("src=\"").expect("build the page with `make build-page`");
    from.split_once('"').unwrap().0.trim_start_matches('.').to_owned()
}

/// A built file of the page.
fn built(path: &str) -> Vec<u8> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("frontend/dist");
    fs::read(dist.join(path.trim_start_matches('/'))).unwrap()
}

#[tokio::test]
async fn page_paths_serve_the_page_and_others_are_not_found() {
    let server = TestServer::start().await;
    for path in ["/", "/room/7?name=Ann", "/index.html"] {
        let page = get(&server, path, &[("accept", "text/html")]).await;
        assert_eq!(page.status(), 200, "{path}; build the page with `make build-page`");
        assert_eq!(
            (header(&page, "content-type"), header(&page, "cache-control")),
            ("text/html", "no-cache")
        );
        assert!(page.text().await.unwrap().contains("/assets/"));
    }
    let twin = format!("{}.br", script(&server).await);
    for path in ["/api/v1/nothing", "/assets/nothing.js", "/../Cargo.toml", "/nothing.png", &twin] {
        let missing = server.get(path).await;
        assert_eq!(missing.status(), 404, "{path}");
        assert_eq!(missing.json::<Value>().await.unwrap()["success"], false);
    }
    assert_eq!(request(&server, Method::POST, "/", &[("accept", "text/html")]).await.status(), 404);
}

#[tokio::test]
async fn file_is_served_in_the_preferred_encoding() {
    let server = TestServer::start().await;
    let script = script(&server).await;
    let mut tags = HashSet::new();
    for (accepts, coding, suffix) in
        [("gzip, deflate, br", "br", ".br"), ("gzip, br;q=0.5", "gzip", ".gz"), ("zstd, identity", "", "")]
    {
        let accepts = [("accept-encoding", accepts)];
        let file = get(&server, &script, &accepts).await;
        assert_eq!((header(&file, "content-encoding"), header(&file, "vary")), (coding, "accept-encoding"));
        assert_eq!(header(&file, "content-type"), "text/javascript");
        assert_eq!(header(&file, "cache-control"), "public, max-age=31536000, immutable");
        let head = request(&server, Method::HEAD, &script, &accepts).await;
        for name in ["content-encoding", "content-length", "content-type", "etag"] {
            assert_eq!(header(&head, name), header(&file, name), "{name}");
        }
        assert!(head.bytes().await.unwrap().is_empty());
        tags.insert(header(&file, "etag").to_owned());
        let expected = built(&format!("{script}{suffix}"));
        assert_eq!(header(&file, "content-length"), expected.len().to_string());
        assert_eq!(file.bytes().await.unwrap(), expected);
    }
    assert_eq!(tags.len(), 3, "encodings have different tags");
}

#[tokio::test]
async fn cached_file_is_not_sent_again() {
    let server = TestServer::start().await;
    let (page, picture) = ("/", "/favicon.svg");
    let page_tag = header(&get(&server, page, &[]).await, "etag").to_owned();
    let tag = header(&get(&server, picture, &[]).await, "etag").to_owned();
    for (path, known, encoding, status) in [
        (page, page_tag.as_str(), "identity", 304),
        (page, "\"other\"", "identity", 200),
        (picture, tag.as_str(), "identity", 304),
        (picture, &format!("\"other\", W/{tag}"), "identity", 304),
        (picture, "\"other\"", "identity", 200),
        (picture, &tag, "br", 200),
    ] {
        let page = get(&server, path, &[("if-none-match", known), ("accept-encoding", encoding)]).await;
        assert_eq!(page.status(), status, "{path} {known} as {encoding}");
        assert_eq!((header(&page, "cache-control"), header(&page, "vary")), ("no-cache", "accept-encoding"));
        assert!(header(&page, "content-security-policy").contains("default-src 'self'"));
        assert_eq!(page.bytes().await.unwrap().is_empty(), status == 304);
    }
}

#[tokio::test]
async fn page_headers_allow_devices_and_forbid_foreign_scripts() {
    let server = TestServer::start().await;
    let page = get(&server, "/", &[]).await;
    let content = header(&page, "content-security-policy");
    assert!(
        content.contains("default-src 'self';") && content.ends_with("frame-ancestors 'self'"),
        "{content}"
    );
    assert!(content.contains("; connect-src 'self';"), "{content}");
    assert!(!content.contains("unsafe") && !content.contains("ws:"), "{content}");
    let permissions = header(&page, "permissions-policy");
    for part in ["camera=(self)", "microphone=(self)", "display-capture=(self)", "geolocation=()"] {
        assert!(permissions.contains(part), "{part} in {permissions}");
    }
}

#[tokio::test]
async fn an_invitation_is_answered_whatever_asks_for_it() {
    let server = TestServer::start().await;
    for accept in
        [None, Some("*/*"), Some("text/*"), Some("text/plain, *; q=.2"), Some("TEXT/HTML;q=0.1"), Some("")]
    {
        for path in ["/", "/?appointment_id=7", "/room/7?name=Ann", "/room/7/"] {
            let headers: Vec<_> = accept.iter().map(|accept| ("accept", *accept)).collect();
            let page = get(&server, path, &headers).await;
            let head = request(&server, Method::HEAD, path, &headers).await;
            assert_eq!((page.status().as_u16(), head.status().as_u16()), (200, 200), "{path} {accept:?}");
            for name in ["content-type", "content-length", "etag"] {
                assert_eq!(header(&head, name), header(&page, name), "{name}");
            }
            assert!(page.text().await.unwrap().contains("og:title") && head.text().await.unwrap().is_empty());
        }
    }
    for accept in ["application/json", "text/html;q=0, */*", "*/*;q=0"] {
        let refused = get(&server, "/room/7", &[("accept", accept)]).await;
        assert_eq!(refused.status(), 406, "{accept}");
    }
    for (accept, status) in
        [("*/*", 404), ("application/json, text/html;q=0.9", 404), ("text/html, */*;q=0.8", 200)]
    {
        let unknown = get(&server, "/nothing", &[("accept", accept)]).await;
        assert_eq!(unknown.status(), status, "{accept}");
    }
}

#[tokio::test]
async fn a_preview_shows_the_service_and_nothing_of_the_appointment() {
    let server = TestServer::start().await;
    let asked = "/room/secret-4711?name=Zoe";
    let https = [("host", "call.example"), ("x-forwarded-proto", "https")];
    let page = get(&server, asked, &https).await.text().await.unwrap();
    assert!(
        page.contains("<meta property=\"og:image\" content=\"https://call.example/preview.png\""),
        "{page}"
    );
    for part in ["4711", "Zoe", "og:url", "canonical"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    let own = get(&server, asked, &[]).await.text().await.unwrap();
    let (_, picture) = own.split_once("property=\"og:image\" content=\"").unwrap();
    let picture = reqwest::get(picture.split_once('"').unwrap().0).await.unwrap();
    assert_eq!((picture.status().as_u16(), header(&picture, "content-type")), (200, "image/png"));
    let picture = picture.bytes().await.unwrap();
    assert_eq!(
        (&picture[..8], &picture[16..24]),
        (&b"\x89PNG\r\n\x1a\n"[..], &b"\0\0\x04\xb0\0\0\x02\x76"[..])
    );
}

#[tokio::test]
async fn listed_origins_may_embed_the_page() {
    let listed = "https://clinic.example, https://school.example:8443/";
    let server = TestServer::start_env([("FRAME_ANCESTORS", listed)]).await;
    let page = get(&server, "/room/7", &[("accept", "text/html")]).await;
    let ancestors = "; frame-ancestors 'self' https://clinic.example https://school.example:8443";
    assert!(header(&page, "content-security-policy").ends_with(ancestors));
    assert!(!page.headers().contains_key("x-frame-options"));
    assert!(
        server.greeting().contains("frames   pages from https://clinic.example, https://school.example:8443")
    );
}
