//! Records in SQL. A row whose checksum does not match is never served.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::row::{Checksum, RowError, text};
use crate::core::ports::record_store::{Created, Record, RecordKey, from_millis, to_millis};

/// The most records removed in one step, so that other steps do not wait long.
pub(super) const FORGOTTEN_AT_ONCE: usize = 256;

/// Writes `record` unless an unexpired one has its key, within the caller's transaction.
pub(super) fn create(
    connection: &Connection,
    key: &RecordKey,
    record: &Record,
    now: SystemTime,
) -> Result<Created, RowError> {
    if let Some(stored) = find(connection, key)? {
        if !stored.record.has_expired(now) {
            return Ok(Created::Existing(stored.record));
        }
        delete(connection, key)?;
    }
    let seq = next_seq(connection, key.namespace)?;
    let expires = record.expires.map(to_millis);
    let checksum = checksum(key, seq, &record.json, expires).finish();
    connection
        .prepare_cached(
            "INSERT INTO record (namespace, name, seq, json, expires, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![key.namespace, &*key.name, seq, &*record.json, expires, checksum])?;
    Ok(Created::Stored)
}

/// Reads the record under `key`, unless it has expired.
pub(super) fn get(
    connection: &Connection,
    key: &RecordKey,
    now: SystemTime,
) -> Result<Option<Record>, RowError> {
    let found = find(connection, key)?.map(|stored| stored.record);
    Ok(found.filter(|record| !record.has_expired(now)))
}

/// Replaces the record whose content is `expected`; returns whether there was one.
pub(super) fn replace(
    connection: &Connection,
    key: &RecordKey,
    expected: &str,
    record: &Record,
    now: SystemTime,
) -> Result<bool, RowError> {
    let unchanged = |stored: &RecordRow| &*stored.record.json == expected && !stored.record.has_expired(now);
    let Some(stored) = find(connection, key)?.filter(unchanged) else { return Ok(false) };
    let expires = record.expires.map(to_millis);
    let checksum = checksum(key, stored.seq, &record.json, expires).finish();
    connection
        .prepare_cached(
            "UPDATE record SET json = ?3, expires = ?4, checksum = ?5 WHERE namespace = ?1 AND name = ?2",
        )?
        .execute(params![key.namespace, &*key.name, &*record.json, expires, checksum])?;
    Ok(true)
}

/// Removes the record if its content is `expected`; returns whether it was.
pub(super) fn remove(connection: &Connection, key: &RecordKey, expected: &str) -> Result<bool, RowError> {
    match find(connection, key)? {
        Some(stored) if &*stored.record.json == expected => {
            delete(connection, key)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Lists at most `limit` unexpired records of `namespace`, oldest first.
pub(super) fn list(
    connection: &Connection,
    namespace: &'static str,
    limit: usize,
    now: SystemTime,
) -> Result<Vec<(RecordKey, Record)>, RowError> {
    let mut select = connection.prepare_cached(
        "SELECT name, seq, json, expires, checksum FROM record
         WHERE namespace = ?1 AND (expires IS NULL OR expires > ?2) ORDER BY seq LIMIT ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query(params![namespace, to_millis(now), limit])?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        let key = RecordKey { namespace, name: text(row, "name")?.into() };
        let record = verified(row, &key)?.record;
        list.push((key, record));
    }
    Ok(list)
}

/// Removes at most [`FORGOTTEN_AT_ONCE`] expired records; returns their number.
pub(super) fn forget_expired(connection: &Connection, now: SystemTime) -> Result<usize, RowError> {
    connection
        .prepare_cached(
            "DELETE FROM record WHERE (namespace, name) IN
             (SELECT namespace, name FROM record WHERE expires <= ?1 ORDER BY expires LIMIT ?2)",
        )?
        .execute(params![to_millis(now), FORGOTTEN_AT_ONCE])
        .map_err(RowError::from)
}

/// A record, and its number within its namespace.
struct RecordRow {
    seq: i64,
    record: Record,
}

fn find(connection: &Connection, key: &RecordKey) -> Result<Option<RecordRow>, RowError> {
    connection
        .prepare_cached("SELECT seq, json, expires, checksum FROM record WHERE namespace = ?1 AND name = ?2")?
        .query_row([key.namespace, &key.name], |row| Ok(verified(row, key)))
        .optional()?
        .transpose()
}

/// The next number: one more than the largest.
fn next_seq(connection: &Connection, namespace: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM record WHERE namespace = ?1")?
        .query_row([namespace], |row| row.get(0))
}

fn delete(connection: &Connection, key: &RecordKey) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM record WHERE namespace = ?1 AND name = ?2")?
        .execute([key.namespace, &key.name])?;
    Ok(())
}

fn verified(row: &Row<'_>, key: &RecordKey) -> Result<RecordRow, RowError> {
    let (seq, json, expires) = (row.get("seq")?, text(row, "json")?, row.get("expires")?);
    checksum(key, seq, json, expires).verify(row)?;
    Ok(RecordRow { seq, record: Record { json: json.into(), expires: expires.map(from_millis) } })
}

fn checksum(key: &RecordKey, seq: i64, json: &str, expires: Option<i64>) -> Checksum {
    let parts = Checksum::new().number(seq.cast_unsigned());
    let parts = parts.text(key.namespace).text(&key.name).text(json);
    match expires {
        None => parts.number(0),
        Some(millis) => parts.number(1).number(millis.cast_unsigned()),
    }
}
