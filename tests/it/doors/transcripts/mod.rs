//! Plays the transcripts in `tests/transcripts/<door>/`, each against its own server. A line is what a client
//! sends or the exact answer that it must receive.
//!
//! ```text
//! # A comment.
//! set DIRECT_LEASE=1s                          a setting of the server; before all other lines
//! ann > GET /v1/user [Accept: */*] body        a request: method, path, headers in brackets, body
//! ann < 200 [Cache-Control: no-store] OK       its answer: status, required headers, the whole body
//! ann > WS /v1/connect [Origin: null]          opens Ann's WebSocket, also a second time
//! ann > {"target":"bob"}                       sent over it
//! ann < {"originator":"bob"}\n                 the next message on it
//! ann > close 1000 bye                         closes it
//! ann > vanish                                 ends its TCP connection without a close frame
//! ann < closed 4000 UNAUTHENTICATED            the received close frame
//! ann < gone                                   the connection ended without one
//! ```
//!
//! `<word>` in received text matches anything up to the text after it. Its first value is stored and inserted
//! later, also in sent text. `<*>` is not stored. Several headers of one name are joined by `, `. Each client
//! stores its cookies and sends them, as browsers do.

mod pattern;

use std::{collections::HashMap, fs, path::Path};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use self::pattern::Known;
use crate::support::{
    browser::{Answer, Browser, Heard, Socket},
    server::{Options, TestServer},
};

#[tokio::test]
async fn every_transcript_matches() {
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
    let mut stage = Stage { server, people: HashMap::new(), known: Known::default() };
    for (number, line) in lines.into_iter().filter(|(_, line)| !line.starts_with("set ")) {
        let mut words = line.splitn(3, ' ');
        let played = match (words.next(), words.next(), words.next().unwrap_or_default()) {
            (Some(name), Some(">"), what) => stage.send(name, what).await,
            (Some(name), Some("<"), what) => stage.receive(name, what).await,
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
    /// Values of placeholders.
    known: Known,
}

struct Person {
    browser: Browser,
    answer: Option<Answer>,
    socket: Option<Socket>,
}

impl Stage {
    async fn send(&mut self, name: &str, what: &str) -> Result<(), String> {
        let what = self.known.fill_in(what);
        let newcomer = || Person { browser: Browser::new(&self.server.address), answer: None, socket: None };
        let person = self.people.entry(name.to_owned()).or_insert_with(newcomer);
        let (verb, rest) = what.split_once(' ').unwrap_or((&what, ""));
        match verb {
            "close" => person.close(rest).await,
            "vanish" => {
                person.socket.take().ok_or("there is no WebSocket")?.vanish().await;
                Ok(())
            }
            _ if rest.starts_with('/') => person.ask(verb, rest).await,
            _ => {
                person.socket.as_mut().ok_or("there is no WebSocket")?.send(what).await;
                Ok(())
            }
        }
    }

    async fn receive(&mut self, name: &str, what: &str) -> Result<(), String> {
        let person = self.people.get_mut(name).ok_or("no client of that name has sent anything")?;
        if let Some(answer) = person.answer.take() {
            return self.check_answer(what, &answer);
        }
        let heard = match person.socket.as_mut().ok_or("there is no WebSocket")?.next().await {
            Heard::Text(text) => text,
            Heard::Close(code, reason) => format!("closed {code} {reason}").trim_end().to_owned(),
            Heard::Gone => "gone".to_owned(),
        };
        self.known.check(what, &heard)
    }

    fn check_answer(&mut self, what: &str, answer: &Answer) -> Result<(), String> {
        let (status, rest) = what.split_once(' ').unwrap_or((what, ""));
        let (headers, body) = headers_in(rest);
        self.known.check(status, &answer.status.to_string())?;
        for (name, value) in headers {
            let values = answer.all(name).join(", ");
            self.known.check(value, &values).map_err(|problem| format!("{name}: {problem}"))?;
        }
        self.known.check(body, &answer.body)
    }
}

impl Person {
    async fn ask(&mut self, verb: &str, rest: &str) -> Result<(), String> {
        let (path, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let (lines, body) = headers_in(rest);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().map_err(|_| "that is no header's name")?;
            headers.append(name, HeaderValue::from_str(value).map_err(|_| "that is no header's value")?);
        }
        if verb == "WS" {
            match self.browser.open_with(path, headers).await {
                Ok(socket) => self.socket = Some(socket),
                Err(answer) => self.answer = Some(answer),
            }
        } else {
            self.answer = Some(self.browser.ask(verb, path, headers, body.to_owned()).await);
        }
        Ok(())
    }

    async fn close(&mut self, how: &str) -> Result<(), String> {
        let (code, reason) = how.split_once(' ').unwrap_or((how, ""));
        let code: u16 = code.parse().map_err(|_| "that is no close code")?;
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        let socket = self.socket.as_mut().ok_or("there is no WebSocket")?;
        socket.send_frame(Message::Close(Some(frame))).await;
        Ok(())
    }
}

/// `[Name: value]` as often as it leads the text, and the rest of the text.
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
