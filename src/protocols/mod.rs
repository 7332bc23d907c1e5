//! The doors: how people come in. Each is a folder that translates one wire protocol to the core and back; it may
//! use the core and the files beside it here, never another door.

pub mod admission;
pub mod chat_json;
pub mod http;
pub mod ice_servers;
pub mod ice_url;
pub mod lane;
pub mod link;
pub mod mesh;
pub mod origin;
