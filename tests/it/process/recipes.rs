//! The commands of docs/migration.md, each of which takes the place of an original server.

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::support::{
    client::Client,
    daemon::free_port,
    redis::Redis,
    server::{Options, TestServer, command},
};

/// The settings of the recipes under a heading, in order.
fn recipes(heading: &str) -> Vec<Vec<(&'static str, &'static str)>> {
    let document = include_str!("../../../docs/migration.md");
    let (_, section) = document.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let commands = section.lines().filter_map(|line| line.strip_suffix(" switchboard"));
    commands.map(|line| line.split(' ').map(|word| word.split_once('=').unwrap()).collect()).collect()
}

/// Starts the first recipe under a heading, at free ports instead of those that it names.
async fn start(heading: &str) -> TestServer {
    start_with(&recipes(heading)[0], &[]).await
}

async fn start_with(recipe: &[(&'static str, &str)], replaced: &[(&str, String)]) -> TestServer {
    let env = recipe.iter().map(|(name, value)| {
        let other = replaced.iter().find(|(replaced, _)| replaced == name).map(|(_, value)| value.clone());
        let value = other.unwrap_or_else(|| match *name {
            "LISTEN" | "SIGNALS_ADDR" | "SIGNALS_HEALTHZ_ADDR" => {
                format!("{}:{}", value.rsplit_once(':').unwrap().0, free_port())
            }
            _ => (*value).to_owned(),
        });
        (*name, value)
    });
    TestServer::start_with(Options { env: env.collect(), ..Options::default() }).await
}

async fn request(method: Method, url: String, body: &Value) -> reqwest::Response {
    let request = reqwest::Client::new().request(method, url).header("content-type", "application/json");
    request.body(body.to_string()).send().await.unwrap()
}

#[tokio::test]
async fn the_mesh_recipe_serves_the_original_page() {
    let server = start("Replace the mesh original").await;
    let path = "/api/v1/signalling/socket/";
    let mut ann = Client::connect(&server.address, path).await;
    let mut bob = Client::connect(&server.address, path).await;
    ann.emit("join_room", json!({"appointment_id": "7", "name": "Ann"})).await;
    assert_eq!(ann.next("joined_successfully").await["remoteSocket"], Value::Null);
    bob.emit("join_room", json!({"appointment_id": "7", "name": "Bob"})).await;
    let joined = bob.next("joined_successfully").await;
    let candidate = json!({"candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0});
    bob.emit("ice_candidate", json!({"remoteSocketId": joined["remoteSocket"], "candidate": candidate}))
        .await;
    assert_eq!(ann.next("ice_candidate").await, candidate, "bare, as the page takes it");
    let url = format!("http://{}/api/v1/signalling/save-chats/7", server.address);
    let preflight = reqwest::Client::new()
        .request(Method::OPTIONS, &url)
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "PUT");
    let answer = preflight.send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost:5173");
    for chats in [json!(["one"]), json!(["two"])] {
        assert_eq!(
            request(Method::PUT, url.clone(), &json!({"chats": chats})).await.status(),
            StatusCode::OK
        );
    }
    let mut cy = Client::connect(&server.address, path).await;
    assert_eq!(cy.refused("join_room", json!({"appointment_id": "7", "name": "Cy"})).await, "room_full");
}

async fn serves_the_signals_original(server: &TestServer, operators: &str) {
    let joined = server.get("/call/c1").await;
    assert_eq!(joined.headers()["access-control-allow-origin"], "http://localhost:8181");
    let joined: Value = joined.json().await.unwrap();
    assert_eq!((&joined["kind"], &joined["call"]), (&json!("JOIN"), &json!("c1")));
    let (mut socket, _) = connect_async(format!("ws://{}/ws", server.address)).await.unwrap();
    socket.send(Message::text(joined.to_string())).await.unwrap();
    let welcome = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert_eq!(serde_json::from_str::<Value>(&welcome).unwrap(), json!({"kind": "WELCOME", "call": "c1"}));
    let healthy = reqwest::get(format!("http://{operators}/healthz")).await.unwrap();
    assert_eq!(healthy.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_signals_recipe_serves_the_original_page() {
    let operators = format!("127.0.0.1:{}", free_port());
    let port = operators.rsplit(':').next().unwrap();
    let recipe = recipes("Replace the signals original")[0].clone();
    let server = start_with(&recipe, &[("SIGNALS_HEALTHZ_ADDR", format!(":{port}"))]).await;
    serves_the_signals_original(&server, &operators).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_signals_recipe_shares_the_redis_of_the_original() {
    let redis = Redis::start().await;
    let recipe = recipes("Replace the signals original")[1].clone();
    let secret = || ("SESSION_SECRET", "shared by all nodes".to_owned());
    let server = start_with(&recipe, &[("SIGNALS_REDIS_ADDR", redis.address()), secret()]).await;
    assert!(server.greeting().contains("seats in Redis"), "{}", server.greeting());
    server.readiness(true).await;
    serves_the_signals_original(&server, &server.ops_address).await;

    let starts = [("SIGNALS_REDIS_ADDR", redis.address()), ("REDIS_URL", redis.address())];
    for (name, value) in starts {
        let folder = tempfile::tempdir().unwrap();
        let output = command(folder.path()).env(name, value).env("LISTEN", "127.0.0.1:0").output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains("SESSION_SECRET is not set"), "{name}: {text}");
    }
    for flag in ["--redis-addr", "--signals-redis-addr"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = command(folder.path());
        let output = command.args([flag, &redis.address(), "--listen", "127.0.0.1:0"]).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains("SESSION_SECRET is not set"), "{flag}: {text}");
    }
}

#[tokio::test]
async fn the_direct_recipe_serves_the_original_page() {
    let server = start("Replace the direct original").await;
    let (url, ann) = (format!("http://{}/v1/register", server.address), json!({"username": "ann"}));
    let register = async || request(Method::POST, url.clone(), &ann).await;
    let first = register().await;
    let cookies: Vec<_> =
        first.headers().get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("user_username=ann")), "{cookies:?}");
    assert_eq!(first.json::<Value>().await.unwrap()["status"], "SUCCESS");
    assert_eq!(register().await.json::<Value>().await.unwrap()["status"], "TAKEN");
    assert_eq!(server.get("/v1/user").await.status(), StatusCode::UNAUTHORIZED, "the page waits for it");
    assert_eq!(server.get("/v1/kick-active-users").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_arbiter_recipe_serves_the_original_client() {
    let server = start("Replace the arbiter original").await;
    let url = |path: &str| format!("http://{}/production/{path}", server.address);
    let missing = server.get("/production/getRoomId?urlPath=testTy3").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.json::<Value>().await.unwrap()["message"], "Room not found");
    if cfg!(feature = "media") {
        let created = request(Method::POST, url("createRoom"), &json!({})).await;
        assert_eq!(created.status(), StatusCode::OK);
        let claimed = request(Method::PATCH, url("claimRoom"), &json!({"urlPath": "testTy3"})).await;
        assert_eq!(claimed.status(), StatusCode::OK);
        let found: Value = server.get("/production/getRoomId?urlPath=testTy3").await.json().await.unwrap();
        assert!(found["id"].is_string(), "{found}");
    }
    let (mut socket, _) = connect_async(format!("ws://{}/production", server.address)).await.unwrap();
    let identify = json!({"action": "identify", "data": {"id": "c", "roomId": "r", "type": "client"}});
    socket.send(Message::text(identify.to_string())).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(serde_json::from_str::<Value>(&answer).unwrap()["statusCode"].is_u64(), "{answer}");
    let page = reqwest::Client::new().get(url("getRoomId?urlPath=x")).header("origin", "https://any.example");
    assert!(page.send().await.unwrap().headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn the_kurento_recipe_serves_the_original_page() {
    let server = start("Replace the kurento original").await;
    let (mut socket, _) = connect_async(format!("ws://{}/room", server.address)).await.unwrap();
    let mut ask = async |method: &str, params: Value| {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": 1});
        socket.send(Message::text(message.to_string())).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap().into_text().unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    assert_eq!(ask("ping", json!({"interval": 3000})).await["result"]["value"], "pong");
    let joined = ask("joinRoom", json!({"user": "ann", "room": "7"})).await;
    assert_eq!(joined["result"]["value"], json!([]), "{joined}");
    let rooms = server.get("/getAllRooms").await;
    assert_eq!(rooms.status(), StatusCode::OK);
    assert!(rooms.text().await.unwrap().contains('7'));
}
