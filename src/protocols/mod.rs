//! The doors: the signaling protocols of the server, one folder each, and the files that they share.
//!
//! A door translates its protocol to calls of the core and back. It uses the core and the shared files, and
//! no other door. A new door is a folder with an `Options` and an `open`, and two lines here: its `pub mod`
//! line and its name in the list below. `ARCHITECTURE.md`, "How to add a door", has the steps.

pub mod administrator;
pub mod admission;
pub mod arbiter;
pub mod base_path;
pub mod chat_json;
pub mod cookies;
pub mod dialect;
pub mod direct;
pub mod door;
pub mod http;
pub mod ice_servers;
pub mod ice_url;
pub mod json_depth;
pub mod json_string;
pub mod json_text;
pub mod kurento;
pub mod lane;
pub mod limits;
pub mod listen_address;
pub mod mesh;
pub mod options;
pub mod origin;
pub mod prelude;
pub mod proxies;
pub mod runtime;
pub mod sdp;
pub mod signals;
pub mod tcp;
pub mod unavailable;
pub mod weak_secret;
pub mod websocket;

use std::sync::Arc;

use self::door::{Common, Door};

macro_rules! doors {
    ($($door:ident),* $(,)?) => {
        /// The options of all doors.
        #[derive(Debug, Clone, clap::Args)]
        pub struct DoorOptions {
            $(
                #[doc = concat!("Options of the ", stringify!($door), " door.")]
                #[command(flatten)]
                pub $door: $door::Options,
            )*
        }

        /// Opens every door with its own options. Must run within a Tokio runtime.
        pub fn open_all(common: &Common, options: &DoorOptions) -> Vec<Arc<dyn Door>> {
            vec![$($door::open(common, &options.$door)),*]
        }
    };
}

doors![arbiter, direct, kurento, mesh, signals];
