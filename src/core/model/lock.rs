//! Locking.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to whoever held the lock before. For state that is whole after every step that is taken
/// under its lock, so that a panic in between leaves nothing half done.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
