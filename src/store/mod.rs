//! Where chats are kept.
