//! Tests of intent.
