//! What developers ask of a process that runs: where its CPU time goes. Beside the operators' endpoints, for this
//! machine alone unless it is set otherwise.
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

use crate::protocols::admission::PeerAddress;

/// How long a profile is taken when nobody says, and at most.
const DEFAULT_SECONDS: u64 = 30;
const MAX_SECONDS: u64 = 60;

/// How often a second the stacks are looked at. Not a hundred times, so as not to keep step with what happens every
/// ten milliseconds.
const FREQUENCY: i32 = 99;

/// Libraries in whose code no stack can be walked safely.
const NOT_WALKED: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

const INDEX: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Switchboard: profiles</title>\
    <h1>Profiles</h1><p><a href=\"profile?seconds=10\">CPU, for ten seconds</a>: in the format of pprof, up to 60 \
    seconds, one at a time. To look at it: <code>go tool pprof -http=: FILE</code>.";

/// What must be known to serve these.
#[derive(Clone)]
struct Debug {
    from_anywhere: bool,
    /// Held while a profile is taken: the process has one clock for it.
    profiling: Arc<Mutex<()>>,
}

/// `/debug/pprof/` and what is below it. Other machines get it only if `from_anywhere`.
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
    if debug.from_anywhere || is_from_here(&request) {
        next.run(request).await
    } else {
        answer(
            StatusCode::FORBIDDEN,
            "text/plain; charset=utf-8",
            "Only this machine may look here, unless DEBUG_FROM_ANYWHERE is set.\n",
        )
    }
}

/// A proxy on this machine speaks for others.
fn is_from_here(request: &Request) -> bool {
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

/// `/debug/pprof/profile?seconds=N`: takes a profile for so long, and stops if whoever asked goes away.
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
    // Looking names of functions up is work.
    let named = spawn_blocking(move || Ok(clock.report().build()?.pprof()?.encode_to_vec()));
    named.await.unwrap_or(Err(pprof::Error::CreatingError))
}

/// A page or a file that is never kept, and does nothing.
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
    fn a_profile_takes_a_bounded_time() {
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
    fn only_this_machine_is_here_and_no_proxy_on_it() {
        let is_here = |peer: &str, forwarded: Option<&'static str>| {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(PeerAddress(SocketAddr::new(peer.parse().unwrap(), 1)));
            if let Some(name) = forwarded {
                request.headers_mut().insert(name, HeaderValue::from_static("192.0.2.1"));
            }
            is_from_here(&request)
        };
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(is_here(peer, None), "{peer}");
            assert!(!is_here(peer, Some("x-forwarded-for")), "{peer}");
        }
        assert!(!is_here("192.0.2.1", None));
        assert!(!is_from_here(&Request::new(Body::empty())), "nobody knows from where");
    }
}
