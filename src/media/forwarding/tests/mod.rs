//! Calls through a shard, with clients in this process, a network that loses and delays what it is told to, and a time
//! that passes only when everybody has done what was to be done.

mod camera;
mod client;
mod connections;
mod data;
mod descriptions;
mod layers;
mod media;
mod world;

use self::{
    client::{Client, Offer},
    world::World,
};
