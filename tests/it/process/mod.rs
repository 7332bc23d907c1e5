//! The process for operators and browsers: start, stop, log, metrics and the page.

mod base_path;
mod http;
mod lifecycle;
mod origins;
mod page;
