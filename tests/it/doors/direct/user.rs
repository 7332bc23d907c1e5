//! A user of the direct door: a browser with a name, and its connection.

use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, Browser, Heard, Socket},
    server::TestServer,
};

pub struct User {
    pub browser: Browser,
    pub socket: Socket,
}

/// Registers `name` in a new browser.
pub async fn registered(server: &TestServer, name: &str) -> Browser {
    let mut browser = Browser::new(&server.address);
    let answer = register(&mut browser, name).await;
    assert_eq!(outcome(&answer), (200, "SUCCESS".into()), "{name}");
    browser
}

pub async fn register(browser: &mut Browser, name: &str) -> Answer {
    browser.post_json("/v1/register", json!({"username": name}).to_string()).await
}

/// The status of an answer to a registration, and its code.
pub fn outcome(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    (answer.status, body["status"].as_str().unwrap().to_owned())
}

/// Registers `name` in a new browser and connects.
pub async fn connected(server: &TestServer, name: &str) -> User {
    connect(registered(server, name).await).await
}

/// Connects, and waits until others reach the user.
pub async fn connect(browser: Browser) -> User {
    let mut user = open(browser).await;
    user.wait_until_seated().await;
    user
}

/// Connects; the server may refuse afterwards.
pub async fn open(mut browser: Browser) -> User {
    let socket = browser.open("/v1/connect").await.unwrap_or_else(|answer| panic!("{answer:?}"));
    User { browser, socket }
}

impl User {
    pub async fn say(&mut self, target: &str, payload: impl Into<Value>) {
        self.socket.send(json!({"target": target, "type": "t", "payload": payload.into()}).to_string()).await;
    }

    /// The sender and the payload of the next message; anything else panics.
    pub async fn hear(&mut self) -> (String, Value) {
        let message = self.next().await;
        (message["originator"].as_str().unwrap_or_default().into(), message["payload"].clone())
    }

    /// The type of the next notice from the server.
    pub async fn notice(&mut self) -> String {
        let notice = self.next().await;
        assert_eq!(notice.get("originator"), None, "{notice}");
        notice["type"].as_str().unwrap().to_owned()
    }

    pub async fn next(&mut self) -> Value {
        serde_json::from_str(&self.socket.next_text().await).unwrap()
    }

    /// Waits until the server has given the user its seat: then a message to the user itself arrives.
    pub async fn wait_until_seated(&mut self) {
        let own = self.browser.cookies["user_username"].clone();
        let own = percent_encoding::percent_decode_str(&own).decode_utf8().unwrap().into_owned();
        self.say(&own, "myself").await;
        assert_eq!(self.hear().await, (own, json!("myself")));
    }

    /// Whether `target` can be reached now.
    pub async fn reaches(&mut self, target: &str) -> bool {
        self.say(target, "?").await;
        // A message to the user itself arrives after a possible refusal.
        let own = self.browser.cookies["user_username"].clone();
        self.say(&own, "end").await;
        match self.next().await {
            message if message["payload"] == "end" => true,
            notice => {
                assert_eq!(
                    (&notice["type"], &notice["target"]),
                    (&json!("TARGET_NOT_FOUND"), &json!(target))
                );
                assert_eq!(self.hear().await.1, "end");
                false
            }
        }
    }

    /// How the server closed the connection.
    pub async fn ended(&mut self) -> (u16, String) {
        match self.socket.ended().await {
            Heard::Close(code, reason) => (code, reason),
            other => panic!("{other:?} instead of a close"),
        }
    }
}
