//! SFUs that another service starts: a webhook receives an order for each.

use std::{fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Serialize;
use tokio::{sync::Semaphore, time::timeout};

use super::{RoomStarter, StartError, StartOrder};

/// The most calls of the webhook at once.
const MAX_CALLS: usize = 8;

/// The address of a webhook. Not printed: it may contain a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook(Option<Uri>);

impl FromStr for Webhook {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        let uri: Option<Uri> = text.trim().parse().ok();
        let uri =
            uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
        uri.map(|uri| Self(Some(uri))).ok_or("an address is like https://sfus.example/start")
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_none() { "Webhook(not set)" } else { "Webhook(…)" })
    }
}

/// Posts `{"id", "url"}` for each SFU. Any 2xx answer means that the SFU will connect.
pub struct WebhookStarter {
    address: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    calls: Semaphore,
    limit: Duration,
}

#[derive(Serialize)]
struct WebhookBody<'a> {
    id: &'a str,
    url: &'a str,
}

impl WebhookStarter {
    /// Creates a starter for `webhook`, if one is configured; an answer may take `limit`.
    pub fn new(webhook: &Webhook, limit: Duration) -> Option<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::aws_lc_rs::default_provider())
            .ok()?
            .https_or_http()
            .enable_http1()
            .build();
        Some(Self {
            address: webhook.0.clone()?,
            client: Client::builder(TokioExecutor::new()).build(connector),
            calls: Semaphore::new(MAX_CALLS),
            limit,
        })
    }
}

#[async_trait]
impl RoomStarter for WebhookStarter {
    async fn start(&self, order: StartOrder) -> Result<(), StartError> {
        let _permit = self.calls.try_acquire().map_err(|_| StartError::Enough)?;
        let wanted = WebhookBody { id: order.sfu.as_str(), url: &order.url };
        let body = serde_json::to_vec(&wanted).expect("our own messages are always JSON");
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.address.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body.into()))
            .map_err(|error| StartError::Unreachable(error.into()))?;
        let answer = timeout(self.limit, self.client.request(request)).await;
        let answer = answer.map_err(|_| StartError::TooLate)?;
        let status = answer.map_err(|error| StartError::Unreachable(error.into()))?.status();
        if status.is_success() { Ok(()) } else { Err(StartError::Refused(status)) }
    }
}
