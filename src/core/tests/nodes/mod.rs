//! Several nodes as one: real hubs, a model of seats behind a face for each, and a wire on which parcels wait until
//! the test delivers them. Whatever is done to nodes, wires and people in whatever order, promises are kept.

mod cluster;
mod moving;
mod net;
mod world;

/// Runs with a clock that goes on only when the test says so.
fn on_paused_time(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test);
}
