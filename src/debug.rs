//! CPU profiles of the running process, on the operators' listener. For this machine only, unless configured
//! otherwise.
//!
//! Source: signals document, "Healthcheck & Debug Endpoints".

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
    middleware::{self, Next},
    response::Redirect,
    routing,
};
use pprof::{ProfilerGuardBuilder, protos::Message};
use tokio::{sync::Mutex, task::spawn_blocking, time::sleep};
use tracing::warn;

use crate::protocols::proxies::PeerAddress;

/// Length of a profile, in seconds: the default, and the maximum.
const DEFAULT_SECONDS: u64 = 30;
const MAX_SECONDS: u64 = 60;

/// Samples of the stacks per second. Not 100, which would sample in step with timers of ten milliseconds.
const FREQUENCY: i32 = 99;

/// Libraries in which stacks cannot be walked safely.
const NOT_WALKED: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

const INDEX: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Switchboard: profiles</title>\
    <h1>Profiles</h1><p><a href=\"profile?seconds=10\">CPU, for ten seconds</a>: in the format of pprof, up to 60 \
    seconds, one at a time. To look at it: <code>go tool pprof -http=: FILE</code>.";

/// The state of the profile endpoints.
#[derive(Clone)]
struct Debug {
    from_anywhere: bool,
    /// Locked while a profile is taken: the process has one profiling timer.
    profiling: Arc<Mutex<()>>,
}

/// Routes `/debug/pprof/` and the paths below it. Other machines are let in only if `from_anywhere`.
pub fn router(from_anywhere: bool) -> Router {
    let debug = Debug { from_anywhere, profiling: Arc::default() };
    let to_index = || async { Redirect::permanent("/debug/pprof/") };
    Router::new()
        .route("/debug", routing::get(to_index))
        .route("/debug/", routing::get(to_index))
        .route("/debug/pprof", routing::get(to_index))
        .route("/debug/pprof/", routing::get(index))
        .route("/debug/pprof/profile", routing::get(profile))
        .layer(middleware::from_fn_with_state(debug.clone(), admit))
        .with_state(debug)
}

async fn admit(State(debug): State<Debug>, request: Request, next: Next) -> Response<Body> {
    if debug.from_anywhere || is_local(&request) {
        next.run(request).await
    } else {
        answer(
            StatusCode::FORBIDDEN,
            "text/plain; charset=utf-8",
            "Only this machine may look here, unless DEBUG_FROM_ANYWHERE is set.\n",
        )
    }
}

/// True for requests of this machine itself. A proxy on this machine forwards the requests of others.
fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<PeerAddress>();
    let is_proxied =
        ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
    !is_proxied && peer.is_some_and(|PeerAddress(peer)| is_loopback(*peer))
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

async fn index() -> Response<Body> {
    answer(StatusCode::OK, "text/html; charset=utf-8", INDEX)
}

/// Answers `/debug/pprof/profile?seconds=N` with a profile of that length. Stops when the client disconnects.
async fn profile(State(debug): State<Debug>, RawQuery(query): RawQuery) -> Response<Body> {
    let refuse = |status, text: &'static str| answer(status, "text/plain; charset=utf-8", text);
    let Some(seconds) = seconds_in(query.as_deref()) else {
        return refuse(StatusCode::BAD_REQUEST, "seconds is a number from 1 to 60.\n");
    };
    let Ok(_alone) = debug.profiling.try_lock() else {
        return refuse(StatusCode::CONFLICT, "A profile is being taken already.\n");
    };
    match take_profile(Duration::from_secs(seconds)).await {
        Ok(profile) => {
            let mut response = answer(StatusCode::OK, "application/octet-stream", profile);
            let name = HeaderValue::from_static("attachment; filename=\"switchboard.pb\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "no profile could be taken");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "No profile can be taken here.\n")
        }
    }
}

fn seconds_in(query: Option<&str>) -> Option<u64> {
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    let mut given = pairs.filter_map(|pair| pair.strip_prefix("seconds="));
    let Some(seconds) = given.next() else { return Some(DEFAULT_SECONDS) };
    seconds.parse().ok().filter(|seconds| (1..=MAX_SECONDS).contains(seconds))
}

async fn take_profile(time: Duration) -> Result<Vec<u8>, pprof::Error> {
    let clock = ProfilerGuardBuilder::default().frequency(FREQUENCY).blocklist(&NOT_WALKED).build()?;
    sleep(time).await;
    // Resolving the names of functions takes CPU time.
    let named = spawn_blocking(move || Ok(clock.report().build()?.pprof()?.encode_to_vec()));
    named.await.unwrap_or(Err(pprof::Error::CreatingError))
}

/// Makes a response that is not cached and may load nothing.
fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let ours: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    response.headers_mut().extend(ours.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_a_profile_are_bounded() {
        for (query, seconds) in [
            (None, Some(DEFAULT_SECONDS)),
            (Some(""), Some(DEFAULT_SECONDS)),
            (Some("debug=1&seconds=5"), Some(5)),
            (Some("seconds=60"), Some(60)),
            (Some("seconds=61"), None),
            (Some("seconds=0"), None),
            (Some("seconds=-1"), None),
            (Some("seconds="), None),
        ] {
            assert_eq!(seconds_in(query), seconds, "{query:?}");
        }
    }

    #[test]
    fn only_unproxied_loopback_requests_are_local() {
        let is_local_from = |peer: &str, forwarded: Option<&'static str>| {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(PeerAddress(SocketAddr::new(peer.parse().unwrap(), 1)));
            if let Some(name) = forwarded {
                request.headers_mut().insert(name, HeaderValue::from_static("192.0.2.1"));
            }
            is_local(&request)
        };
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(is_local_from(peer, None), "{peer}");
            assert!(!is_local_from(peer, Some("x-forwarded-for")), "{peer}");
        }
        assert!(!is_local_from("192.0.2.1", None));
        assert!(!is_local(&Request::new(Body::empty())), "the peer is unknown");
    }
}
