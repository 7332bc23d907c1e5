//! The filter of the log in settings.

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Checks a filter: levels (`info`), and pairs of a module and a level (`switchboard::store=debug`).
///
/// # Errors
/// A part is neither. The library would take `verbose` for a module, and log nothing but that.
pub fn log_filter(text: &str) -> Result<String, String> {
    let text = text.trim();
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let is_level = directive.parse::<LevelFilter>().is_ok();
        if !is_level
            && !directive.contains(['=', '['])
            && !directive.contains("::")
            && directive != "switchboard"
        {
            return Err(format!("{directive} is no level: off, error, warn, info, debug or trace"));
        }
    }
    EnvFilter::try_new(text)
        .map_err(|_| "a filter is like info, or switchboard::store=debug,info".to_owned())?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_levels_in_any_case_and_modules() {
        for text in
            ["info", "WARN", "Off", "info,switchboard::store=Debug", "switchboard=trace", "hyper=off, error"]
        {
            assert_eq!(log_filter(text).as_deref(), Ok(text));
        }
        for text in ["verbose", "warning", "all", "info,loud", "switchboard=loud", "=,=", "true"] {
            assert!(log_filter(text).is_err(), "{text}");
        }
    }
}
