//! What becomes of a cluster while Surety, or the API server, is away.
fn main() {}
