//! The process for operators and browsers: start, stop, log, metrics and the page.

mod back_ends;
mod base_path;
mod http;
mod lifecycle;
mod origins;
mod page;
mod recipes;
mod reload;
mod settings;
mod values;
