//! A network between a node and a server, which tests can cut or silence.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// The state of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Works,
    /// Connections are closed, new ones too.
    Cut,
    /// Connections stay open, new ones are accepted, and no byte passes until the network works.
    Silent,
    /// Like silent, but bytes from the server pass.
    Mute,
    /// Like silent, but bytes to the server pass.
    Deaf,
}

/// Listens on a port of its own and forwards every connection.
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

    /// Sets the state from now on.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(client: TcpStream, server: String, changes: watch::Receiver<Network>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // The end of one direction closes both.
    tokio::select! {
        () = pass_one_way(from_client, to_server, Network::Deaf, changes.clone()) => {}
        () = pass_one_way(from_server, to_client, Network::Mute, changes) => {}
    }
}

/// Forwards bytes while the state allows this direction. Other bytes wait, as TCP would repeat them.
async fn pass_one_way(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passes: Network,
    mut changes: watch::Receiver<Network>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let network = *changes.borrow_and_update();
        if network == Network::Cut {
            return;
        }
        let is_open = network == Network::Works || network == passes;
        tokio::select! {
            read = from.read(&mut buffer), if is_open => match read {
                Ok(count @ 1..) if to.write_all(&buffer[..count]).await.is_ok() => {}
                _ => return,
            },
            outcome = changes.changed() => if outcome.is_err() { return },
        }
    }
}
