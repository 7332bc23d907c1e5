-- A file of the release whose entries were known by their id alone (the second layout): a room of thirteen
-- entries, one of another door, and one of which a row was changed.

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

CREATE TABLE record (
    namespace TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    json      TEXT    NOT NULL,
    expires   INTEGER,
    checksum  BLOB    NOT NULL,
    PRIMARY KEY (namespace, name),
    UNIQUE (namespace, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_expires ON record (expires) WHERE expires IS NOT NULL;

INSERT INTO room VALUES
    ('a', 13, 621),
    ('kurento/talk', 1, 131),
    ('damaged', 2, 16);

INSERT INTO message VALUES
    ('a', 1, 'i:"m1"', '{"id":"m1","from":"3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11","name":"Ann","body":"hello","sent_at":"2026-11-21T09:30:00.123Z"}', x'c4f5d18665b4ac1ac581993cfc70a785'),
    ('a', 2, 'i:"x"', '{"id":"x","sender":"Bob","text":"saved"}', x'f806edc69fd86da42a16e79a13faefaf'),
    ('a', 3, 'i:7', '{"id":7,"from":"Bob","n":1}', x'8cfa5e52118c3df4cfc7d3c499e8ff67'),
    ('a', 4, 'i:7.0', '{"id":7.0,"from":"Bob","n":2}', x'2117e9d36d0187453fddbc0132e0c27e'),
    ('a', 5, 'i:8', '{"id":8,"from":"Bob","n":1}', x'fbd3f1c425ae36aa9d95905ce0b8ab3f'),
    ('a', 6, 'i:8.0', '{"id":8.0,"from":"Bob","n":1}', x'91110fcec98a127e8139ded9e678d164'),
    ('a', 7, 'c:2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df:0', '"ok"', x'582aff45b0e9c5025898203ffb8aea71'),
    ('a', 8, 'i:"nobody"', '{"id":"nobody","text":"no sender"}', x'ce71362b4637e23e395f60c5f800a019'),
    ('a', 9, 'c:2689367b205c16ce32ed4200942b8b8b1e262dfc70d9bc9fbc77c49699a4f1df:1', '"ok"', x'9a30c9a30d600d0c3ec7c2254abb3713'),
    ('a', 10, 'i:"m2"', '{"id":"m2","from":"3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11","name":"Ann","body":"bye","sent_at":"2026-11-21T09:30:00.123Z"}', x'b2c5aa7ecb0c349385fab210f0a62743'),
    ('a', 11, 'c:74611c1d6455b534323a21f8133a6f43dc3a8188e7b946f96dcc28dde932fcb2:0', '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]', x'c2c11acf1bc0837261617b9bdbe48b62'),
    ('a', 12, 'i:"m3"', '{"id":"m3","from":"3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11","body":"saved, not sent","x":1}', x'6771d1188530869664ca40395a049515'),
    ('a', 13, 'c:1b16b1df538ba12dc3f97edbb85caa7050d46c148134290feba80f8236c83db9:0', '[9007199254740993,1e3,"\u00e9"]', x'8e7d53bc9281735d9771ad65c7d7aaf2'),
    ('kurento/talk', 1, 'i:"m1"', '{"id":"m1","from":"3f1c1b52-7c51-4a0e-9f0d-3d0a6a1f9b11","name":"Ann","body":"in a namespace","sent_at":"2026-11-21T09:30:00.123Z"}', x'814279deb083551c4a71d03f10622641'),
    ('damaged', 1, 'i:1', '{"id":1}', x'bb677fb22a8b9e7b3fb93d27bfcba9ff'),
    ('damaged', 2, 'i:2', '{"id":2}', x'00000000000000000000000000000000');

PRAGMA journal_mode = WAL;
PRAGMA application_id = 0x53574244;
PRAGMA user_version = 2;
