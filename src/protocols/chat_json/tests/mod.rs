//! Chats from the client's text to the history and back.

mod conversation;
