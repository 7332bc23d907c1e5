//! A test of the load generator: it must detect every fault of a relay.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};
use tokio_tungstenite::tungstenite::{self, Error, Message, Utf8Bytes, WebSocket, protocol::Role};

use crate::{
    load::{
        floor::Floor,
        media::ledger::{self, Counted, Datagrams, Ledger},
        pair::{self, Place},
        wire::Signal,
    },
    model::contender::Contender,
};

/// The number of the message with the fault.
const VICTIM: usize = 5;

/// Number of media packets, their sender, and the length of their header.
const PACKETS: u64 = 20;
const ANN: u32 = 7;
const RTP_HEADER_BYTES: usize = 12;

/// Duration of an exchange; enough for many more messages.
const DURATION: Duration = Duration::from_millis(200);

/// Messages a second at a fixed rate.
const RATE: u32 = 1_000;

/// The manner of the exchange.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Window,
    Rate,
}

/// The fault of a message, or of two successive ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Lost,
    Doubled,
    Changed,
    Swapped,
}

/// Fails if a fault is not detected, or if one is detected where there is none.
pub async fn run() -> anyhow::Result<()> {
    check_accounts()?;
    for manner in [Manner::Window, Manner::Rate] {
        talk_through(Fault::None, manner).await.context("a good relay was taken for a bad one")?;
        for fault in [Fault::Lost, Fault::Doubled, Fault::Changed, Fault::Swapped] {
            let seen = talk_through(fault, manner).await.is_err();
            ensure!(seen, "the load generator does not notice a message that is {fault:?} ({manner:?})");
        }
    }
    Ok(())
}

/// Media packets have no fixed order; the ledger checks them.
fn check_accounts() -> anyhow::Result<()> {
    let accounts = [
        (Fault::None, Some((PACKETS, 0))),
        (Fault::Lost, Some((PACKETS - 1, 0))),
        (Fault::Doubled, None),
        (Fault::Changed, None),
        (Fault::Swapped, Some((PACKETS, 1))),
    ];
    for (fault, expected) in accounts {
        let packets = packets_with(fault)?;
        let mut ledger = Ledger::new(ANN);
        let entered = packets.iter().try_for_each(|packet| ledger.enter(&packet[RTP_HEADER_BYTES..]));
        let Counted { packets: come, late, .. } = ledger.counted;
        ensure!(
            entered.is_ok().then_some((come, late)) == expected,
            "the load generator does not notice a packet that is {fault:?}"
        );
        let mut datagrams = Datagrams::default();
        let entered = packets.iter().try_for_each(|packet| datagrams.enter(packet));
        ensure!(entered.is_err() == (fault == Fault::Doubled), "the load generator miscounts datagrams");
    }
    Ok(())
}

/// Ann's packets with a fault.
fn packets_with(fault: Fault) -> anyhow::Result<Vec<Vec<u8>>> {
    let packet = |number: u64| {
        // Source of the header: RFC 3550, section 5.1.
        let mut packet = vec![0x80, 96, 0, u8::try_from(number)?, 0, 0, 0, 0, 0, 0, 0, 1];
        ledger::write(&mut packet, ANN, number.try_into()?, 100);
        anyhow::Ok(packet)
    };
    let mut packets: Vec<_> = (0..PACKETS).map(packet).collect::<anyhow::Result<_>>()?;
    match fault {
        Fault::None => {}
        Fault::Lost => drop(packets.remove(VICTIM)),
        Fault::Doubled => packets.insert(VICTIM, packets[VICTIM].clone()),
        Fault::Changed => packets[VICTIM][60] ^= 1,
        Fault::Swapped => packets.swap(VICTIM, VICTIM + 1),
    }
    Ok(packets)
}

/// Exchanges messages through a relay with a fault, two at once or at a rate.
async fn talk_through(fault: Fault, manner: Manner) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // The relay ends with its two connections.
    thread::spawn(move || relay(&listener, fault));
    let place = Place { contender: Contender::Tungstenite, address, opposite: address };
    let pair = pair::meet(place, 0, Signal::Candidate).await?;
    let mut floor = Floor::enter(pair.into()).await?;
    match manner {
        Manner::Window => floor.talk(2, DURATION).map(drop),
        Manner::Rate => floor.talk_at_a_rate(RATE, DURATION).map(drop),
    }
}

/// Relays from Ann to Bob with a fault, and back without.
fn relay(listener: &TcpListener, fault: Fault) -> tungstenite::Result<()> {
    let ann = tungstenite::accept(listener.accept()?.0).map_err(|_| Error::ConnectionClosed)?;
    let bob = tungstenite::accept(listener.accept()?.0).map_err(|_| Error::ConnectionClosed)?;
    let [to_ann, to_bob] = [&ann, &bob].map(|socket| socket.get_ref().try_clone());
    let (to_ann, to_bob) = (to_ann?, to_bob?);
    thread::spawn(move || carry(bob, to_ann, Fault::None));
    carry(ann, to_bob, fault)
}

fn carry(mut from: WebSocket<TcpStream>, to: TcpStream, fault: Fault) -> tungstenite::Result<()> {
    let mut to = WebSocket::from_raw_socket(to, Role::Server, None);
    let mut held = None;
    for number in 0.. {
        let Message::Text(text) = from.read()? else { break };
        for text in changed(text, number, fault, &mut held) {
            to.send(Message::Text(text))?;
        }
    }
    Ok(())
}

/// Applies the fault to the message `number`.
fn changed(text: Utf8Bytes, number: usize, fault: Fault, held: &mut Option<Utf8Bytes>) -> Vec<Utf8Bytes> {
    if number != VICTIM {
        return [Some(text), held.take()].into_iter().flatten().collect();
    }
    match fault {
        Fault::None => vec![text],
        Fault::Lost => Vec::new(),
        Fault::Doubled => vec![text.clone(), text],
        Fault::Changed => vec![text.replacen("192.0.2.1", "192.0.2.2", 1).into()],
        Fault::Swapped => {
            *held = Some(text);
            Vec::new()
        }
    }
}
