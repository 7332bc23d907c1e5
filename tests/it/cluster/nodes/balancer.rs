//! Nodes behind nginx, as `scripts/cluster.sh` runs them: the choice of the node, and the need for the
//! balancer.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use futures_util::future::join_all;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::support::{
    client::Client,
    daemon::Daemon,
    peer::Peer,
    poller::Poller,
    server::binary,
    wait::{TIMEOUT, until},
};

/// The processes of the script.
struct Cluster {
    /// Removed when this value is dropped.
    _whole: TempDir,
    folder: PathBuf,
    script: Daemon,
    addresses: Value,
}

impl Cluster {
    /// The cluster shared by tests that do not disturb it.
    async fn shared() -> &'static Self {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let whole = tempfile::tempdir().unwrap();
        let folder = whole.path().join("cluster");
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/cluster.sh"));
        command.args(["--without-mongodb", "--folder"]).arg(&folder);
        command.arg(binary());
        let script = Daemon::begin(whole.path(), &command);
        let file = folder.join("cluster.json");
        let ready = until("all of the cluster is ready", TIMEOUT, async || fs::read(&file).ok()).await;
        Self { _whole: whole, folder, script, addresses: serde_json::from_slice(&ready).unwrap() }
    }

    fn balancer(&self) -> &str {
        self.addresses["balancer"].as_str().unwrap()
    }

    fn nodes(&self) -> &[Value] {
        self.addresses["nodes"].as_array().unwrap()
    }

    fn node(&self, number: usize) -> &str {
        self.nodes()[number]["address"].as_str().unwrap()
    }

    /// The number of participants on each node.
    async fn people(&self) -> Vec<u32> {
        join_all(self.nodes().iter().map(async |node| {
            let url = format!("http://{}/metrics", node["ops"].as_str().unwrap());
            let metrics = reqwest::get(url).await.unwrap().text().await.unwrap();
            let line = metrics.lines().find_map(|line| line.strip_prefix("switchboard_participants "));
            line.unwrap().parse().unwrap()
        }))
        .await
    }

    /// The process ids by name.
    fn processes(&self) -> Vec<(String, i32)> {
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let pids = files.filter(|path| path.extension().is_some_and(|extension| extension == "pid"));
        pids.map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap().trim().parse().unwrap())
        })
        .collect()
    }

    fn process(&self, name: &str) -> Pid {
        let processes = self.processes();
        let (_, pid) = processes.iter().find(|(other, _)| other == name).unwrap();
        Pid::from_raw(*pid)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_polling_session_exists_on_its_own_node_only() {
    let cluster = Cluster::shared().await;
    let mut ann = Poller::open(cluster.node(0), [127, 0, 0, 1]).await;
    ann.connect().await;
    let elsewhere = ann.ask_at(cluster.node(1)).await;
    assert_eq!(elsewhere, (400, json!({"code": "1", "message": "Session ID unknown"})));
    ann.join("sticky", "Ann").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balancer_keeps_a_long_polling_session_on_its_node() {
    let cluster = Cluster::start().await;
    let calls = (1..=12).map(async |number: u8| {
        let room = number.to_string();
        let mut ann = Poller::open(cluster.balancer(), [127, 0, 1, number]).await;
        let mut bob = Poller::open(cluster.balancer(), [127, 0, 2, number]).await;
        ann.connect().await;
        bob.connect().await;
        let ann_id = ann.join(&room, "Ann").await["participant"].clone();
        let bob_id = bob.join(&room, "Bob").await["participant"].clone();
        for number in 0..20 {
            let candidate = json!({"remoteSocketId": ann_id, "candidate": {"number": number}});
            bob.emit("ice_candidate", &candidate).await;
        }
        for number in 0..20 {
            assert_eq!(ann.next("ice_candidate").await["candidate"]["number"], number);
        }
        // The upgrade to a WebSocket reaches the same node.
        let mut upgraded = ann.upgrade().await;
        let candidate = json!({"remoteSocketId": ann_id, "candidate": {"number": 20}});
        bob.emit("ice_candidate", &candidate).await;
        assert_eq!(upgraded.next("ice_candidate").await["candidate"]["number"], 20);
        assert_ne!(bob_id, ann_id);
        (ann, bob, upgraded)
    });
    let _calls = join_all(calls).await;
    let people = cluster.people().await;
    assert_eq!(people.iter().sum::<u32>(), 24);
    assert!(people.iter().all(|&people| people > 0), "addresses are not spread over the nodes: {people:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balancer_sends_websockets_to_the_node_with_fewest() {
    let cluster = Cluster::start().await;
    let mut clients = Vec::new();
    for number in 0..12 {
        let mut client = Client::connect(cluster.balancer(), "/socket.io/").await;
        client.join(&number.to_string(), "Ann").await;
        clients.push(client);
    }
    assert_eq!(cluster.people().await, [4, 4, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balancer_sends_a_kurento_room_to_one_node() {
    let cluster = Cluster::start().await;
    let mut peers = Vec::new();
    for room in 0..12_u8 {
        for person in 1..=3_u8 {
            let from = [127, 0, room, person].into();
            let mut peer = Peer::connect_from(from, cluster.balancer(), &format!("/room?room={room}")).await;
            let params = json!({"user": person.to_string(), "room": room.to_string()});
            peer.say(json!({"jsonrpc": "2.0", "method": "joinRoom", "params": params, "id": 0}).to_string())
                .await;
            let answer = peer.next().await;
            assert_eq!(
                answer["result"]["value"].as_array().map(Vec::len),
                Some(usize::from(person) - 1),
                "{answer}"
            );
            peers.push(peer);
        }
    }
    let people = cluster.people().await;
    assert!(
        people.iter().all(|&people| people % 3 == 0 && people < 36),
        "rooms are not spread over the nodes: {people:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balancer_skips_a_dead_node_and_the_script_restarts_it() {
    let cluster = Cluster::start().await;
    let former = cluster.process("node-2");
    kill(former, Signal::SIGKILL).unwrap();
    for number in 0..6 {
        let mut client = Client::connect(cluster.balancer(), "/socket.io/").await;
        client.join(&number.to_string(), "Ann").await;
    }
    let ready = format!("http://{}/readyz", cluster.nodes()[1]["ops"].as_str().unwrap());
    until("the node is ready again", TIMEOUT, async || {
        reqwest::get(&ready).await.ok().filter(|answer| answer.status() == 200)
    })
    .await;
    assert_ne!(cluster.process("node-2"), former);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_script_ends_every_process_it_started() {
    let cluster = Cluster::start().await;
    let processes = cluster.processes();
    assert!(processes.len() >= 5, "Redis, three nodes, nginx: {processes:?}");
    cluster.script.signal(Signal::SIGTERM);
    for (name, pid) in processes {
        let is_gone = async || kill(Pid::from_raw(pid), None).is_err().then_some(());
        until(&format!("{name} has ended"), TIMEOUT, is_gone).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cluster_script_shows_the_errors_of_nodes() {
    let cluster = Cluster::shared().await;
    let url = format!("http://{}/api/v1/signalling/save-chats/large", cluster.balancer());
    let chats = json!({"chats": ["x".repeat(1_200_000)]}).to_string();
    let request = reqwest::Client::new().put(url).header("content-type", "application/json").body(chats);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["code"], "payload_too_large");
}

#[test]
fn both_start_methods_fill_in_every_variable_of_the_balancer() {
    let template = include_str!("../../../../deploy/nginx.conf.template");
    let compose = include_str!("../../../../deploy/compose.yaml");
    let script = include_str!("../../../../scripts/cluster.sh");
    let open: Vec<_> =
        template.split("${BALANCER_").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    assert!(open.len() >= 3);
    for key in open {
        assert!(compose.contains(&format!("\n      BALANCER_{key}: ")), "{key} in compose.yaml");
        assert!(script.contains(&format!("\nfill {key} ")), "{key} in cluster.sh");
    }
}
