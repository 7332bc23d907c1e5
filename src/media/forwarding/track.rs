//! Identifies the tracks of a publisher, by which subscribers' tracks are matched.

use str0m::media::{MediaKind, Rid};

/// The n-th audio or video track of a publisher, in the order of its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackKey {
    /// Audio or video.
    pub kind: MediaKind,
    /// The index, from 0.
    pub index: usize,
}

/// A layer of a simulcast; `None` for the only stream of a track without layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerName(pub Option<Rid>);

/// Counts tracks of each kind.
#[derive(Debug, Default)]
pub struct TrackCounter {
    sounds: usize,
    pictures: usize,
}

impl TrackCounter {
    /// The key of the next track of this kind.
    pub fn next(&mut self, kind: MediaKind) -> TrackKey {
        let count = match kind {
            MediaKind::Audio => &mut self.sounds,
            MediaKind::Video => &mut self.pictures,
        };
        *count += 1;
        TrackKey { kind, index: *count - 1 }
    }
}
