//! The operation registry: the only way from a name to code.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use portcullis_schemas::codes;
use portcullis_schemas::operation::{Authority, Effect, Operation};
use portcullis_schemas::{Error, ErrorKind};
use serde_json::Value;

use crate::input::Input;
use crate::scene::Scene;

/// A value whose type the registry has forgotten.
pub(crate) type Erased = Box<dyn Any + Send>;
type HandlerFuture = Pin<Box<dyn Future<Output = Result<Erased, Error>> + Send>>;

/// What handles an operation: `async fn(Scene, Op) -> Result<Op::Output, Error>`.
pub trait Handler<Op: Operation>: Send + Sync + 'static {
    /// Handles one request.
    fn handle(
        &self,
        scene: Scene,
        request: Op,
    ) -> impl Future<Output = Result<Op::Output, Error>> + Send + 'static;
}

impl<Op, F, Fut> Handler<Op> for F
where
    Op: Operation,
    F: Fn(Scene, Op) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Op::Output, Error>> + Send + 'static,
{
    fn handle(
        &self,
        scene: Scene,
        request: Op,
    ) -> impl Future<Output = Result<Op::Output, Error>> + Send + 'static {
        self(scene, request)
    }
}

/// What is known of an operation without running it: its contract.
#[derive(Clone)]
pub struct OperationSpec {
    /// Name.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// What the caller must hold.
    pub authority: Authority,
    /// What it does to the world.
    pub effect: Effect,
    request_schema: fn() -> Value,
    output_schema: fn() -> Value,
}

impl OperationSpec {
    /// The contract of an operation.
    pub fn of<Op: Operation>() -> Self {
        Self {
            name: Op::NAME,
            summary: Op::SUMMARY,
            authority: Op::AUTHORITY,
            effect: Op::EFFECT,
            request_schema: || schemars::schema_for!(Op).to_value(),
            output_schema: || schemars::schema_for!(Op::Output).to_value(),
        }
    }

    /// JSON Schema (2020-12) of the request.
    pub fn request_schema(&self) -> Value {
        (self.request_schema)()
    }

    /// JSON Schema (2020-12) of the output.
    pub fn output_schema(&self) -> Value {
        (self.output_schema)()
    }
}

impl fmt::Debug for OperationSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.name, self.authority, self.effect)
    }
}

/// A registered operation: its contract, and the three steps of a dispatch.
pub(crate) struct Entry {
    pub(crate) spec: OperationSpec,
    pub(crate) decode: fn(Input) -> Result<Erased, Error>,
    handle: Box<dyn Fn(Scene, Erased) -> HandlerFuture + Send + Sync>,
    pub(crate) encode: fn(Erased) -> Result<Vec<u8>, Error>,
}

impl Entry {
    /// Runs the handler on a decoded request.
    pub(crate) fn handle(&self, scene: Scene, request: Erased) -> HandlerFuture {
        (self.handle)(scene, request)
    }
}

/// Why a registration was refused. A defect of wiring, found at start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Registration after the freeze.
    #[error("the registry is frozen: register `{0}` before the spine starts")]
    Frozen(&'static str),
    /// A second handler for one name.
    #[error("`{0}` has a handler already: an operation has exactly one")]
    Duplicate(&'static str),
}

/// Operations by name. Filled at start, then frozen for good.
#[derive(Default)]
pub struct OperationRegistry {
    entries: BTreeMap<&'static str, Arc<Entry>>,
    frozen: bool,
}

impl OperationRegistry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the one handler of an operation.
    ///
    /// # Errors
    /// When the registry is frozen, or the operation has a handler.
    pub fn on<Op: Operation>(&mut self, handler: impl Handler<Op>) -> Result<(), RegistryError> {
        if self.frozen {
            return Err(RegistryError::Frozen(Op::NAME));
        }
        if self.entries.contains_key(Op::NAME) {
            return Err(RegistryError::Duplicate(Op::NAME));
        }
        self.entries.insert(Op::NAME, Arc::new(entry::<Op>(handler)));
        Ok(())
    }

    /// Ends registration. One way.
    pub fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Whether registration has ended.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// The contracts of all operations, by name.
    pub fn specs(&self) -> impl Iterator<Item = &OperationSpec> {
        self.entries.values().map(|entry| &entry.spec)
    }

    /// The contract of one operation.
    pub fn spec(&self, name: &str) -> Option<&OperationSpec> {
        self.entries.get(name).map(|entry| &entry.spec)
    }

    /// # Errors
    /// `operation_unknown`.
    pub(crate) fn entry(&self, name: &str) -> Result<Arc<Entry>, Error> {
        self.entries.get(name).cloned().ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                codes::OPERATION_UNKNOWN,
                "there is no such operation: see /openapi.json",
            )
        })
    }
}

impl fmt::Debug for OperationRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

fn entry<Op: Operation>(handler: impl Handler<Op>) -> Entry {
    let handler = Arc::new(handler);
    Entry {
        spec: OperationSpec::of::<Op>(),
        decode: |input| Ok(Box::new(input.decode::<Op>()?)),
        handle: Box::new(move |scene, request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let request = request.downcast::<Op>().map_err(|_| wrong_type())?;
                let output = handler.handle(scene, *request).await?;
                Ok(Box::new(output) as Erased)
            })
        }),
        encode: |output| {
            let output = output.downcast::<Op::Output>().map_err(|_| wrong_type())?;
            serde_json::to_vec(&*output).map_err(|error| {
                Error::new(ErrorKind::Internal, codes::INTERNAL, "the answer could not be written")
                    .with_source(error)
            })
        },
    }
}

fn wrong_type() -> Error {
    Error::new(ErrorKind::Internal, codes::INTERNAL, "the request has another type than the operation")
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::controls::operations::{GetKillSwitch, KillSwitchStatus};

    use super::*;

    async fn status(_: Scene, _: GetKillSwitch) -> Result<KillSwitchStatus, Error> {
        Ok(KillSwitchStatus { tenant_frozen: false, freezes: Vec::new() })
    }

    #[test]
    fn an_operation_has_one_handler() {
        let mut registry = OperationRegistry::new();
        assert_eq!(registry.on::<GetKillSwitch>(status), Ok(()));
        assert_eq!(registry.on::<GetKillSwitch>(status), Err(RegistryError::Duplicate(GetKillSwitch::NAME)));
    }

    #[test]
    fn a_frozen_registry_takes_nothing() {
        let mut registry = OperationRegistry::new();
        registry.freeze();
        assert_eq!(registry.on::<GetKillSwitch>(status), Err(RegistryError::Frozen(GetKillSwitch::NAME)));
        assert_eq!(
            registry.entry("no.such.thing").err().map(|error| error.code()),
            Some(codes::OPERATION_UNKNOWN)
        );
    }
}
