//! Which track of a publisher's: what subscribers' tracks are matched by.

use str0m::media::{MediaKind, Rid};

/// The first, second … sound or picture of a publisher, in the order of its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrackKey {
    /// Sound or picture.
    pub kind: MediaKind,
    /// From 0.
    pub index: usize,
}

/// One layer of a simulcast, or the only stream of a track that has no layers, and no name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerName(pub Option<Rid>);

/// Counts tracks of each kind.
#[derive(Debug, Default)]
pub struct TrackCounter {
    sounds: usize,
    pictures: usize,
}

impl TrackCounter {
    /// The next of its kind.
    pub fn next(&mut self, kind: MediaKind) -> TrackKey {
        let count = match kind {
            MediaKind::Audio => &mut self.sounds,
            MediaKind::Video => &mut self.pictures,
        };
        *count += 1;
        TrackKey { kind, index: *count - 1 }
    }
}
