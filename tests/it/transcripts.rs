//! Plays `tests/transcripts/*/*.txt` against a server: conversations that read like the protocol.
//!
//! ```text
//! # What this shows.
//! set ARBITER_MAX_CLIENTS=1              a setting of the server; before anything else
//!
//! ann opens /arbiter                     a WebSocket; who it is, is the first word of every line
//! ann > {"action": "identify", … }       sends a text message, as it stands
//! ann < {"statusCode": 200}              the next message that comes must be this
//! ann closes                             … and has closed when the line is done
//! ann is closed 1009                     the server closes, with this code; what came before it was expected
//!
//! bob > PATCH /claimRoom {"urlPath":"a"} an HTTP request, with a body or without
//! bob < 200 {"roomId": "$room"}          its status and JSON; or the status alone
//! ```
//!
//! JSON is compared by value. A text `"$word"` in what is expected stands for any text the first time, and for the
//! same one from then on; in what is sent it is replaced by it. A line that begins with a blank goes on with the one
//! before it.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::support::{
    peer::{Heard, Peer},
    server::{Options, TestServer},
};

#[tokio::test]
async fn every_conversation_goes_as_it_is_written() {
    let mut transcripts = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts"));
    transcripts.sort();
    assert!(!transcripts.is_empty());
    for path in transcripts {
        let text = fs::read_to_string(&path).unwrap();
        let stage = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display();
        play(&stage.to_string(), &text).await;
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let nested = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).collect()
}

struct Line {
    number: usize,
    text: String,
}

fn lines(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with(' ') && !line.trim().is_empty() {
            lines.last_mut().expect("something to go on with").text.push_str(line.trim_end());
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            lines.push(Line { number, text: line.trim_end().to_owned() });
        }
    }
    lines
}

async fn play(name: &str, text: &str) {
    let lines = lines(text);
    let settings = lines.iter().map_while(|line| line.text.strip_prefix("set ")?.split_once('='));
    // Names of settings live as long as the test.
    let env: Vec<_> = settings.map(|(key, value)| (&*key.to_owned().leak(), value.to_owned())).collect();
    let first = env.len();
    let mut conversation = Conversation {
        server: TestServer::start_with(Options { env, ..Options::default() }).await,
        http: reqwest::Client::new(),
        people: HashMap::new(),
        answers: HashMap::new(),
        words: HashMap::new(),
        at: name.to_owned(),
    };
    for line in &lines[first..] {
        conversation.at = format!("{name}:{}: {}", line.number, line.text);
        conversation.go_on(&line.text).await;
    }
    conversation.server.assert_healthy().await;
}

struct Conversation {
    server: TestServer,
    http: reqwest::Client,
    people: HashMap<String, Peer>,
    answers: HashMap<String, reqwest::Response>,
    words: HashMap<String, String>,
    /// Which line is played, for whoever has to find out why it failed.
    at: String,
}

impl Conversation {
    async fn go_on(&mut self, line: &str) {
        let (who, what) = line.split_once(' ').unwrap_or_else(|| panic!("{}", self.at));
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        match verb {
            "opens" => {
                let peer = Peer::connect(&self.server.address, &self.spoken(rest)).await;
                self.people.insert(who.to_owned(), peer);
            }
            "closes" => self.people.remove(who).expect("a connection").close().await,
            "is" => {
                let code = rest.strip_prefix("closed").map(str::trim).filter(|code| !code.is_empty());
                let expected: Option<u16> = code.map(|code| code.parse().unwrap());
                let mut peer = self.people.remove(who).expect("a connection");
                assert_eq!(peer.closed().await, expected, "{}", self.at);
            }
            ">" if is_http(rest) => self.request(who, rest).await,
            ">" => {
                let message = self.spoken(rest);
                self.people[who].say(message).await;
            }
            "<" if rest.starts_with(|c: char| c.is_ascii_digit()) => self.expect_answer(who, rest).await,
            "<" => self.expect_message(who, rest).await,
            _ => panic!("no such line: {}", self.at),
        }
    }

    async fn request(&mut self, who: &str, request: &str) {
        let request = self.spoken(request);
        let (method, rest) = request.split_once(' ').unwrap();
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let url = format!("http://{}{path}", self.server.address);
        let request = self.http.request(method.parse().unwrap(), url);
        let request = request.header("content-type", "application/json").body(body.trim().to_owned());
        self.answers.insert(who.to_owned(), request.send().await.unwrap());
    }

    async fn expect_answer(&mut self, who: &str, expected: &str) {
        let answer = self.answers.remove(who).unwrap_or_else(|| panic!("no request before {}", self.at));
        let (status, body) = expected.split_once(' ').unwrap_or((expected, ""));
        assert_eq!(answer.status().as_str(), status, "{}", self.at);
        let text = answer.text().await.unwrap();
        if !body.is_empty() {
            self.compare(body, &text);
        }
    }

    async fn expect_message(&mut self, who: &str, expected: &str) {
        match self.people.get_mut(who).expect("a connection").hear().await {
            Heard::Text(text) => self.compare(expected, &text),
            closed @ Heard::Closed(_) => panic!("{closed:?} at {}", self.at),
        }
    }

    fn compare(&mut self, expected: &str, text: &str) {
        let expected: Value =
            serde_json::from_str(expected).unwrap_or_else(|error| panic!("{error}: {}", self.at));
        let got: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text} at {}", self.at));
        assert!(self.is_as(&expected, &got), "{text}\n at {}", self.at);
    }

    fn is_as(&mut self, expected: &Value, got: &Value) -> bool {
        match (expected, got) {
            (Value::String(expected), Value::String(got)) if expected.starts_with('$') => {
                self.words.entry(expected.clone()).or_insert_with(|| got.clone()) == got
            }
            (Value::Object(expected), Value::Object(got)) => {
                expected.len() == got.len()
                    && expected
                        .iter()
                        .all(|(key, value)| got.get(key).is_some_and(|got| self.is_as(value, got)))
            }
            (Value::Array(expected), Value::Array(got)) => {
                expected.len() == got.len()
                    && expected.iter().zip(got).all(|(value, got)| self.is_as(value, got))
            }
            _ => expected == got,
        }
    }

    /// What is sent, with the words that are known by now.
    fn spoken(&self, text: &str) -> String {
        let mut words: Vec<_> = self.words.iter().collect();
        // Of two words of which one begins with the other, the longer one.
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word.as_str(), meaning))
    }
}

fn is_http(text: &str) -> bool {
    let method = text.split(' ').next().unwrap_or_default();
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].contains(&method)
}
