//! OTLP decoded from both encodings, and its answers.
