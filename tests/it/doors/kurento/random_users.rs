//! Random schedules of users who join, leave, publish, lose their connections and return. Every user knows
//! the state of the room, and nothing remains after the last departure.

use std::collections::BTreeMap;

use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::stage::{Stage, User};
use crate::support::{browser::Browser, client::DEADLINE, peer::Peer, property::cases, wait::until};

const NAMES: [&str; 4] = ["ann", "b_o_b", "cy_webcam", "dave"];

/// Number of rooms.
const ROOMS: u32 = 40;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Joins, under the same name after a connection loss.
    Join,
    /// Resumes the session.
    Return,
    Leave,
    Lose,
    Evict,
    Publish,
    Unpublish,
    /// Subscribes to another user, by the distance to that user.
    Receive(usize),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => Just(Step::Join),
        2 => Just(Step::Return),
        1 => Just(Step::Leave),
        2 => Just(Step::Lose),
        1 => Just(Step::Evict),
        3 => Just(Step::Publish),
        1 => Just(Step::Unpublish),
        2 => (1..NAMES.len()).prop_map(Step::Receive),
    ];
    vec((0..NAMES.len(), step), 1..40)
}

/// The users in the room, and whether they publish.
type View = BTreeMap<String, bool>;

#[derive(Default)]
struct Actor {
    /// Has a WebSocket.
    user: Option<User>,
    /// Has a seat, with or without a connection.
    is_seated: bool,
    session: String,
    /// The state that the server announced.
    view: View,
}

impl Actor {
    fn is_in(&self) -> bool {
        self.is_seated && self.user.is_some()
    }

    fn take_list(&mut self, answer: &Value) {
        let others = answer["value"].as_array().unwrap().iter();
        let known =
            others.map(|other| (other["id"].as_str().unwrap().to_owned(), other["streams"] != json!([])));
        self.view = known.collect();
    }

    async fn hear(&mut self) {
        let Some(user) = &mut self.user else { return };
        for (method, params) in user.all_told().await {
            let name = params["id"].as_str().or(params["name"].as_str()).unwrap_or_default().to_owned();
            let known = self.view.contains_key(&name);
            match method.as_str() {
                "participantJoined" => assert_eq!(self.view.insert(name, false), None),
                "participantLeft" => assert!(self.view.remove(&name).is_some()),
                "participantPublished" => assert_eq!(self.view.insert(name, true), Some(false)),
                "participantUnpublished" => assert_eq!(self.view.insert(name, false), Some(true)),
                "participantEvicted" | "iceCandidate" => assert!(known || name.is_empty()),
                other => panic!("{other}"),
            }
        }
    }
}

struct Play<'a> {
    stage: &'a Stage,
    room: String,
    actors: [Actor; NAMES.len()],
    /// The real state.
    truth: View,
}

impl Play<'_> {
    async fn step(&mut self, who: usize, step: Step) {
        let name = NAMES[who];
        match step {
            Step::Join if !self.actors[who].is_in() => self.join(who).await,
            Step::Return if self.actors[who].is_seated && self.actors[who].user.is_none() => {
                let mut user = User::new(Peer::connect(&self.stage.address, "/room").await);
                user.session.clone_from(&self.actors[who].session);
                user.reconnect(self.stage).await;
                self.actors[who].user = Some(user);
            }
            Step::Leave if self.actors[who].is_in() => {
                self.actors[who].user.take().unwrap().done("leaveRoom", json!({})).await;
                self.gone(who);
            }
            Step::Lose if self.actors[who].is_in() => {
                self.actors[who].hear().await;
                let before = self.stage.connected();
                self.actors[who].user = None;
                until("the loss is noticed", DEADLINE, || async {
                    (self.stage.connected() < before).then_some(())
                })
                .await;
            }
            Step::Evict if self.actors[who].is_seated => {
                self.evict(name).await;
                self.gone(who);
            }
            Step::Publish if self.actors[who].is_in() => {
                self.actors[who].user.as_mut().unwrap().publish(1).await;
                self.truth.insert(name.to_owned(), true);
            }
            Step::Unpublish if self.actors[who].is_in() => {
                let user = self.actors[who].user.as_mut().unwrap();
                let answer = user.ask("unpublishVideo", json!({})).await;
                let before = self.truth.insert(name.to_owned(), false);
                assert_eq!(
                    answer["error"]["code"],
                    if before == Some(true) { Value::Null } else { json!(105) }
                );
            }
            Step::Receive(further) if self.actors[who].is_in() => self.receive(who, further).await,
            _ => {}
        }
    }

    async fn join(&mut self, who: usize) {
        let mut user = User::new(Peer::connect(&self.stage.address, "/room").await);
        let answer = user.join(NAMES[who], &self.room).await;
        self.truth.remove(NAMES[who]);
        let actor = &mut self.actors[who];
        actor.take_list(&answer);
        assert_eq!(actor.view, self.truth);
        (actor.session, actor.is_seated) = (user.session.clone(), true);
        actor.user = Some(user);
        self.truth.insert(NAMES[who].to_owned(), false);
    }

    async fn receive(&mut self, who: usize, further: usize) {
        let source = NAMES[(who + further) % NAMES.len()];
        let offer = super::stage::offer(u32::try_from(further).unwrap() + 1);
        let params = json!({"sender": format!("{source}_webcam"), "sdpOffer": offer});
        let answer = self.actors[who].user.as_mut().unwrap().ask("receiveVideoFrom", params).await;
        let expected = match self.truth.get(source) {
            Some(true) => Value::Null,
            Some(false) => json!(105),
            None => json!(102),
        };
        assert_eq!(answer["error"]["code"], expected);
    }

    async fn evict(&self, name: &str) {
        let path = format!("/evict?room={}&user={name}", self.room);
        assert_eq!(Browser::new(&self.stage.ops_address).get(&path).await.status, 200);
    }

    fn gone(&mut self, who: usize) {
        self.truth.remove(NAMES[who]);
        self.actors[who] = Actor::default();
    }

    async fn check(&mut self) {
        // Notifications caused by a request follow its answer.
        for actor in &mut self.actors {
            actor.hear().await;
        }
        for (actor, name) in self.actors.iter_mut().zip(NAMES) {
            actor.hear().await;
            let mut others = self.truth.clone();
            others.remove(name);
            assert!(!actor.is_in() || actor.view == others, "{name}: {:?}, not {others:?}", actor.view);
        }
    }
}

#[tokio::test]
async fn random_users_agree_on_the_state_of_the_room_and_leave_nothing_behind() {
    let unsupported = std::sync::Arc::new(switchboard::protocols::kurento::Unsupported);
    let stage = Stage::open_with(&["--kurento-lease", "1h"], unsupported).await;
    let mut runner = TestRunner::new(Config::default());
    for number in 0..cases(ROOMS) {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        eprintln!("{steps:?}");
        let (room, actors) = (number.to_string(), <[Actor; NAMES.len()]>::default());
        let mut play = Play { stage: &stage, room, actors, truth: View::new() };
        for (who, step) in steps {
            play.step(who, step).await;
        }
        play.check().await;
        for name in play.truth.keys() {
            play.evict(name).await;
        }
        assert_eq!(Browser::new(&stage.ops_address).get("/getAllRooms").await.body, "[]");
        assert_eq!(stage.media.endpoints(), []);
    }
}
