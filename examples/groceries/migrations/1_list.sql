-- No id is given out twice: sessions, and forms that are open, name people and items by it.
CREATE TABLE member (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL,
    is_admin INTEGER NOT NULL
) STRICT;

CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    amount INTEGER NOT NULL DEFAULT 1,
    note TEXT NOT NULL DEFAULT '',
    added_by TEXT NOT NULL,
    is_bought INTEGER NOT NULL DEFAULT 0,
    -- Counts the edits: who edits an older one than this is told.
    version INTEGER NOT NULL DEFAULT 1
) STRICT;

-- The order in which the list is shown.
CREATE INDEX item_in_order ON item (is_bought, id);
