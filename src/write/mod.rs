//! The only room that sends a write.
