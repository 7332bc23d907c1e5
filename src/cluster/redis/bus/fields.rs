//! The fields of frames and messages. A length of four bytes precedes every text, payload and list.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::core::model::ids::{Name, ParticipantId, RoomId};

/// Bytes that are read field by field. Each method returns `None` if its field is malformed or incomplete.
pub(super) struct Fields(pub(super) Bytes);

impl Fields {
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.byte().map(|byte| byte != 0)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_be_bytes)
    }

    pub(super) fn id(&mut self) -> Option<[u8; 16]> {
        self.fixed()
    }

    pub(super) fn participant(&mut self) -> Option<ParticipantId> {
        self.id().map(ParticipantId::from_bytes)
    }

    pub(super) fn name(&mut self) -> Option<Name> {
        self.text(|text| text.parse().ok())
    }

    pub(super) fn room(&mut self) -> Option<RoomId> {
        self.text(|text| RoomId::from_whole(text).ok())
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.fixed()?)).ok()
    }

    /// Reads a text and converts it with `read`.
    pub(super) fn text<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let length = self.length()?;
        let value = read(str::from_utf8(self.0.get(..length)?).ok()?);
        self.0.advance(length);
        value
    }

    /// Reads a payload, as a slice of these bytes.
    pub(super) fn payload(&mut self) -> Option<Bytes> {
        let length = self.length()?;
        (length <= self.0.len()).then(|| self.0.split_to(length))
    }

    /// Reads a number, then as many items.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.length()?;
        (0..count).map(|_| read(self)).collect()
    }

    /// Reads a flag, then a value if the flag is set.
    #[expect(clippy::option_option, reason = "the outer one is `None` if the field is malformed")]
    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { Some(Some(read(self)?)) } else { Some(None) }
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.0.first_chunk()?;
        self.0.advance(N);
        Some(bytes)
    }
}

/// Appends fields.
pub(super) trait PutFields {
    fn put_flag(&mut self, flag: bool);
    fn put_length(&mut self, length: usize);
    fn put_payload(&mut self, bytes: &[u8]);
    fn put_option<T>(&mut self, value: Option<&T>, put: impl FnOnce(&T, &mut Self));
    fn put_list<T>(&mut self, values: &[T], put: impl Fn(&T, &mut Self));
}

impl PutFields for BytesMut {
    fn put_flag(&mut self, flag: bool) {
        self.put_u8(u8::from(flag));
    }

    fn put_length(&mut self, length: usize) {
        self.put_u32(u32::try_from(length).expect("no field is longer than 4 GiB"));
    }

    fn put_payload(&mut self, bytes: &[u8]) {
        self.put_length(bytes.len());
        self.put_slice(bytes);
    }

    fn put_option<T>(&mut self, value: Option<&T>, put: impl FnOnce(&T, &mut Self)) {
        self.put_flag(value.is_some());
        if let Some(value) = value {
            put(value, self);
        }
    }

    fn put_list<T>(&mut self, values: &[T], put: impl Fn(&T, &mut Self)) {
        self.put_length(values.len());
        for value in values {
            put(value, self);
        }
    }
}
