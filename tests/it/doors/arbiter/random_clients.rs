//! Random schedules of clients of the built-in SFU, while connections end by themselves. The SFU keeps
//! working, and no endpoint remains after the last departure.

use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use switchboard::media::{EndReason, EndpointError, Limit, MediaEvent, MediaPlane};

use super::{
    built_in_stage::{Stage, offer},
    stage::Arbiter,
};
use crate::support::property::cases;

const NAMES: [&str; 4] = ["ann", "bob", "cy", "dee"];

/// Number of calls.
const CALLS: u32 = 40;

#[derive(Debug, Clone)]
enum Step {
    Come,
    Go,
    /// A producer's offer of the connection with this number.
    Offer(u32),
    /// An answer to the possible offer of another client's media, by the distance to that client.
    Answer(usize),
    Candidate(usize),
    /// A text that is no description.
    Nonsense(String),
    /// One of the connections ends.
    End(usize, EndReason),
    Connected(usize),
    /// The plane refuses new connections.
    Refuse(EndpointError),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let reason = prop_oneof![Just(EndReason::Left), Just(EndReason::Lost), Just(EndReason::Fault)];
    let error = prop_oneof![
        Just(EndpointError::TooMany(Limit::EndpointsInRoom)),
        Just(EndpointError::TooMany(Limit::Descriptions)),
        Just(EndpointError::NotPublished),
        Just(EndpointError::Unavailable),
    ];
    let step = prop_oneof![
        4 => Just(Step::Come),
        1 => Just(Step::Go),
        4 => (0..3_u32).prop_map(Step::Offer),
        4 => (0..NAMES.len()).prop_map(Step::Answer),
        1 => (0..NAMES.len()).prop_map(Step::Candidate),
        1 => ".{0,20}".prop_map(Step::Nonsense),
        2 => (0..12_usize, reason).prop_map(|(which, reason)| Step::End(which, reason)),
        1 => (0..12_usize).prop_map(Step::Connected),
        1 => error.prop_map(Step::Refuse),
    ];
    vec((0..NAMES.len(), step), 1..40)
}

async fn take(stage: &Stage, room: &str, who: usize, actor: &mut Option<Arbiter>, step: Step) {
    let further = |places: usize| NAMES[(who + places) % NAMES.len()];
    match (step, actor) {
        (Step::Come, actor @ None) => *actor = Some(stage.client(NAMES[who], room).await),
        (Step::Go, actor) => {
            if let Some(client) = actor.take() {
                client.leave().await;
            }
        }
        (Step::Offer(connection), Some(client)) => {
            client.describe("producer", None, "offer", &offer(connection)).await;
        }
        (Step::Answer(places), Some(client)) => {
            client.describe("consumer", Some(further(places)), "answer", &offer(9)).await;
        }
        (Step::Candidate(places), Some(client)) => {
            let candidate = json!({"remotePeerId": further(places), "candidate": {"candidate": "x"}});
            client.tell_sfu("consumer", candidate).await;
        }
        (Step::Nonsense(text), Some(client)) => {
            client.describe("producer", None, "offer", &text).await;
            client.tell_sfu(&text, json!({"description": text, "candidate": text})).await;
        }
        (Step::End(which, reason), _) => tell(stage, which, MediaEvent::Closed(reason)),
        (Step::Connected(which), _) => tell(stage, which, MediaEvent::Connected),
        (Step::Refuse(error), _) => stage.media.refuse_next(error),
        (_, _) => {}
    }
}

fn tell(stage: &Stage, which: usize, event: MediaEvent) {
    if let Some(endpoint) = stage.media.endpoints().get(which) {
        stage.media.tell(*endpoint, event);
    }
}

/// Offers until the offer is answered. Refusals of the plane, and answers to earlier messages, may precede
/// that.
async fn is_answered(client: &mut Arbiter) {
    let is_last = |sdp: &serde_json::Value| sdp.as_str().unwrap_or_default().contains("a=mid:last");
    for connection in 70.. {
        let offer = offer(connection).replace("a=mid:1", "a=mid:last");
        client.describe("producer", None, "offer", &offer).await;
        let mut told = client.told().await;
        while told["handshake"] != "producer" {
            if told["type"] == "producer" && is_last(&told["description"]["sdp"]) {
                return;
            }
            told = client.told().await;
        }
    }
}

#[tokio::test]
async fn arbitrary_clients_leave_the_sfu_working_and_no_endpoint_behind() {
    let calls = cases(CALLS);
    // SFUs run for some seconds after their last client left.
    let started = calls.to_string();
    let stage = Stage::open(&["--arbiter-max-started", &started, "--arbiter-starts-per-address", "0"]).await;
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for number in 0..calls {
        let played = steps().new_tree(&mut runner).unwrap().current();
        eprintln!("{played:?}");
        let room = stage.room_of(&format!("/{number}")).await;
        let mut actors = NAMES.map(|_| None);
        for (who, step) in played {
            take(&stage, &room, who, &mut actors[who], step).await;
        }
        let mut last = match actors[0].take() {
            Some(ann) => ann,
            None => stage.client("ann", &room).await,
        };
        is_answered(&mut last).await;
        for actor in actors.into_iter().flatten() {
            actor.leave().await;
        }
        last.leave().await;
        stage.until_endpoints(&[]).await;
        assert!(stage.media.owners().is_empty());
    }
}
