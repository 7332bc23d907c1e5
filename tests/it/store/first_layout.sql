-- A file as the first released layout has it, with a room of three entries.

CREATE TABLE room (
    name    TEXT    PRIMARY KEY,
    entries INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    room     TEXT    NOT NULL REFERENCES room (name),
    seq      INTEGER NOT NULL,
    key      TEXT    NOT NULL,
    json     TEXT    NOT NULL,
    checksum BLOB    NOT NULL,
    PRIMARY KEY (room, seq),
    UNIQUE (room, key)
) STRICT, WITHOUT ROWID;

INSERT INTO room VALUES ('a', 3, 81);

INSERT INTO message VALUES
    ('a', 1, 'i:5', '{"id":"5","text":"hello 5"}', x'9fea8f26d76d683243a276d5dffb9494'),
    ('a', 2, 'i:1', '{"id":"1","text":"hello 1"}', x'0415eb315c28c450bcc37ba6a895b34b'),
    ('a', 3, 'i:4', '{"id":"4","text":"hello 4"}', x'112da3c173098bc902bc6438fe279879');

PRAGMA journal_mode = WAL;
PRAGMA application_id = 0x53574244;
PRAGMA user_version = 1;
