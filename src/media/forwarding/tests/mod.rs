//! Calls through a shard, with clients in this process and a simulated network with loss and delay.
//!
//! The simulated time advances only when all work is done.

mod camera;
mod client;
mod codecs;
mod connections;
mod data;
mod descriptions;
mod layers;
mod media;
mod network;
mod silence;

use self::{
    client::{Offer, TestClient},
    network::Network,
};
