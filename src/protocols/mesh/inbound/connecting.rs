//! The wait between a client's CONNECT packet and its answer.

use std::{
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use crate::core::model::lock::lock;

/// Holds back what follows a session's first CONNECT packet, until that is answered.
///
/// The library connects a client in a task of its own, and ends a session whose next packet comes before the
/// task has run. Some clients do not wait for the answer.
#[derive(Default)]
pub struct Connecting(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    NotAsked,
    /// What reads the client's packets waits.
    Asked(Vec<Waker>),
    Answered,
}

impl Connecting {
    /// The library gets a CONNECT packet for the namespace `/`. It ignores all but the first.
    pub fn ask(&self) {
        let mut state = lock(&self.0);
        if matches!(*state, State::NotAsked) {
            *state = State::Asked(Vec::new());
        }
    }

    /// The packet is answered, or the session is over.
    pub fn answer(&self) {
        let state = std::mem::replace(&mut *lock(&self.0), State::Answered);
        if let State::Asked(readers) = state {
            readers.into_iter().for_each(Waker::wake);
        }
    }

    /// True while the answer is awaited.
    pub fn is_asked(&self) -> bool {
        matches!(*lock(&self.0), State::Asked(_))
    }

    /// True from the answer on: nothing is held back any more.
    pub fn is_answered(&self) -> bool {
        matches!(*lock(&self.0), State::Answered)
    }

    /// Resolves at once unless the answer is awaited.
    pub fn poll_readable(&self, cx: &Context<'_>) -> Poll<()> {
        let State::Asked(readers) = &mut *lock(&self.0) else { return Poll::Ready(()) };
        if !readers.iter().any(|reader| reader.will_wake(cx.waker())) {
            readers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}
