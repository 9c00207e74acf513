-- The query whose answer a prediction speaks of, so that it can be asked and drawn again.

ALTER TABLE predictions ADD COLUMN query TEXT COLLATE "C" NOT NULL DEFAULT '';
