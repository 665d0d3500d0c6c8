CREATE TABLE message (
    -- The order in which messages were said, whichever process stored them.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    -- The import and the line of it that the message comes from: an import that runs again finds what it has stored.
    source TEXT UNIQUE
) STRICT;

CREATE INDEX message_in_room ON message (room, id);
