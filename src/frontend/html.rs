//! Pages as a browser gets them: with the path prefix, and with the whole URL of the picture for previews.

use std::sync::Arc;

use axum::http::{Extensions, HeaderMap, header};
use bytes::Bytes;

use crate::protocols::{base_path::BasePath, proxies::TrustedProxies};

/// The element in every page to which its paths are relative, as it is built.
const BASE: &str = "<base href=\"/\"";

/// The address of the picture, as it is built.
const PICTURE: &str = "content=\"./preview.png\"";

/// Fills in pages.
pub struct Html {
    base: BasePath,
    proxies: Arc<TrustedProxies>,
}

impl Html {
    /// Fills in `base`, and the host and scheme that clients and `proxies` name.
    pub fn new(base: BasePath, proxies: Arc<TrustedProxies>) -> Self {
        Self { base, proxies }
    }

    /// Fills in a page for a request. Previews take no picture whose URL has no host.
    pub fn render(&self, page: &[u8], headers: &HeaderMap, extensions: &Extensions) -> Bytes {
        let page = String::from_utf8_lossy(page);
        let origin = self.origin(headers, extensions).unwrap_or_default();
        let picture = self.base.join("/preview.png");
        let page = page.replacen(BASE, &format!("<base href=\"{}\"", self.base.join("/")), 1);
        page.replacen(PICTURE, &format!("content=\"{origin}{picture}\""), 1).into()
    }

    /// The origin that the client uses. Without TLS in this process, only a proxy knows of `https`.
    fn origin(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<String> {
        let requested = self.proxies.requested(headers, extensions);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = requested.host.as_deref().or(host).filter(|host| is_plain(host))?;
        let (scheme, default) =
            if requested.scheme.as_deref() == Some("https") { ("https", 443) } else { ("http", 80) };
        let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
        let port = requested.port.filter(|port| !has_port && *port != default);
        Some(format!("{scheme}://{host}{}", port.map(|port| format!(":{port}")).unwrap_or_default()))
    }
}

/// True for a host that means the same in HTML.
fn is_plain(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::protocols::proxies::PeerAddress;

    const PAGE: &[u8] = b"<base href=\"/\" /><meta property=\"og:image\" content=\"./preview.png\" />";

    fn rendered(base: &str, lines: &[(&'static str, &str)]) -> String {
        let html = Html::new(base.parse().unwrap(), Arc::new("127.0.0.1".parse().unwrap()));
        let headers = lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(SocketAddr::from(([127, 0, 0, 1], 1))));
        String::from_utf8(html.render(PAGE, &headers.collect(), &extensions).to_vec()).unwrap()
    }

    #[test]
    fn a_page_names_its_prefix_and_the_whole_url_of_its_picture() {
        for (base, lines, prefix, picture) in [
            ("", &[("host", "a.example")][..], "/", "http://a.example/preview.png"),
            ("/v", &[("host", "[::1]:8080")], "/v/", "http://[::1]:8080/v/preview.png"),
            (
                "",
                &[("host", "a.example"), ("x-forwarded-proto", "https")],
                "/",
                "https://a.example/preview.png",
            ),
            (
                "",
                &[("host", "inner:8080"), ("forwarded", "proto=https;host=\"a.example:8443\"")],
                "/",
                "https://a.example:8443/preview.png",
            ),
            (
                "",
                &[("host", "a.example"), ("x-forwarded-proto", "https"), ("x-forwarded-port", "8443")],
                "/",
                "https://a.example:8443/preview.png",
            ),
            (
                "",
                &[("host", "a.example"), ("x-forwarded-proto", "https"), ("x-forwarded-port", "443")],
                "/",
                "https://a.example/preview.png",
            ),
            ("/v", &[], "/v/", "/v/preview.png"),
            ("", &[("host", "a\"><script>")], "/", "/preview.png"),
        ] {
            let page = rendered(base, lines);
            assert_eq!(
                page,
                format!("<base href=\"{prefix}\" /><meta property=\"og:image\" content=\"{picture}\" />"),
                "{lines:?}"
            );
        }
    }
}
