//! Boundary adapters: one feature-gated module per external service (object stores, chat, mail, vector stores).
//!
//! Never: a socket of its own; every adapter goes out through the `Egress` port of the vocabulary.
//! Start: there is no adapter yet. The first ones come with the connectors; each will be a module and a feature here,
//! and will run the conformance suite of its port.
