//! Proof.

fn main() {}
