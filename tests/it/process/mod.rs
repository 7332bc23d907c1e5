//! The process as operators and browsers meet it: start, stop, log, metrics, and the page it serves.

mod lifecycle;
mod page;
