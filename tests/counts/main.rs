//! Counts the costs of the server instead of timing them, so that a dearer hot path shows on any machine,
//! however busy: `make counts`, a part of `make test`.
//!
//! The shipped build runs inside valgrind with one worker thread and does one operation after the other. The
//! work between two moments is divided by the number of operations; start-up and set-up do not count. Two of
//! valgrind's tools count:
//!
//! - callgrind: instructions, and calls of `malloc` and its kin, to a few tenths of a percent.
//!   It sees user space only. A relayed message also costs one `recv`, one `send` and one `epoll_wait`, which
//!   cost more than all the rest; `make bench` measures them.
//! - massif: bytes of heap, in use and allocated in total. Bytes in use are exact.
//!
//! The figures are compared with `recorded.toml`. A figure above its margin fails. A figure far below fails
//! too, as the gain could be lost unnoticed. `RENEW_COUNTS=1 make counts` records the present figures.
//! `target/counts/` has the last run's profiles. `callgrind_annotate` (`--inclusive=yes` includes callees,
//! `--tree=caller` shows callers) and `ms_print` show the causes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the integration tests need more of it")]
#[path = "../it/support/client.rs"]
mod client;
mod figures;
mod load;
mod profile;
mod server;

use std::{fs, path::Path};

use self::{
    figures::{ALLOCATIONS, BYTES, Figures, GIVEN_BYTES, INSTRUCTIONS},
    load::{Pair, calls, meet_all, part_all},
    profile::{Execution, Heap},
    server::Server,
};

/// Candidates until both outboxes are full, which hold 512 events each; from then on every message costs the
/// same.
const WARM_UP: usize = 1_200;

const MESSAGES: usize = 2_000;

const CALLS: usize = 40;

/// Concurrent pairs, and their connections.
const PAIRS: usize = 40;
const CONNECTIONS: usize = 2 * PAIRS;

/// Equal heap readings in a row that mean rest. An idle server answers valgrind about twice a second, when it
/// checks its leases.
const LOOKS: usize = 3;
const MOST_LOOKS: usize = 60;

#[tokio::test]
#[ignore = "needs valgrind and the shipped build: `make counts`"]
async fn hot_path_costs_match_the_record() {
    let mut figures = Figures::default();
    count_execution(&mut figures).await;
    count_memory(&mut figures).await;
    figures.settle();
}

async fn count_execution(figures: &mut Figures) {
    let mut callgrind = Callgrind::start();
    calls(&callgrind.server.address, CALLS / 10).await;
    let mut pair = Pair::meet(&callgrind.server.address, "the relay").await;
    pair.relay(WARM_UP).await;

    callgrind.dump("before").await;
    pair.relay(MESSAGES).await;
    let relay = callgrind.dump("relay").await;
    pair.part().await;

    callgrind.dump("between").await;
    calls(&callgrind.server.address, CALLS).await;
    let call = callgrind.dump("call").await;

    assert!(relay.allocations > 0, "the server allocates by something that is not counted: profile.rs");
    let look = "callgrind_annotate --auto=no target/counts/relay.callgrind";
    figures.add("instructions_per_relayed_message", relay.instructions, MESSAGES, INSTRUCTIONS, look);
    figures.add("allocations_per_relayed_message", relay.allocations, MESSAGES, ALLOCATIONS, look);
    let look = "callgrind_annotate --auto=no target/counts/call.callgrind";
    figures.add("instructions_per_whole_call", call.instructions, CALLS, INSTRUCTIONS, look);
    figures.add("allocations_per_whole_call", call.allocations, CALLS, ALLOCATIONS, look);
}

async fn count_memory(figures: &mut Figures) {
    let massif = Massif::start();
    let address = &massif.server.address;
    // Grows tables to their final size.
    part_all(meet_all(address, PAIRS).await).await;
    calls(address, 1).await;

    let empty = massif.settled("empty").await;
    let mut pairs = meet_all(address, PAIRS).await;
    let seated = massif.snapshot("seated").await;
    let pair = &mut pairs[0];
    pair.relay(WARM_UP).await;
    let full = massif.snapshot("full").await;
    pair.relay(MESSAGES).await;
    let relayed = massif.snapshot("relayed").await;
    part_all(pairs).await;
    calls(address, CALLS).await;
    let left = massif.settled("left").await;

    let look = "ms_print target/counts/seated.massif";
    figures.add("heap_bytes_per_seated_connection", seated.live - empty.live, CONNECTIONS, BYTES, look);
    let look = "ms_print target/counts/full.massif";
    figures.add("heap_bytes_per_busy_connection", full.live - seated.live, 2, BYTES, look);
    let look = "ms_print target/counts/left.massif, beside empty.massif";
    let remains = left.live.saturating_sub(empty.live);
    figures.add("heap_bytes_left_per_past_connection", remains, CONNECTIONS + 2 * CALLS, BYTES, look);
    // Freed bytes equal allocated ones, so half of the moved bytes were allocated.
    let given = (relayed.moved - full.moved) / 2;
    let look = "callgrind_annotate --auto=no target/counts/relay.callgrind";
    figures.add("heap_bytes_given_out_per_relayed_message", given, MESSAGES, GIVEN_BYTES, look);
}

struct Callgrind {
    server: Server,
    dumps: u32,
}

impl Callgrind {
    fn start() -> Self {
        Self { server: Server::start("callgrind", &["--callgrind-out-file=profile"]), dumps: 0 }
    }

    /// The execution since the last dump.
    async fn dump(&mut self, name: &str) -> Execution {
        self.server.tell(&["dump", name]).await;
        self.dumps += 1;
        let profile = fs::read_to_string(self.server.file(&format!("profile.{}", self.dumps))).unwrap();
        // `callgrind_annotate` counts calls that have not returned as the caller's own work; there are none.
        keep(&format!("{name}.callgrind"), &profile.replace("\ncalls=0 ", "\ncalls=1 "));
        Execution::parse(&profile)
    }
}

struct Massif {
    server: Server,
}

impl Massif {
    fn start() -> Self {
        // Only requested snapshots.
        let options = ["--time-unit=B", "--heap-admin=0", "--peak-inaccuracy=100", "--detailed-freq=1000000"];
        Self { server: Server::start("massif", &options) }
    }

    /// The heap at rest: ended connections are freed after a moment.
    async fn settled(&self, name: &str) -> Heap {
        let mut last = self.snapshot(name).await;
        let mut unchanged = 0;
        for _ in 0..MOST_LOOKS {
            let next = self.snapshot(name).await;
            unchanged = if next.live == last.live { unchanged + 1 } else { 0 };
            if unchanged == LOOKS {
                return next;
            }
            last = next;
        }
        panic!("the heap never comes to rest");
    }

    /// The present heap.
    async fn snapshot(&self, name: &str) -> Heap {
        let file = self.server.file(name);
        self.server.tell(&["detailed_snapshot", file.to_str().unwrap()]).await;
        let snapshot = fs::read_to_string(file).unwrap();
        keep(&format!("{name}.massif"), &snapshot);
        Heap::parse(&snapshot)
    }
}

/// Stores a profile for developers.
fn keep(name: &str, profile: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/counts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), profile).unwrap();
}
