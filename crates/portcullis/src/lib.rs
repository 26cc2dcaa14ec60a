//! Portcullis as a library: the gate between AI agents and the outside world, inside your own service.
//!
//! Never: logic of its own; only names of the crates below, each under one path, and the ready-made [`embedded`] ports.
//! Start: [`Spine`], which runs operations; [`embedded::open`] for something to run it on.
//!
//! ```no_run
//! use portcullis::operations::mcp_servers::ListMcpServers;
//! use portcullis::{CallContext, KeyEnvironment, Ports, Spine, SpineOptions, embedded, ids::RequestId, text::Name};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // A directory with a SQLite database and a master key. Any port may be replaced: `Ports { vault, ..ports }`.
//! let data = embedded::open(embedded::EmbeddedOptions::new("./portcullis-data")).await?;
//! let ports: Ports = data.ports();
//! let spine = Spine::new(ports, SpineOptions::new(KeyEnvironment::new("live")?))?;
//! let _background = spine.start_background().await?;
//!
//! // The first start founds a tenant; its key's text is shown this once.
//! if let Some(first) = spine.bootstrap(Name::new("default")?).await? {
//!     let principal = spine.authenticate(&first.secret.0).await?;
//!     let ctx = CallContext::new(principal, RequestId::generate(&*spine.ports().ids));
//!     let servers = spine.run(ctx, ListMcpServers::default()).await?;
//!     assert!(servers.items.is_empty());
//! }
//! # Ok(()) }
//! ```
//!
//! Typed requests go through [`Spine::run`], JSON through [`Spine::call`]; both are the same path. What is in
//! [`operations`] is a request, what is in [`records`] is what requests hold and answers are made of, and [`ports`] is
//! for those who bring their own vault, policy engine, store or transport.

pub mod embedded;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod operations;
pub mod ports;
pub mod records;
pub mod trail;

// The spine.
pub use portcullis_engines::api_keys::key_text::KeyEnvironment;
pub use portcullis_spine::{
    Background, CheckpointRules, Input, OperationRegistry, OperationSpec, Ports, RegistryError, Spine,
    SpineOptions,
};

// Who calls, and what goes wrong.
pub use portcullis_schemas::context::CallContext;
pub use portcullis_schemas::operation::{Authority, Effect, Operation};
pub use portcullis_schemas::principal::{ActorType, Principal, Scope};
pub use portcullis_schemas::secret::Secret;
pub use portcullis_schemas::{Error, ErrorKind, PortError, PortErrorKind};

// The small words of the vocabulary: error codes, ids, bounded texts, pages, and what is said of access tokens.
pub use portcullis_schemas::api_keys::tokens;
pub use portcullis_schemas::{codes, ids, paging, text};
