//! The fields of which frames and messages are made. Texts and payloads have their length before them, in four bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes that are read field by field; each is `None` if what is left does not begin with such a one.
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

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.fixed()?)).ok()
    }

    /// What `read` makes of a text.
    pub(super) fn text<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let length = self.length()?;
        let value = read(str::from_utf8(self.0.get(..length)?).ok()?);
        self.0.advance(length);
        value
    }

    /// A slice of these bytes.
    pub(super) fn payload(&mut self) -> Option<Bytes> {
        let length = self.length()?;
        (length <= self.0.len()).then(|| self.0.split_to(length))
    }

    /// As many things as the number says that is before them.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.length()?;
        (0..count).map(|_| read(self)).collect()
    }

    /// What `read` makes of it, if there is something.
    #[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
    pub(super) fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { Some(Some(read(self)?)) } else { Some(None) }
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.0.first_chunk()?;
        self.0.advance(N);
        Some(bytes)
    }
}

/// Writes fields behind what is there.
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
        self.put_u32(u32::try_from(length).expect("nothing that is sent is as long as that"));
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
