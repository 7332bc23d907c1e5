//! A network between a node and a server, which tests can cut or silence.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Works,
    /// Every connection is closed, and every new one.
    Cut,
    /// Connections stay open, new ones are accepted, and nothing passes.
    Silent,
}

/// Listens on a port of its own, and passes everything on.
pub struct Proxy {
    pub address: String,
    network: watch::Sender<Network>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let network = watch::Sender::new(Network::Works);
        let changes = network.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server.clone(), changes.clone()));
            }
        });
        Self { address, network, accepting }
    }

    /// From now on.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(mut client: TcpStream, server: String, mut changes: watch::Receiver<Network>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    loop {
        let network = *changes.borrow_and_update();
        match network {
            Network::Cut => return,
            Network::Works => tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => return,
                outcome = changes.changed() => if outcome.is_err() { return },
            },
            Network::Silent => {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}
