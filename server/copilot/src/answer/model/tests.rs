//! A scripted model words answers.
