//! Several nodes: the contract of the seat registry, Redis and its faults, the node bus, and real processes.

mod contract;
mod node_bus;
mod nodes;
mod redis_faults;
mod redis_model;
mod redis_outage;
mod seats;
