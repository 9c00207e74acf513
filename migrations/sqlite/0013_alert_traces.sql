-- The span in which an alert opened: trace id, span id and flags of W3C Trace Context, 25 bytes.

ALTER TABLE alerts ADD COLUMN trace BLOB;
