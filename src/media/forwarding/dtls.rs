//! DTLS with one configuration for all connections.
//!
//! The library's default makes a configuration for each connection and validates every cipher, curve and
//! signature, which costs more than a handshake.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Instant,
};

use dimpl::{Config, Dtls};
use str0m::{
    config::{DtlsCert, DtlsVersion},
    crypto::{
        CryptoError, CryptoProvider,
        dtls::{DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion},
        from_feature_flags,
    },
};

/// The cryptography of all connections.
pub fn provider() -> CryptoProvider {
    CryptoProvider { dtls_provider: &Configured, ..from_feature_flags() }
}

#[derive(Debug)]
struct Configured;

impl DtlsProvider for Configured {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let (config, certificate) = (config(mtu)?, certificate.clone());
        let dtls = match version {
            DtlsVersion::Dtls12 => Dtls::new_12(config, certificate, now),
            DtlsVersion::Dtls13 => Dtls::new_13(config, certificate, now),
            _ => Dtls::new_auto(config, certificate, now),
        };
        Ok(Box::new(DtlsConnection(dtls)))
    }
}

/// The shared configuration, made at first use. All connections have the same `mtu` (bytes).
fn config(mtu: Option<usize>) -> Result<Arc<Config>, CryptoError> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    // Cookies prove a client's address, which ICE has already proved.
    let builder = Config::builder().use_server_cookie(false);
    let builder = if let Some(mtu) = mtu { builder.mtu(mtu) } else { builder };
    let config = builder.build().map_err(|error| CryptoError::Other(error.to_string()))?;
    Ok(CONFIG.get_or_init(|| config.into()).clone())
}

struct DtlsConnection(Dtls);

impl DtlsInstance for DtlsConnection {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buffer)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}

impl fmt::Debug for DtlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DtlsConnection").finish_non_exhaustive()
    }
}
