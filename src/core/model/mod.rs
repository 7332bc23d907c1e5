//! Values: names, events, seats, tokens and chats. No async, no I/O.

pub mod away_seats;
pub mod chat;
pub mod error;
pub mod event;
pub mod ids;
pub mod lock;
pub mod mailbox;
pub mod roster;
pub mod seat_table;
pub mod session_token;
