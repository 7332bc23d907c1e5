//! Plays the transcripts in `tests/transcripts/<door>/` against a server: each says, line by line, what clients send
//! and what they must be answered, byte for byte.
//!
//! ```text
//! # A comment.
//! set SIGNALS_SEAT_COUNT=3                     a setting of the server; before everything else
//! ann > GET /call/7 [Accept: */*]              a request: method, path, headers in brackets, body
//! ann < 200 [Cache-Control: no-store] {"…"}    its answer: status, headers that must be there, the whole body
//! ann > WS /ws                                 opens Ann's WebSocket; may be opened anew
//! ann > {"kind":"JOIN"}                        sent over it
//! ann < {"kind":"WELCOME"}                     the next message on it
//! ann > close 1000 bye                         closes it
//! ann < closed 1000 bad seat                   the close frame that came
//! ```
//!
//! `<word>` in what is received matches anything up to what follows; the first time it is remembered, from then on it
//! stands for the same text, also in what is sent. `<*>` is never remembered.

use std::{collections::HashMap, fs, path::Path};

use reqwest::{Method, redirect::Policy};

use crate::support::{
    plain::{Heard, PlainSocket},
    server::{Options, TestServer},
};

#[tokio::test]
async fn every_transcript_is_what_happens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut played = 0;
    for door in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(door.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            play(path.to_str().unwrap(), &fs::read_to_string(&path).unwrap()).await;
            played += 1;
        }
    }
    assert!(played > 0);
}

async fn play(path: &str, transcript: &str) {
    let lines = transcript.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines: Vec<_> = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).collect();
    let settings = lines.iter().filter_map(|(_, line)| line.strip_prefix("set ")?.split_once('='));
    let env = settings.map(|(key, value)| (&*key.to_owned().leak(), value.to_owned())).collect();
    let server = TestServer::start_with(Options { env, ..Options::default() }).await;
    let mut stage = Stage { server, people: HashMap::new(), known: HashMap::new() };
    for (number, line) in lines.into_iter().filter(|(_, line)| !line.starts_with("set ")) {
        let played = match (line.split_once(" > "), line.split_once(" < ")) {
            (Some((name, what)), _) if !name.contains(' ') => stage.send(name, what).await,
            (_, Some((name, what))) if !name.contains(' ') => stage.receive(name, what).await,
            _ => Err("is no line of a transcript".to_owned()),
        };
        if let Err(problem) = played {
            panic!("{path}:{number}: {line}\n  {problem}");
        }
    }
    stage.server.assert_healthy().await;
}

struct Stage {
    server: TestServer,
    people: HashMap<String, Person>,
    /// What placeholders stand for.
    known: HashMap<String, String>,
}

#[derive(Default)]
struct Person {
    socket: Option<PlainSocket>,
    answer: Option<reqwest::Response>,
}

impl Stage {
    async fn send(&mut self, name: &str, what: &str) -> Result<(), String> {
        let what = self.filled_in(what);
        let address = self.server.address.clone();
        let person = self.people.entry(name.to_owned()).or_default();
        let (verb, rest) = what.split_once(' ').unwrap_or((&what, ""));
        match verb {
            "WS" => person.socket = Some(PlainSocket::open(&address, rest).await),
            "close" => {
                let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
                let socket = person.socket.as_ref().ok_or("there is no WebSocket")?;
                socket.close(code.parse().map_err(|_| "that is no close code")?, reason).await;
            }
            _ if rest.starts_with('/') => person.answer = Some(request(&address, verb, rest).await?),
            _ => person.socket.as_ref().ok_or("there is no WebSocket")?.say(what).await,
        }
        Ok(())
    }

    async fn receive(&mut self, name: &str, what: &str) -> Result<(), String> {
        let person = self.people.get_mut(name).ok_or("nobody by that name has said anything")?;
        if let Some(answer) = person.answer.take() {
            return self.check_answer(what, answer).await;
        }
        let heard = match person.socket.as_mut().ok_or("there is no WebSocket")?.hear().await {
            Heard::Text(text) => text,
            Heard::Closed(code, reason) => format!("closed {code} {reason}").trim_end().to_owned(),
            Heard::Gone => "gone".to_owned(),
        };
        self.check(what, &heard)
    }

    async fn check_answer(&mut self, what: &str, answer: reqwest::Response) -> Result<(), String> {
        let (status, rest) = what.split_once(' ').unwrap_or((what, ""));
        let (headers, body) = headers_in(rest);
        self.check(status, answer.status().as_str())?;
        for (name, value) in headers {
            let values =
                answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
            let values: Vec<_> = values.collect();
            self.check(value, &values.join(", ")).map_err(|problem| format!("{name}: {problem}"))?;
        }
        self.check(body, &answer.text().await.map_err(|error| error.to_string())?.replace('\n', "\\n"))
    }

    /// Holds `text` against `pattern`, and remembers what placeholders in it stand for.
    fn check(&mut self, pattern: &str, text: &str) -> Result<(), String> {
        let pattern = self.filled_in(pattern);
        let mismatch = || format!("got {text}");
        let mut parts = placeholders(&pattern).into_iter();
        let (mut rest, mut open) = (text, None::<&str>);
        loop {
            let (literal, placeholder) = parts.next().unwrap_or_default();
            let start = match open {
                None => rest.starts_with(literal).then_some(0),
                Some(_) if literal.is_empty() => Some(rest.len()),
                Some(_) => rest.find(literal),
            };
            let start = start.ok_or_else(mismatch)?;
            if let Some(name) = open.filter(|name| *name != "*") {
                self.known.insert(name.to_owned(), rest[..start].to_owned());
            }
            rest = &rest[start + literal.len()..];
            open = placeholder;
            if open.is_none() {
                return if rest.is_empty() { Ok(()) } else { Err(mismatch()) };
            }
        }
    }

    fn filled_in(&self, text: &str) -> String {
        self.known
            .iter()
            .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value))
    }
}

/// The literal parts of a pattern, each with the placeholder that follows it.
fn placeholders(pattern: &str) -> Vec<(&str, Option<&str>)> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    let is_name = |name: &str| {
        name == "*" || (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-'))
    };
    while let Some((literal, name, after)) = rest.match_indices('<').find_map(|(start, _)| {
        let (name, after) = rest[start + 1..].split_once('>')?;
        is_name(name).then_some((&rest[..start], name, after))
    }) {
        parts.push((literal, Some(name)));
        rest = after;
    }
    parts.push((rest, None));
    parts
}

async fn request(address: &str, method: &str, rest: &str) -> Result<reqwest::Response, String> {
    let (path, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (headers, body) = headers_in(rest);
    let method: Method = method.parse().map_err(|_| "that is no method")?;
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let mut request = http.request(method, format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if !body.is_empty() {
        request = request.body(body.to_owned());
    }
    request.send().await.map_err(|error| error.to_string())
}

/// `[Name: value]` as often as it stands in front, and what comes after.
fn headers_in(mut text: &str) -> (Vec<(&str, &str)>, &str) {
    let mut headers = Vec::new();
    while let Some((header, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']'))
        && let Some((name, value)) = header.split_once(": ")
    {
        headers.push((name, value));
        text = rest.trim_start();
    }
    (headers, text)
}
