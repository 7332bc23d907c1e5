//! The doors: how people come in. Each is a folder that translates one wire protocol to the core and back; it may
//! use the core and the files beside it here, never another door. A new one is a folder with an `Options` and an
//! `open`, and one word in the list below.

pub mod administrator;
pub mod admission;
pub mod arrivals;
pub mod chat_json;
pub mod counters;
pub mod door;
pub mod frames;
pub mod http;
pub mod ice_servers;
pub mod ice_url;
pub mod json_depth;
pub mod json_text;
pub mod lane;
pub mod link;
pub mod options;
pub mod origin;
pub mod outgoing;
pub mod websocket;

use std::sync::Arc;

use self::door::{Common, Door};

macro_rules! doors {
    ($($door:ident),* $(,)?) => {
        $(pub mod $door;)*

        /// What can be set about the doors.
        #[derive(Debug, Clone, clap::Args)]
        pub struct DoorOptions {
            $(
                #[doc = concat!("About `", stringify!($door), "`.")]
                #[command(flatten)]
                pub $door: $door::Options,
            )*
        }

        /// All doors, each with its own options.
        pub fn open_all(common: &Common, options: &DoorOptions) -> Vec<Arc<dyn Door>> {
            vec![$($door::open(common, &options.$door)),*]
        }
    };
}

doors![arbiter, direct, kurento, mesh, signals];
