//! Finds the door or the page that answers at a path.
//!
//! It may be below the path prefix or not, and the path may end with a slash or not.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Uri, header, uri::PathAndQuery},
    response::{IntoResponse, Response},
};
use tower::Service;

use crate::{core::model::lock::lock, frontend, protocols::base_path::BasePath};

/// Routes requests to `doors`, and the rest to `page`.
///
/// A proxy may strip the prefix `base` or pass it on. A path counts without it where nothing answers below
/// it.
pub(super) fn router(doors: Router, page: Router, base: BasePath) -> Router {
    // Without a prefix, most requests have the path of a route: only the others are looked for.
    let first = if base == BasePath::default() { doors.clone() } else { Router::new() };
    let paths = Paths { doors: doors.fallback(return_request), page, base };
    first.fallback_service(Router::new().fallback(answer).with_state(Arc::new(paths)))
}

struct Paths {
    doors: Router,
    page: Router,
    base: BasePath,
}

/// A request that no route answers, on its way back in the extensions of a response.
#[derive(Clone)]
struct Returned(Arc<Mutex<Option<Request>>>);

async fn return_request(request: Request) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Returned(Arc::new(Mutex::new(Some(request)))));
    response
}

async fn answer(State(paths): State<Arc<Paths>>, mut request: Request) -> Response {
    let asked = request.uri().path().to_owned();
    let below = paths.base.strip(&asked);
    if let Some(below) = below {
        request = match paths.ask_doors(request, below).await {
            Ok(response) => return response,
            Err(request) => request,
        };
        // No page is a WebSocket: a door may have the very path that is the prefix.
        if frontend::has(below) && !request.headers().contains_key(header::UPGRADE) {
            return paths.ask_page(request, below).await;
        }
    }
    match paths.ask_doors(request, &asked).await {
        Ok(response) => response,
        Err(request) => {
            let path = below.filter(|_| !frontend::has(&asked)).unwrap_or(&asked);
            paths.ask_page(request, path).await
        }
    }
}

impl Paths {
    /// Asks the doors for `path`, and then without the slash at its end.
    async fn ask_doors(&self, request: Request, path: &str) -> Result<Response, Request> {
        let request = match self.ask_doors_once(request, path).await {
            Err(request) => request,
            answered => return answered,
        };
        match path.strip_suffix('/').filter(|shorter| !shorter.is_empty()) {
            Some(shorter) => self.ask_doors_once(request, shorter).await,
            None => Err(request),
        }
    }

    async fn ask_doors_once(&self, request: Request, path: &str) -> Result<Response, Request> {
        let Ok(mut response) = self.doors.clone().call(at(path, request)).await;
        let returned = response.extensions_mut().remove::<Returned>();
        returned.and_then(|Returned(request)| lock(&request).take()).map_or(Ok(response), Err)
    }

    async fn ask_page(&self, request: Request, path: &str) -> Response {
        self.page.clone().call(at(path, request)).await.into_response()
    }
}

/// The request, with its path replaced.
fn at(path: &str, mut request: Request) -> Request {
    if request.uri().path() != path {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        // A part of a valid path is valid.
        parts.path_and_query = format!("{path}{query}").parse::<PathAndQuery>().ok().or(parts.path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}
