//! The forwarding media plane over real sockets, UDP and TCP, with a browser's WebRTC on each side.
#![cfg(feature = "media")]

pub mod peer;

use std::{num::NonZeroU32, sync::Arc};

use switchboard::{
    core::{model::ids::ParticipantId, ports::clock::SystemClock},
    media::{
        EndpointError, EndpointId, Limit, MediaCodec, MediaEvent, MediaPlane, MediaSettings,
        NegotiationError, NewEndpoint, Owner, Publication, Role, forwarding::Forwarding,
        settings::MediaLimits,
    },
};

use self::peer::{Peer, Way};

fn start(limits: MediaLimits) -> Forwarding {
    let settings = MediaSettings {
        listen: vec!["127.0.0.1".parse().unwrap()],
        advertise: Vec::new(),
        port: 0,
        threads: 2,
        codecs: vec![MediaCodec::Opus, MediaCodec::Vp8],
        limits,
    };
    let clock: Arc<dyn switchboard::core::ports::clock::Clock> = Arc::new(SystemClock);
    Forwarding::start(&settings, &clock).unwrap()
}

const LIMITS: MediaLimits = MediaLimits {
    per_participant: 2,
    per_room: 10,
    in_all: 20,
    descriptions_per_minute: NonZeroU32::new(20).unwrap(),
};

fn owner(room: &str) -> Owner {
    Owner { room: room.parse().unwrap(), participant: ParticipantId::random() }
}

fn endpoint(owner: &Owner, role: Role) -> NewEndpoint {
    NewEndpoint { owner: owner.clone(), role, listener: Arc::new(|_: EndpointId, _: MediaEvent| {}) }
}

fn publish() -> Role {
    Role::Publish(Publication::default())
}

async fn call(way: Way) {
    let media = start(LIMITS);
    let (ann, bob) = (owner("7"), owner("7"));
    let mut publisher = Peer::new(way).await;
    let offer = publisher.offer_to_send();
    let opened = media.answer(endpoint(&ann, publish()), &offer).await.unwrap();
    publisher.take_answer(&opened.description);
    let mut subscriber = Peer::new(way).await;
    let offer = subscriber.offer_to_receive();
    let role = Role::Subscribe { source: ann.participant };
    let opened = media.answer(endpoint(&bob, role), &offer).await.unwrap();
    subscriber.take_answer(&opened.description);
    let sending = tokio::spawn(publisher.send_for_ever());
    subscriber.until_got(50).await;
    media.close_participant(&bob);
    subscriber.until_over().await;
    assert_eq!(media.owners(), [ann]);
    sending.abort();
    media.shut_down().await;
    assert!(media.owners().is_empty());
}

#[tokio::test]
async fn media_flows_over_udp() {
    call(Way::Udp).await;
}

#[tokio::test]
async fn media_flows_over_tcp() {
    call(Way::Tcp).await;
}

#[tokio::test]
async fn every_exceeded_limit_is_named() {
    let media = start(LIMITS);
    let ann = owner("7");
    let mut peer = Peer::new(Way::Udp).await;
    let offer = peer.offer_to_send();
    let open = || media.answer(endpoint(&ann, publish()), &offer);
    let first = open().await.unwrap();
    let again = media.reoffer(first.endpoint, "hello").await;
    assert!(matches!(again, Err(NegotiationError::Description(_))), "{again:?}");
    for _ in 0..3 {
        open().await.unwrap();
    }
    assert_eq!(media.owners(), std::slice::from_ref(&ann), "what was published before is replaced");
    media.close(first.endpoint);
    assert_eq!(media.reoffer(first.endpoint, &offer).await, Err(NegotiationError::NoSuchEndpoint));
    let mut last = Ok(());
    for _ in 0..30 {
        last = media.answer(endpoint(&ann, publish()), &offer).await.map(|_| ());
    }
    assert_eq!(last, Err(EndpointError::TooMany(Limit::Descriptions)));
    media.shut_down().await;
    let bob = owner("7");
    assert_eq!(media.answer(endpoint(&bob, publish()), &offer).await, Err(EndpointError::Unavailable));
    assert!(media.owners().is_empty(), "{:?}", media.owners());
}

#[tokio::test]
async fn dropped_negotiation_leaves_no_endpoint_behind() {
    let media = start(LIMITS);
    let ann = owner("7");
    let offer = Peer::new(Way::Udp).await.offer_to_send();
    loop {
        let mut opening = Box::pin(media.answer(endpoint(&ann, publish()), &offer));
        if futures_util::poll!(opening.as_mut()).is_pending() {
            assert_eq!(media.owners(), [ann]);
            break;
        }
        // The answer came at once: this request was not dropped while it waited.
        media.close_participant(&ann);
    }
    assert!(media.owners().is_empty());
}
