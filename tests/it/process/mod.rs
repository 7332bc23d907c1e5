//! The process for operators and browsers: start, stop, log, metrics and the page.

mod lifecycle;
mod page;
